"""WGAN with weight clipping: "Wasserstein GAN" (Arjovsky, Chintala, Bottou 2017), arXiv 1701.07875.

Paper: critic weights clipped to [-.01, .01] after each of its steps, RMSProp 5e-5, batch 64, five critic steps a generator
step; the authors' code takes 100 for the first 25 generator steps and for every 500th. Networks of DCGAN.

Short budgets: lr 5e-4, batch 16, samples from a running average, two critic steps and no long turns. FD in the dataset's
own classifier and in lite0 (5k, seed 0) after 6 TFLOP with one, two and three critic steps: on CIFAR-10 224 / 2,233,
201 / 1,967 and 173 / 1,950, on MNIST 12.5 / 272, 10.5 / 280 and 9.6 / 422. With one the critic lags behind on CIFAR-10 and
its loss tells nothing (Spearman correlation with the step +.14); with two it falls as G improves (-.96).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generators import VARIANTS, base, blocks

LONG, WARM_UP, EVERY = 100, 25, 500  # critic steps of a long turn; at the first WARM_UP generator steps and each EVERY-th


@dataclass(frozen=True)
class Settings(base.Settings):
    lr: float = 5e-5
    clip: float = 0.01
    n_critic: int = 5
    long_turns: bool = True


@VARIANTS.register
class WGAN(base.AdversarialVariant):
    name = "wgan"
    title = "WGAN"
    paper = "Arjovsky, Chintala, Bottou 2017"
    settings_type = Settings
    settings: Settings
    boundary = None
    short_budget = {"batch_size": 16, "lr": 5e-4, "n_critic": 2, "long_turns": False, "ema": 0.99}

    def build(self) -> dict[str, nn.Module]:
        return blocks.dcgan_networks(self.settings.z_dim, self.image_shape, self.settings.width)

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "g_optimiser": torch.optim.RMSprop(self.generator.parameters(), self.settings.lr, foreach=True),
            "d_optimiser": torch.optim.RMSprop(self.discriminator.parameters(), self.settings.lr, foreach=True),
        }

    def n_batches(self, step: int) -> int:
        s = self.settings
        return LONG if s.long_turns and (step < WARM_UP or step % EVERY == 0) else s.n_critic

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean() - real_logits.mean()

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()

    def update_d(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        losses = super().update_d(real, fake, rng)
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.settings.clip, self.settings.clip)
        return losses
