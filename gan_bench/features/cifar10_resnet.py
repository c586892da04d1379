"""`cifar10-resnet`: a 2.0 M-parameter residual CIFAR-10 classifier, used as a feature extractor.

The architecture follows networks made for fast training, of Page (2018, "How to Train Your ResNet") and Jordan (2024,
"94% on CIFAR-10 in 3.29 Seconds on a Single GPU"): a fixed whitening layer, three blocks that pool right after their
first convolution, and a scaled linear head. Features are those of the second block. Those of the last block hardly tell
more than the class and how sure the answer is: a Frechet distance in them is almost the same for 8x-blurred photographs
as for white noise. It was trained with label smoothing .2, so its answers are never sure: real images have an inception
score of 3.6, not of nearly 10. How it was trained: `benchmarks/train_classifiers.py` and `weights/cifar10-resnet.md`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.features import EXTRACTORS
from gan_bench.features.base import ClassifierExtractor

WIDTHS = (64, 256, 256)
HEAD_SCALE = 1 / 9  # keeps the logits small at the high learning rate of the recipe


class Block(nn.Module):
    """conv, pool, norm, GELU; then a residual conv, norm, GELU at half the resolution."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out, momentum=0.4)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out, momentum=0.4)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) -> (B, n_out, H / 2, W / 2)."""
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))  # (B, n_out, H/2, W/2)
        return F.gelu(x + self.norm2(self.conv2(x)))


class Cifar10ResNet(nn.Module):
    """Images (B, 3, 32, 32) in [-1, 1] -> features (B, 256) and logits (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        n_whitened = 2 * 3 * 2 * 2  # both signs of every eigenvector of a 3x2x2 patch
        self.whiten = nn.Conv2d(3, n_whitened, 2)
        self.blocks = nn.Sequential(*(Block(i, o) for i, o in zip((n_whitened, *WIDTHS), WIDTHS, strict=False)))
        self.head = nn.Linear(WIDTHS[-1], 10, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 32, 32) in [-1, 1] -> features (B, 256) and logits (B, 10)."""
        x = F.gelu(self.whiten(x))  # (B, 24, 31, 31)

        first, second, third = self.blocks
        x = second(first(x))  # (B, 256, 7, 7)
        features = x.amax(dim=(2, 3))  # (B, 256)
        x = third(x).amax(dim=(2, 3))  # (B, 256)
        return features, self.head(x) * HEAD_SCALE

    @torch.no_grad()
    def init_whitening(self, images: Tensor, eps: float = 5e-4) -> None:
        """Set the first layer to whiten the 2x2 patches of `images` (B, 3, 32, 32) in [-1, 1], and fix it."""
        patches = F.unfold(images, 2).transpose(1, 2).reshape(-1, 12).double()
        values, vectors = torch.linalg.eigh(torch.cov(patches.T))
        filters = (vectors / (values + eps).sqrt()).T.reshape(12, 3, 2, 2).float()

        self.whiten.weight.copy_(torch.cat([filters, -filters]))
        self.whiten.weight.requires_grad_(False)
        assert self.whiten.bias is not None
        nn.init.zeros_(self.whiten.bias)


@EXTRACTORS.register
class Cifar10ResNetExtractor(ClassifierExtractor):
    name = "cifar10-resnet"
    classifies = "cifar10"
    network = Cifar10ResNet
    channels = 3
    digest = "8769630137d3373d4436d59de6fa9e3453d24b5b3d1ebbdb43f49870b99a6635"
