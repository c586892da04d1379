"""DCGAN: "Unsupervised Representation Learning with Deep Convolutional GANs" (Radford, Metz, Chintala 2015), arXiv 1511.06434.

Paper: z uniform(-1, 1) of 100. G projects it to 4x4x1024 and upsamples four times to 64x64; D mirrors G. Batch norm except at
G's output and D's input, LeakyReLU .2, weights N(0, .02), Adam 2e-4 (.5, .999), batch 128, non-saturating loss.
Here: normal z, as in the authors' later code; three upsamplings for 32x32; the preset's width; batch 64.

Short budgets: batch 16, lr 4e-4, and samples from a running average of G. What a budget gives depends on the number of
updates, not of images. The trials are in `benchmarks/results/tuning.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import AdversarialVariant
from gan_bench.generators.settings import AdamSettings


@dataclass(frozen=True)
class DCGANSettings(AdamSettings):
    """Stabilisers that later papers proposed, all off by default.

    label_smoothing  D's target for reals is 1 minus this; that of fakes stays 0 (Salimans et al. 2016, arXiv 1606.03498)
    minibatch        what D sees of the rest of its batch: none, discrimination (Salimans et al. 2016), or std, the standard
                     deviation over it (Karras et al. 2017, arXiv 1710.10196)
    instance_noise   standard deviation of normal noise on everything that D sees (Sonderby et al. 2016, arXiv 1610.04490)
    """

    label_smoothing: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    minibatch: Literal["none", "std", "discrimination"] = "none"
    instance_noise: Annotated[float, Field(ge=0, le=10)] = 0.0


@VARIANTS.register
class DCGAN(AdversarialVariant):
    """Convolutional networks with batch norm, non-saturating losses."""

    name = "dcgan"
    title = "DCGAN"
    paper = "Radford, Metz, Chintala 2015"
    settings_type = DCGANSettings
    settings: DCGANSettings
    paper_settings = {"batch_size": 128, "z_dim": 100, "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}

    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        """G: z (B, z_dim) -> (B, C, H, W). D: (B, C, H, W) -> logits (B, 1)."""
        s = self.settings
        return blocks.dcgan_networks(s.z_dim, self.image_shape, s.width, minibatch=s.minibatch)

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """-log sigmoid(real) - log(1 - sigmoid(fake)), with smoothed targets of reals where the settings say so."""
        return blocks.nonsaturating_d_loss(real_logits, fake_logits, self.settings.label_smoothing)

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images (B, C, H, W) -> the same shape, with noise where the settings say so."""
        noise = self.settings.instance_noise
        return images + noise * torch.randn_like(images) if noise else images
