"""What is left of an image after its pixels were predicted from their neighbours.

Tan et al. 2024, "Rethinking the Up-Sampling Operations in CNN-based Generative Network for Generalizable Deepfake Detection":
up-sampling layers tie each pixel of a 2x2 square to the others, so the difference to the square's first pixel shows them.
Paper: a ResNet-50 cut after its second stage sees the difference, times 2/3.
Here: the network of `small-resnet` sees it.
"""

from __future__ import annotations

from torch import Tensor, nn

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.network import NetworkDetector
from gan_bench.detectors.small_resnet import residual_network

SCALE = 2 / 3


def relations(images: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, H', W'), sides cut to even numbers: each pixel less the first of its square of 2x2, scaled."""
    height, width = (side // 2 * 2 for side in images.shape[-2:])
    even = images[..., :height, :width]
    return SCALE * (even - even[..., ::2, ::2].repeat_interleave(2, -2).repeat_interleave(2, -1))


class Relations(nn.Module):
    """`relations` as a layer."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H', W')."""
        return relations(images)


@DETECTORS.register
class NPR(NetworkDetector):
    """A small residual network on neighbouring pixel relations."""

    name = "npr"
    method = "small residual network on the differences within squares of 2x2 pixels, trained from its start"
    costly = True
    differentiable = True

    def build(self, channels: int, side: int) -> nn.Module:
        """(B, channels, side, side) in [-1, 1] -> logits (B, 1)."""
        return nn.Sequential(Relations(), *residual_network(channels))
