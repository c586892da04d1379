"""WGAN-GP: "Improved Training of Wasserstein GANs" (Gulrajani et al. 2017), arXiv 1704.00028.

Paper: critic without batch norm, gradient penalty 10, five critic steps a generator step; its small convolutional CIFAR-10
and MNIST networks train with Adam 1e-4 (.5, .9), batches of 64 and 50, for 200,000 generator steps.
Here: the critic starts from He weights, since nothing normalises its signals, and G as in DCGAN.
Points of the plane: the networks that all variants have there (generators/points.py), with the gradient penalty .1 and
batch 256 of the authors' code for toy mixtures.

Short budgets: two time scales instead of five critic steps, after "GANs Trained by a Two Time-Scale Update Rule" (Heusel et
al. 2017, arXiv 1706.08500): one critic step of eight times G's learning rate, beta1 0, batch 16, samples from a running
average. With the paper's five steps and batch 64, 8 TFLOP of CIFAR-10 at width 32 leave 200 generator updates and samples
without a trace of the data: FD lite0@64_2k 3,148 of 4,539 untrained (from default weights), against 1,900 with these;
with equal rates and beta1 .5, at lr 5e-4: 3,049, and a 4x4 grid over every sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from generators import VARIANTS, base, blocks, points


@dataclass(frozen=True)
class Settings(base.AdamSettings):
    lr: float = 1e-4
    beta2: float = 0.9
    gp_weight: float = 10.0
    n_critic: int = 5


@VARIANTS.register
class WGANGP(base.AdversarialVariant):
    name = "wgan-gp"
    title = "WGAN-GP"
    paper = "Gulrajani et al. 2017"
    settings_type = Settings
    boundary = None
    short_budget = {"batch_size": 16, "n_critic": 1, "lr": 4e-4, "d_lr_ratio": 8.0, "beta1": 0.0, "ema": 0.99}
    for_points = {"z_dim": 2, "batch_size": 256, "gp_weight": 0.1}
    settings: Settings

    def build(self) -> dict[str, nn.Module]:
        s = self.settings
        if self.draws_points:
            return points.networks(s, self.image_shape)
        return {
            "generator": blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)),
            "discriminator": blocks.init_he(blocks.dcgan_discriminator(self.image_shape, s.width, batch_norm=False)),
        }

    def compile(self, **options: Any) -> None:
        self.generator.compile(**options)  # torch.compile has no second derivatives, which the penalty takes of the critic

    def n_batches(self, step: int) -> int:
        return self.settings.n_critic

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean() - real_logits.mean()

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()

    def d_penalty(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """gp_weight * (|gradient of D at x| - 1)^2, x between a real and a fake; one mixing weight and one norm per sample."""
        alpha = torch.rand(len(real), 1, 1, 1, generator=rng, device=real.device)
        x = (alpha * real + (1 - alpha) * fake.float()).requires_grad_()
        inner = x.clone()  # the FLOP counter cannot watch a gradient with respect to a leaf
        with self.autocast():
            logits = self.discriminator(inner)
        (gradient,) = torch.autograd.grad(logits.float().sum(), inner, create_graph=True)
        norm = gradient.float().flatten(1).norm(dim=1)
        return self.settings.gp_weight * (norm - 1).square().mean()
