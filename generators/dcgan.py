"""DCGAN: "Unsupervised Representation Learning with Deep Convolutional GANs" (Radford, Metz, Chintala 2015), arXiv 1511.06434.

Paper: z uniform(-1, 1) of 100, G projects to 4x4x1024 and upsamples four times to 64x64, D mirrors it, batch norm except
at G's output and D's input, LeakyReLU .2, weights N(0, .02), Adam 2e-4 (.5, .999), batch 128, non-saturating loss.
Here: normal z (as in the authors' later code and most others), three upsamplings for 32x32, width by preset, batch 64.

Short budgets: batch 16, lr 4e-4, samples from a running average of G. What 8 TFLOP of CIFAR-10 buy at width 32 depends on the
number of updates, not of images: batches of 64, 32 and 16 (1,248, 2,495 and 4,990 updates, 80 kimg each) end at an FD
lite0@64_2k of 2,821, 2,099 and about 1,700 (1,577 and 1,798 in two trainings); lr 4e-4 gives 1,518, and its average 1,473.
6 TFLOP end at an FD cifar10-resnet / lite0 (5k, seed 0) of 182 / 1,511, with D at twice G's rate of 226 / 1,585, at half of
213 / 1,588. Batches of 8 at lr 3e-4 end at 149 / 1,385, at 2e-4 at 168 / 1,368, but take half as many seconds more, and on
MNIST are no better (own classifier / lite0 4.9 / 174, batches of 16 4.9 / 144).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generators import VARIANTS, base, blocks


@dataclass(frozen=True)
class Settings(base.AdamSettings):
    """Stabilisers that later papers proposed, all off by default.

    label_smoothing  D's target for reals is 1 less this; fakes keep 0 (Salimans et al. 2016, arXiv 1606.03498)
    minibatch        what D sees of the rest of its batch: none, discrimination (Salimans et al. 2016), or std, the standard
                     deviation over it (Karras et al. 2017, arXiv 1710.10196)
    instance_noise   standard deviation of normal noise on all that D sees (Sonderby et al. 2016, arXiv 1610.04490)
    """

    label_smoothing: float = 0.0
    minibatch: str = "none"
    instance_noise: float = 0.0


@VARIANTS.register
class DCGAN(base.AdversarialVariant):
    name = "dcgan"
    title = "DCGAN"
    paper = "Radford, Metz, Chintala 2015"
    settings_type = Settings
    settings: Settings
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}

    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        s = self.settings
        discriminator = blocks.dcgan_discriminator(self.image_shape, s.width, batch_norm=True, minibatch=s.minibatch)
        return {
            "generator": blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)),
            "discriminator": blocks.init_normal(discriminator),
        }

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return blocks.nonsaturating_d_loss(real_logits, fake_logits, self.settings.label_smoothing)

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        noise = self.settings.instance_noise
        return images + noise * torch.randn_like(images) if noise else images
