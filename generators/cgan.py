"""Conditional GAN: "Conditional Generative Adversarial Nets" (Mirza and Osindero 2014), arXiv 1411.1784.

Paper: fully connected networks on MNIST. The one-hot class joins the latent of G and the input of D.
Here: DCGAN's networks, losses and optimiser, batch 64. G is given the one-hot class beside z, with the mean square of z, 1,
so that the first layer does not ignore it. D is given one constant plane for each class beside the image. The plane of the
image's class has norm 1, so that its weights do not outweigh the image.

Short budgets: batch 16, lr 4e-4, and samples from a running average of G, for dcgan's reasons. The trials are in
`benchmarks/results/tuning.md`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import AdversarialVariant
from gan_bench.generators.settings import AdamSettings


@VARIANTS.register
class CGAN(AdversarialVariant):
    """DCGAN whose networks are both given the class. Fakes have the labels of the real batch."""

    name = "cgan"
    title = "cGAN"
    paper = "Mirza and Osindero 2014"
    conditional = True
    settings_type = AdamSettings
    paper_settings = {"batch_size": 100, "z_dim": 100, "lr": "SGD, 0.1 falling"}
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        """G: (B, z_dim + n_classes) -> (B, C, H, W). D: (B, C + n_classes, H, W) -> logits (B, 1)."""
        s, d_channels = self.settings, self.image_shape[0] + self.n_classes
        return blocks.dcgan_networks(s.z_dim + self.n_classes, self.image_shape, s.width, d_channels=d_channels)

    def g_input(self, z: Tensor, labels: Tensor) -> Tensor:
        """Latents (B, z_dim) and labels (B,) -> (B, z_dim + n_classes): beside z, sqrt(n_classes) at the class, else 0."""
        return torch.cat([z, self.n_classes**0.5 * F.one_hot(labels, self.n_classes).to(z.dtype)], dim=1)

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images (B, C, H, W) and labels (B,) -> (B, C + n_classes, H, W): the plane of the class is 1 / H, the others 0."""
        return with_planes(images, F.one_hot(labels, self.n_classes))

    def critic_input(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) of unknown class -> (B, C + n_classes, H, W): each plane has its mean over the classes."""
        return with_planes(images, torch.full((len(images), self.n_classes), 1 / self.n_classes, device=images.device))


def with_planes(images: Tensor, shares: Tensor) -> Tensor:
    """Images (B, C, H, W) and shares of classes (B, K) -> (B, C + K, H, W): a constant plane for each class, share / H."""
    height, width = images.shape[2:]
    planes = (shares.to(images.dtype) / height)[:, :, None, None].expand(-1, -1, height, width)
    return torch.cat([images, planes], dim=1).contiguous(memory_format=torch.channels_last)
