"""LSGAN: "Least Squares Generative Adversarial Networks" (Mao et al. 2017), arXiv 1611.04076.

Paper: targets a = 0 for fakes, b = 1 for reals, c = 1 in G's turn (its equation 9); convolutional networks with batch norm,
Adam with beta1 .5 (learning rates 1e-3 on scenes, 2e-4 on Chinese characters), batch 64.
Here: DCGAN's networks and start, Adam 2e-4 (.5, .999), no sigmoid at D's end.

Short budgets: batch 8, lr 3e-4, D at twice G's rate, samples from a running average: 6 TFLOP of CIFAR-10 end at an FD
cifar10-resnet / lite0 (5k, seed 0) of 213 / 1,467. In batches of 16 at lr 4e-4, as for dcgan, whose networks these are, they
end at 274 / 1,966, with D at twice the rate at 239 / 1,778, at four times at 258 / 1,869.
"""

from __future__ import annotations

from torch import Tensor, nn

from generators import VARIANTS, base, blocks


@VARIANTS.register
class LSGAN(base.AdversarialVariant):
    name = "lsgan"
    title = "LSGAN"
    paper = "Mao et al. 2017"
    settings_type = base.AdamSettings
    boundary = 0.5
    short_budget = {"batch_size": 8, "lr": 3e-4, "d_lr_ratio": 2.0, "ema": 0.99}

    def build(self) -> dict[str, nn.Module]:
        return blocks.dcgan_networks(self.settings.z_dim, self.image_shape, self.settings.width)

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 1).square().mean() / 2
