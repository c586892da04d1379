"""A GAN of your own, in plain PyTorch:  gan-bench run --suite mnist --variants my_gan.py,dcgan"""

from math import prod

from torch import nn
from torch.nn import functional as F


class MyGAN:
    lr = 2e-4  # what is stated here, --set changes: --set mygan.lr=1e-4,5e-4,1e-3
    hidden = 256

    def generator(self, image_shape, z_dim):
        """z (B, z_dim) -> images (B, C, H, W) in [-1, 1]"""
        layers = [nn.Linear(z_dim, self.hidden), nn.ReLU(), nn.Linear(self.hidden, 2 * self.hidden), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(2 * self.hidden, prod(image_shape)), nn.Tanh(), nn.Unflatten(1, image_shape))

    def discriminator(self, image_shape):
        """images (B, C, H, W) -> logits (B, 1)"""
        layers = [nn.Flatten(), nn.Linear(prod(image_shape), 2 * self.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.3)]
        return nn.Sequential(*layers, nn.Linear(2 * self.hidden, self.hidden), nn.LeakyReLU(0.2), nn.Linear(self.hidden, 1))

    def d_loss(self, real_logits, fake_logits):
        """hinge, over the batch"""
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    def g_loss(self, fake_logits):
        return -fake_logits.mean()
