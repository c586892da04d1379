"""Conditional GAN: "Conditional Generative Adversarial Nets" (Mirza and Osindero 2014), arXiv 1411.1784.

Paper: fully connected networks on MNIST; the one-hot class joins the latent of G and the input of D.
Here: the same joining with DCGAN's networks: one-hot beside z in G, and one constant plane a class beside the image in D;
Adam 2e-4 (.5, .999), batch 64, non-saturating loss. Fakes carry the labels of the real batch.
The plane of the image's class has unit norm: a plane of ones has the norm 32, and every update of the weights on it shifts
what D's first layer says by as much more. 8 TFLOP of CIFAR-10 end at an FD cifar10-resnet_2k of 319 with planes of 1, 250 with
.1, 200 with .03. The one-hot class of G has the mean square of z, 1, so that the first layer hears it: on MNIST planes of .03
leave a label agreement of .85 without that, .93 with it.

Short budgets: as for dcgan. 6 TFLOP of CIFAR-10 end at an FD cifar10-resnet / lite0 (5k, seed 0) of 270 / 1,816. Batches of 8
at lr 2e-4 end at 204 / 1,665, at 3e-4 at 221 / 1,603, but take half as many seconds more, and on MNIST are no better.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generators import VARIANTS, base, blocks


@VARIANTS.register
class CGAN(base.AdversarialVariant):
    name = "cgan"
    title = "cGAN"
    paper = "Mirza and Osindero 2014"
    settings_type = base.AdamSettings
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}
    conditional = True

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        s, (channels, height, width) = self.settings, self.image_shape
        generator = blocks.dcgan_generator(s.z_dim + self.n_classes, self.image_shape, s.width)
        discriminator = blocks.dcgan_discriminator((channels + self.n_classes, height, width), s.width, batch_norm=True)
        return {"generator": blocks.init_normal(generator), "discriminator": blocks.init_normal(discriminator)}

    def g_input(self, z: Tensor, labels: Tensor) -> Tensor:
        return torch.cat([z, self.n_classes**0.5 * F.one_hot(labels, self.n_classes).to(z.dtype)], dim=1)

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        height, width = images.shape[2:]
        one_hot = F.one_hot(labels, self.n_classes).to(images.dtype) / height
        planes = one_hot[:, :, None, None].expand(-1, -1, height, width)
        return torch.cat([images, planes], dim=1).contiguous(memory_format=torch.channels_last)
