"""`stacked-mnist-cnn`: `mnist-cnn` on each channel of Stacked MNIST. 3 x 128 features, and logits of the 1000 triples.

A triple's logit is the sum of its digits' log-probabilities, so that softmax gives the probability that all three are right.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor
from gan_bench.features.mnist_cnn import MnistCnnExtractor
from gan_bench.images import convert


@EXTRACTORS.register
class StackedMnistCnn(Extractor):
    name = "stacked-mnist-cnn"
    classifies = "stacked-mnist"
    digest = MnistCnnExtractor.digest

    def __init__(self) -> None:
        super().__init__()
        self.of_digits = MnistCnnExtractor()

    def load(self, device: torch.device) -> None:
        """Make the network of digits ready on `device`. Raises UserError when its weights are not the pinned ones."""
        self.of_digits.load(device)
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 384) and logits (B, 1000): log p(red digit) + log p(green digit) + log p(blue digit)."""
        digits = convert.to_channels(batch, 3).flatten(0, 1)[:, None]  # (3 B, 1, H, W)

        features, logits = self.of_digits(digits)
        red, green, blue = logits.log_softmax(1).unflatten(0, (-1, 3)).unbind(1)  # each (B, 10)
        triples = red[:, :, None, None] + green[:, None, :, None] + blue[:, None, None, :]
        return features.unflatten(0, (-1, 3)).flatten(1), triples.flatten(1)
