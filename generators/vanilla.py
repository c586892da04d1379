"""The MLP GAN: "Generative Adversarial Networks" (Goodfellow et al. 2014), arXiv 1406.2661.

The authors' MNIST configuration: G 100 -> 1200 -> 1200 ReLU -> pixels, D two maxout layers of 240 units with 5 pieces,
dropout .5 inside D and .2 at its input, SGD with lr .1 (decayed by 1.000004 an update), momentum .5 rising to .7, batch 100.
Here: Adam 2e-4 (.5, .999), which needs no schedule tied to the length of a training; normal z; tanh for images in [-1, 1].
Points of the plane: the GAN that PacGAN is compared with (generators/points.py).

Short budgets: batch 32, lr 2.5e-4, D at twice G's rate, at width 32 half the units, and samples from a long running average of
G, which takes most of the pixel noise away: 8 TFLOP of MNIST end at an FD lite0@64_2k of 842 with lr 4e-4, drawn from the
average at 484. 6 TFLOP end at 622 with lr 6e-4, 553 with 4e-4, 513 with 2.5e-4, and 633 with batch 64 and 8e-4. At 5k, seed 0,
equal rates and an average over some 1,300 updates give 557, D at twice the rate 542, at four times 622; D at twice the rate
and an average over the last quarter of the updates 449.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import nn

from generators import VARIANTS, base, blocks, points


@dataclass(frozen=True)
class Settings(base.AdamSettings):
    batch_size: int = 100


@VARIANTS.register
class Vanilla(base.AdversarialVariant):
    name = "vanilla"
    title = "GAN (MLP)"
    paper = "Goodfellow et al. 2014"
    settings_type = Settings
    short_budget = {"batch_size": 32, "lr": 2.5e-4, "d_lr_ratio": 2.0, "ema": 0.9999}
    for_points = points.SETTINGS

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        if self.draws_points:
            return points.networks(self.settings, self.image_shape)
        shrink = min(1.0, self.settings.width / 64)  # the paper's sizes from width 64 on
        hidden, units, pixels = int(1200 * shrink), int(240 * shrink), prod(self.image_shape)
        generator = nn.Sequential(
            nn.Linear(self.settings.z_dim, hidden), nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden), nn.ReLU(inplace=True),
            nn.Linear(hidden, pixels), nn.Tanh(), nn.Unflatten(1, self.image_shape),
        )  # fmt: skip
        discriminator = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), blocks.Maxout(pixels, units),
            nn.Dropout(0.5), blocks.Maxout(units, units), nn.Dropout(0.5), nn.Linear(units, 1),
        )  # fmt: skip
        return {"generator": generator, "discriminator": discriminator}
