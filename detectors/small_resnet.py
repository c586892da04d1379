"""A small residual network that keeps the resolution at its start.

Gragnaniello et al. 2021, "Are GAN Generated Images Easy to Detect? A Critical Analysis of the State-of-the-Art": the stem has
stride 1 and there is no pooling after it, since shrinking images early destroys the traces of generators. Theirs is a
ResNet-50; this one has 0.3 M parameters, for images of 28 to 64 pixels.
"""

from __future__ import annotations

from torch import Tensor, nn

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.network import NetworkDetector

STAGES = ((16, 1), (32, 2), (64, 2), (128, 1))  # channels and stride of each block


class ResidualBlock(nn.Module):
    """(B, n_in, H, W) -> (B, n_out, H / stride, W / stride): two 3x3 convolutions beside a shortcut (He et al. 2016)."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), nn.BatchNorm2d(n_out),
        )  # fmt: skip
        same = n_in == n_out and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(n_in, n_out, 1, stride, bias=False)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) -> (B, n_out, H / stride, W / stride)."""
        return self.activation(self.layers(x) + self.shortcut(x))


def residual_network(channels: int) -> nn.Sequential:
    """(B, channels, H, W) of any side from 8 pixels -> logits (B, 1)."""
    n = STAGES[0][0]
    layers: list[nn.Module] = [nn.Conv2d(channels, n, 3, 1, 1, bias=False), nn.BatchNorm2d(n), nn.ReLU(inplace=True)]
    for width, stride in STAGES:
        layers.append(ResidualBlock(n, width, stride))
        n = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n, 1))


@DETECTORS.register
class SmallResNet(NetworkDetector):
    """A residual network of 0.3 M parameters, trained from its start."""

    name = "small-resnet"
    method = "small residual network with a stem of stride 1, trained from its start"
    costly = True
    differentiable = True

    def build(self, channels: int, side: int) -> nn.Module:
        """(B, channels, side, side) in [-1, 1] -> logits (B, 1)."""
        return residual_network(channels)
