"""WGAN-GP: "Improved Training of Wasserstein GANs" (Gulrajani et al. 2017), arXiv 1704.00028.

Paper: a critic without batch norm, gradient penalty 10, five critic steps for each generator step. Its small convolutional
networks train with Adam 1e-4 (.5, .9), batches of 64 and 50, for 200,000 generator steps.
Here: the critic starts from He weights, since nothing normalises its signals; G is DCGAN's.
Points: the networks of generators/points.py, with the authors' penalty .1 and batch 256 for toy mixtures.

Short budgets: one critic step at eight times G's learning rate (Heusel et al. 2017, arXiv 1706.08500), beta1 0, batch 16, and
samples from a running average. Five critic steps leave too few updates of G (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gan_bench.generators import VARIANTS, blocks, points
from gan_bench.generators.adversarial import DCGANGeneratorVariant
from gan_bench.generators.settings import AdamSettings, Repeats, Weight


@dataclass(frozen=True)
class WGANGPSettings(AdamSettings):
    """Those of the paper.

    gp_weight  factor of the gradient penalty
    n_critic   critic steps for each generator step
    """

    lr: float = 1e-4
    beta2: float = 0.9
    gp_weight: Weight = 10.0
    n_critic: Repeats = 5


@VARIANTS.register
class WGANGP(DCGANGeneratorVariant):
    """A critic with a gradient penalty and Wasserstein losses."""

    name = "wgan-gp"
    title = "WGAN-GP"
    paper = "Gulrajani et al. 2017"
    settings_type = WGANGPSettings
    settings: WGANGPSettings
    boundary = None
    paper_settings = {"batch_size": "64 or 50", "lr": 1e-4, "beta1": 0.5, "beta2": 0.9, "gp_weight": 10.0, "n_critic": 5}
    short_budget = {"batch_size": 16, "n_critic": 1, "lr": 4e-4, "d_lr_ratio": 8.0, "beta1": 0.0, "ema": 0.99}
    for_points = {"z_dim": 2, "batch_size": 256, "gp_weight": 0.1}

    d_loss = staticmethod(blocks.wasserstein_d_loss)
    g_loss = staticmethod(blocks.wasserstein_g_loss)

    def build(self) -> dict[str, nn.Module]:
        """G: z (B, z_dim) -> (B, C, H, W). D: (B, C, H, W) -> logits (B, 1)."""
        return points.networks(self.settings, self.image_shape) if self.draws_points else super().build()

    def build_discriminator(self) -> nn.Module:
        """Images (B, C, H, W) in [-1, 1] -> logits (B, 1): DCGAN's discriminator without batch norm, from He weights."""
        return blocks.init_he(blocks.dcgan_discriminator(self.image_shape, self.settings.width, batch_norm=False))

    def compile(self, **options: Any) -> None:
        """Compile only the generator: torch.compile has no second derivatives, which the penalty takes of the critic."""
        self.generator.compile(**options)

    def n_batches(self, step: int) -> int:
        """One for each critic step."""
        return self.settings.n_critic

    def d_penalty(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """gp_weight * (|gradient of D at x| - 1)^2, the mean over the batch; real and fake are (B, C, H, W).

        x lies between a real and a fake. Each sample has one mixing weight and one norm.
        """
        alpha = torch.rand(len(real), 1, 1, 1, generator=rng, device=real.device)
        x = (alpha * real + (1 - alpha) * fake.float()).requires_grad_()
        inner = x.clone()  # the FLOP counter cannot watch a gradient with respect to a leaf
        with self.autocast():
            logits = self.discriminator(inner)

        (gradient,) = torch.autograd.grad(logits.float().sum(), inner, create_graph=True)
        norm = gradient.float().flatten(1).norm(dim=1)
        return self.settings.gp_weight * (norm - 1).square().mean()
