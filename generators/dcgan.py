"""DCGAN: "Unsupervised Representation Learning with Deep Convolutional GANs" (Radford, Metz, Chintala 2015), arXiv 1511.06434.

Paper: z uniform(-1, 1) of 100, G projects to 4x4x1024 and upsamples four times to 64x64, D mirrors it, batch norm except
at G's output and D's input, LeakyReLU .2, weights N(0, .02), Adam 2e-4 (.5, .999), batch 128, non-saturating loss.
Here: normal z (as in the authors' later code and most others), three upsamplings for 32x32, width by preset, batch 64.

Short budgets: batch 16, lr 4e-4, samples from a running average of G. What 8 TFLOP of CIFAR-10 buy at width 32 depends on the
number of updates, not of images: batches of 64, 32 and 16 (1,248, 2,495 and 4,990 updates, 80 kimg each) end at an FD
lite0@64_2k of 2,821, 2,099 and about 1,700 (1,577 and 1,798 in two trainings); lr 4e-4 gives 1,518, and its average 1,473.
"""

from __future__ import annotations

from torch import nn

from generators import VARIANTS, base, blocks


@VARIANTS.register
class DCGAN(base.AdversarialVariant):
    name = "dcgan"
    title = "DCGAN"
    paper = "Radford, Metz, Chintala 2015"
    settings_type = base.AdamSettings
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        s = self.settings
        return {
            "generator": blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)),
            "discriminator": blocks.init_normal(blocks.dcgan_discriminator(self.image_shape, s.width, batch_norm=True)),
        }
