"""SRResNet, to compare SRGAN with: the generator of "Photo-Realistic Single Image Super-Resolution Using a Generative
Adversarial Network" (Ledig et al. 2017), arXiv 1609.04802, trained only by the mean squared error of pixels.

Paper: 16 residual blocks of 64 channels with batch norm and PReLU, two pixel shuffles, Adam 1e-4 (.9, .999), batches of 16
crops of 96x96.
Here: whole images, 32x32 from 8x8; eight blocks; 3x3 kernels at both ends; Adam 2e-4.

Short budgets: lr 1e-3, at which a regression of a few thousand updates is still stable, and samples from a running average
(`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.base import LOSSES, Variant
from gan_bench.generators.settings import AdamSettings, Blocks
from gan_bench.images import tasks


@dataclass(frozen=True)
class SRResNetSettings(AdamSettings):
    """Those of the paper for smaller images.

    n_blocks  residual blocks of the generator
    """

    batch_size: int = 16
    beta1: float = 0.9
    n_blocks: Blocks = 8


class SRResNetBlock(nn.Module):
    """(B, n, H, W) -> the same shape: conv, norm, PReLU, conv, norm beside the identity (Ledig et al. 2017)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n), nn.PReLU(),
            nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, n, H, W) -> the same shape."""
        return x + self.layers(x)


class SRResNetGenerator(nn.Module):
    """(B, C, H, W) in [-1, 1] -> (B, C, 4 H, 4 W) in [-1, 1]: the network of Ledig et al. 2017 with `n` channels."""

    def __init__(self, channels: int, n: int, n_blocks: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, n, 3, padding=1), nn.PReLU())
        self.body = nn.Sequential(
            *(SRResNetBlock(n) for _ in range(n_blocks)), nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        )
        self.up = nn.Sequential(
            nn.Conv2d(n, 4 * n, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(n, 4 * n, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(n, channels, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> (B, C, 4 H, 4 W) in [-1, 1]."""
        x = self.first(x)
        return self.up(x + self.body(x))


@VARIANTS.register
class SRResNet(Variant):
    """A super-resolution network that learns pixels."""

    name = "srresnet"
    title = "SRResNet"
    paper = "Ledig et al. 2017"
    task = "upscale"
    settings_type = SRResNetSettings
    settings: SRResNetSettings
    paper_settings = {"width": 64, "batch_size": 16, "lr": 1e-4, "beta1": 0.9, "beta2": 0.999, "n_blocks": 16}
    short_budget = {"lr": 1e-3, "ema": 0.99}
    curves = {**Variant.curves, "pixel_loss": LOSSES}

    def build(self) -> dict[str, nn.Module]:
        """G: (B, C, H / 4, W / 4) -> (B, C, H, W)."""
        s = self.settings
        return {"generator": SRResNetGenerator(self.image_shape[0], s.width, s.n_blocks)}

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam for G."""
        s = self.settings
        return {"g_optimiser": blocks.adam(self.generator.parameters(), s.lr, (s.beta1, s.beta2))}

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """One update of G by the mean squared error between an image and what G makes of its small version."""
        (large,), optimiser = reals, self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            grown = self.generator(tasks.SOURCES[self.task](large))

        loss = F.mse_loss(grown.float(), large)
        loss.backward()
        optimiser.step()
        self.average()
        return {"pixel_loss": loss.detach()}
