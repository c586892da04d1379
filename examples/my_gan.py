"""A GAN of your own, in plain PyTorch:  gan-bench run --suite mnist --variants my_gan.py,dcgan"""

import torch
from torch import nn
from torch.nn import functional as F


def up(n_in, n_out):
    return nn.Sequential(nn.ConvTranspose2d(n_in, n_out, 4, 2, 1), nn.BatchNorm2d(n_out), nn.ReLU())


def down(n_in, n_out):
    return nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(n_in, n_out, 4, 2, 1)), nn.LeakyReLU(0.1))


class MyGAN:
    n = 32  # channels; what a class states is a setting: --set mygan.n=16,32,64 or mygan.lr=1e-4,4e-4

    def generator(self, image_shape, z_dim):  # z (B, z_dim) -> images (B, C, 32, 32) in [-1, 1]
        start = nn.Sequential(nn.Linear(z_dim, 64 * self.n), nn.Unflatten(1, (4 * self.n, 4, 4)), up(4 * self.n, 2 * self.n))
        return nn.Sequential(start, up(2 * self.n, self.n), nn.ConvTranspose2d(self.n, image_shape[0], 4, 2, 1), nn.Tanh())

    def discriminator(self, image_shape):  # images -> logits (B, 1)
        layers = [down(image_shape[0], self.n), down(self.n, 2 * self.n), down(2 * self.n, 4 * self.n), nn.Flatten()]
        return nn.Sequential(*layers, nn.utils.spectral_norm(nn.Linear(64 * self.n, 1)))

    def d_loss(self, real_logits, fake_logits):  # hinge
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    def g_loss(self, fake_logits):
        return -fake_logits.mean()


def load(n, seed):
    """n images of a network that is trained already:  gan-bench score --generator my_gan.py:load --dataset cifar10"""
    torch.manual_seed(0)  # only because this network is untrained: load the weights of yours here
    network = MyGAN().generator((3, 32, 32), z_dim=128).eval()

    latents = torch.randn(n, 128, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        images = torch.cat([network(part) for part in latents.split(500)])
    return ((images + 1) * 127.5).round().to(torch.uint8)  # (n, C, H, W), 0 to 255
