"""WGAN with weight clipping: "Wasserstein GAN" (Arjovsky, Chintala, Bottou 2017), arXiv 1701.07875.

Paper: the critic's weights are clipped to [-.01, .01] after each of its steps. RMSProp 5e-5, batch 64, five critic steps for
each generator step; the authors' code takes 100 for the first 25 generator steps and for every 500th. Networks of DCGAN.

Short budgets: lr 5e-4, batch 16, two critic steps, no long turns, and samples from a running average of G. With one critic
step the critic's loss says nothing about the progress of G; with two it falls as G improves. The trials are in
`benchmarks/results/tuning.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import DCGANGeneratorVariant
from gan_bench.generators.settings import Rate, Repeats, Settings

LONG, WARM_UP, EVERY = 100, 25, 500  # critic steps of a long turn; at the first WARM_UP generator steps and each EVERY-th


@dataclass(frozen=True)
class WGANSettings(Settings):
    """Those of the paper.

    lr          RMSProp's learning rate, of both networks
    clip        largest absolute value of a weight of the critic
    n_critic    critic steps for each generator step
    long_turns  whether the critic sometimes takes 100 steps, as in the authors' code
    """

    lr: Rate = 5e-5
    clip: Annotated[float, Field(gt=0, le=100)] = 0.01
    n_critic: Repeats = 5
    long_turns: bool = True


@VARIANTS.register
class WGAN(DCGANGeneratorVariant):
    """A critic with clipped weights and Wasserstein losses."""

    name = "wgan"
    title = "WGAN"
    paper = "Arjovsky, Chintala, Bottou 2017"
    settings_type = WGANSettings
    settings: WGANSettings
    boundary = None
    paper_settings = {"batch_size": 64, "lr": 5e-5, "clip": 0.01, "n_critic": 5, "long_turns": True}
    short_budget = {"batch_size": 16, "lr": 5e-4, "n_critic": 2, "long_turns": False, "ema": 0.99}

    d_loss = staticmethod(blocks.wasserstein_d_loss)
    g_loss = staticmethod(blocks.wasserstein_g_loss)

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One RMSProp for each network."""
        return {
            "g_optimiser": torch.optim.RMSprop(self.generator.parameters(), self.settings.lr, foreach=True),
            "d_optimiser": torch.optim.RMSprop(self.discriminator.parameters(), self.settings.lr, foreach=True),
        }

    def n_batches(self, step: int) -> int:
        """One for each critic step: `n_critic`, or 100 in a long turn."""
        s = self.settings
        return LONG if s.long_turns and (step < WARM_UP or step % EVERY == 0) else s.n_critic

    def update_d(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """One step of the critic on images (B, C, H, W); then its weights are clipped."""
        losses = super().update_d(real, fake, rng)
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.settings.clip, self.settings.clip)
        return losses
