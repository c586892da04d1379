"""SNGAN: "Spectral Normalization for Generative Adversarial Networks" (Miyato et al. 2018), arXiv 1802.05957.

Paper: every layer of D is divided by its largest singular value, which one power iteration for each update estimates. Hinge
loss; Adam 2e-4 (.5, .999) with one D step for each G step (setting C of table 1); batch 64.
Here: DCGAN's generator, and its discriminator without batch norm. The paper's D has a 3x3 convolution before each strided one.

Short budgets: batch 16, lr 4e-4, beta1 0, D at four times G's learning rate, and samples from a running average of G. A D that
learns faster gave better samples (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import DCGANGeneratorVariant
from gan_bench.generators.settings import AdamSettings


@VARIANTS.register
class SNGAN(DCGANGeneratorVariant):
    """A spectrally normalised discriminator with hinge losses."""

    name = "sngan"
    title = "SNGAN"
    paper = "Miyato et al. 2018"
    settings_type = AdamSettings
    paper_settings = {"batch_size": 64, "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
    short_budget = {"batch_size": 16, "lr": 4e-4, "d_lr_ratio": 4.0, "beta1": 0.0, "ema": 0.99}

    g_loss = staticmethod(blocks.wasserstein_g_loss)  # with the hinge, G has the same loss

    def build_discriminator(self) -> nn.Module:
        """Images (B, C, H, W) in [-1, 1] -> logits (B, 1), each layer spectrally normalised."""
        net = blocks.init_he(blocks.dcgan_discriminator(self.image_shape, self.settings.width, batch_norm=False))
        for module in list(net.modules()):
            if isinstance(module, nn.Conv2d):
                spectral_norm(module)
        return net

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The hinge, mean max(0, 1 - real) + mean max(0, 1 + fake) (Lim and Ye 2017, arXiv 1705.02894)."""
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()
