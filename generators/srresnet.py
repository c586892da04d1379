"""SRResNet, to compare SRGAN with: the generator of "Photo-Realistic Single Image Super-Resolution Using a Generative
Adversarial Network" (Ledig et al. 2017), arXiv 1609.04802, trained by the mean squared error of pixels alone.

Paper: 16 residual blocks of 64 channels with batch norm and PReLU, two pixel shuffles, Adam 1e-4 (.9, .999), batches of 16
crops of 96x96.
Here: whole images, 32x32 from 8x8; eight blocks; Adam 2e-4.

Short budgets: lr 1e-3, which a few thousand updates of a regression bear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench import tasks
from generators import VARIANTS, base, blocks


@dataclass(frozen=True)
class Settings(base.AdamSettings):
    batch_size: int = 16
    beta1: float = 0.9
    n_blocks: int = 8


@VARIANTS.register
class SRResNet(base.Variant):
    name = "srresnet"
    title = "SRResNet"
    paper = "Ledig et al. 2017"
    task = "upscale"
    settings_type = Settings
    settings: Settings
    short_budget = {"lr": 1e-3, "ema": 0.99}

    def build(self) -> dict[str, nn.Module]:
        s = self.settings
        return {"generator": blocks.SRResNet(self.image_shape[0], s.width, s.n_blocks)}

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        s = self.settings
        return {"g_optimiser": blocks.adam(self.generator.parameters(), s.lr, (s.beta1, s.beta2))}

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        (large,), optimiser = reals, self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            grown = self.generator(tasks.SOURCES[self.task](large))
        loss = F.mse_loss(grown.float(), large)
        loss.backward()
        optimiser.step()
        self.average()
        return {"pixel_loss": loss.detach()}
