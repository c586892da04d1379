"""Stacked MNIST (Metz et al. 2017, arXiv 1611.02163): three random digits as the channels of one image, 1000 modes to cover.

128,000 / 26,000 images of 32x32, as many as PacGAN trains on and counts modes in (Lin et al. 2018). The train split is made
from MNIST's train split, the test split from its test split; class abc has digit a in red, b in green, c in blue.
"""

from __future__ import annotations

import torch

from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.datasets.mnist import Mnist

SIZES = {"train": 128_000, "test": 26_000}


@DATASETS.register
class StackedMnist(Dataset):
    name = "stacked-mnist"
    title = "Stacked MNIST"
    image_shape = (3, 32, 32)
    n_classes = 1000
    class_names = tuple(f"{k:03d}" for k in range(1000))
    padding = 2  # that of MNIST
    made_of = "mnist"

    def load(self, split: SplitName) -> Split:
        """Seeded triples of digits: 128,000 of the train split, 26,000 of the test split. Labels are 0 to 999."""
        digits = Mnist().load(split)
        chosen = torch.randint(len(digits.images), (SIZES[split], 3), generator=stream(0, self.name, split))
        labels = (digits.labels[chosen] * torch.tensor([100, 10, 1])).sum(1)
        return Split(digits.images[chosen, 0], labels)
