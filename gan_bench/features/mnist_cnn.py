"""`mnist-cnn`: a small MNIST classifier, used as a feature extractor.

How it was trained: `benchmarks/train_classifiers.py` and `weights/mnist-cnn.md`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.features import EXTRACTORS
from gan_bench.features.base import ClassifierExtractor


def conv_block(n_in: int, n_out: int) -> nn.Sequential:
    """(B, n_in, H, W) -> (B, n_out, H / 2, W / 2)."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(),
        nn.MaxPool2d(2),
    )  # fmt: skip


class MnistCnn(nn.Module):
    """Digits (B, 1, 32, 32) in [-1, 1] -> features (B, 128) and logits (B, 10); `own-classifier` has others in their place."""

    def __init__(self, channels: int = 1, n_classes: int = 10) -> None:
        super().__init__()
        self.blocks = nn.Sequential(conv_block(channels, 32), conv_block(32, 64), conv_block(64, 128))
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(128, n_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, 32, 32) in [-1, 1] -> features (B, 128) and logits (B, 10)."""
        features = F.adaptive_avg_pool2d(self.blocks(x), 1).flatten(1)  # (B, 128)
        return features, self.head(self.drop(features))


@EXTRACTORS.register
class MnistCnnExtractor(ClassifierExtractor):
    name = "mnist-cnn"
    classifies = "mnist"
    network = MnistCnn
    channels = 1
    digest = "fa3d431ea118fc72fbcf99170c7d2994a597a4fbb33a9bee3bb49ebedc7957d8"
