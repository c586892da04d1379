"""The MLP GAN: "Generative Adversarial Networks" (Goodfellow et al. 2014), arXiv 1406.2661.

Paper: on MNIST, G 100 -> 1200 -> 1200 ReLU -> pixels; D two maxout layers of 240 units with 5 pieces; dropout .5 inside D, .2
at its input; SGD with decaying lr .1, momentum .5 rising to .7, batch 100.
Here: Adam 2e-4 (.5, .999), whose schedule is independent of the length of a training; normal z; tanh for images.
Points: the GAN that PacGAN is compared with (generators/points.py).

Short budgets: batch 32, lr 2.5e-4, D at twice G's learning rate, half the units at width 32, and samples from a long running
average of G, which removes most of the pixel noise (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import nn

from gan_bench.generators import VARIANTS, blocks, points
from gan_bench.generators.adversarial import AdversarialVariant
from gan_bench.generators.settings import AdamSettings


@dataclass(frozen=True)
class VanillaSettings(AdamSettings):
    """Those of the paper, but for the optimiser."""

    batch_size: int = 100


@VARIANTS.register
class Vanilla(AdversarialVariant):
    """Fully connected networks, non-saturating losses."""

    name = "vanilla"
    title = "GAN (MLP)"
    paper = "Goodfellow et al. 2014"
    settings_type = VanillaSettings
    paper_settings = {"batch_size": 100, "z_dim": 100, "lr": "SGD, 0.1 falling"}
    short_budget = {"batch_size": 32, "lr": 2.5e-4, "d_lr_ratio": 2.0, "ema": 0.9999}
    for_points = points.SETTINGS

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        """G: z (B, z_dim) -> (B, C, H, W). D: (B, C, H, W) -> logits (B, 1). The paper's sizes from width 64 on."""
        if self.draws_points:
            return points.networks(self.settings, self.image_shape)

        shrink = min(1.0, self.settings.width / 64)
        hidden, units, pixels = int(1200 * shrink), int(240 * shrink), prod(self.image_shape)
        generator = nn.Sequential(
            nn.Linear(self.settings.z_dim, hidden), nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden), nn.ReLU(inplace=True),
            nn.Linear(hidden, pixels), nn.Tanh(), nn.Unflatten(1, self.image_shape),
        )  # fmt: skip
        discriminator = nn.Sequential(
            nn.Flatten(), blocks.Dropout(0.2), blocks.Maxout(pixels, units),
            blocks.Dropout(0.5), blocks.Maxout(units, units), blocks.Dropout(0.5), nn.Linear(units, 1),
        )  # fmt: skip
        return {"generator": generator, "discriminator": discriminator}
