"""LSGAN: "Least Squares Generative Adversarial Networks" (Mao et al. 2017), arXiv 1611.04076.

Paper: the targets are a = 0 for fakes, b = 1 for reals and c = 1 in G's turn (equation 9). The networks are convolutional with
batch norm. Adam with beta1 .5, lr 1e-3 on scenes and 2e-4 on Chinese characters, batch 64.
Here: DCGAN's networks and first weights, Adam 2e-4 (.5, .999), no sigmoid at D's end.

Short budgets: batch 16, lr 4e-4, D at twice G's learning rate, and samples from a running average of G. Updates are few
there, so batches are small and rates high (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from torch import Tensor

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import DCGANGeneratorVariant
from gan_bench.generators.settings import AdamSettings


@VARIANTS.register
class LSGAN(DCGANGeneratorVariant):
    """D and G are regressions onto the targets 0 and 1."""

    name = "lsgan"
    title = "LSGAN"
    paper = "Mao et al. 2017"
    settings_type = AdamSettings
    boundary = 0.5
    paper_settings = {"batch_size": 64, "lr": "1e-3 or 2e-4", "beta1": 0.5}
    short_budget = {"batch_size": 16, "lr": 4e-4, "d_lr_ratio": 2.0, "ema": 0.99}

    d_loss = staticmethod(blocks.least_squares_d_loss)

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        """Half of the mean (fake - 1)^2."""
        return (fake_logits - 1).square().mean() / 2
