"""SNGAN: "Spectral Normalization for Generative Adversarial Networks" (Miyato et al. 2018), arXiv 1802.05957.

Paper: every layer of D divided by its largest singular value, estimated by one power iteration an update; hinge loss; Adam
2e-4 (.5, .999) with one D step a G step among its settings (C of table 1), batch 64.
Here: DCGAN's generator, and its discriminator without batch norm; the paper's D has a 3x3 convolution before each strided one.

Short budgets: batch 8, lr 3e-4, beta1 0, D at four times G's learning rate, samples from a running average. 6 TFLOP of CIFAR-10
end at an FD cifar10-resnet / lite0 (5k, seed 0) of 184 / 1,468; in batches of 16 at lr 2e-4 of 265 / 2,320, at 4e-4 of
191 / 1,643, at 6e-4 of 206 / 1,534, and with D at twice the rate (4e-4) of 266 / 2,372.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from generators import VARIANTS, base, blocks


@VARIANTS.register
class SNGAN(base.AdversarialVariant):
    name = "sngan"
    title = "SNGAN"
    paper = "Miyato et al. 2018"
    settings_type = base.AdamSettings
    short_budget = {"batch_size": 8, "lr": 3e-4, "d_lr_ratio": 4.0, "beta1": 0.0, "ema": 0.99}

    def build(self) -> dict[str, nn.Module]:
        s = self.settings
        return {
            "generator": blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)),
            "discriminator": critic(self.image_shape, s.width),
        }

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Hinge (Lim and Ye 2017, arXiv 1705.02894)."""
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()


def critic(image_shape: tuple[int, int, int], width: int) -> nn.Module:
    """(B, C, H, W) in [-1, 1] -> logits (B, 1), every layer spectrally normalised."""
    net = blocks.init_he(blocks.dcgan_discriminator(image_shape, width, batch_norm=False))
    for module in list(net.modules()):
        if isinstance(module, nn.Conv2d):
            spectral_norm(module)
    return net
