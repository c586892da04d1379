"""Procedural 32x32 colour images whose factors are known exactly: the shape, its hue, its size and its place.

They are computed, so nothing is downloaded. The tests use this dataset, and it is the one to try first. The extractor
`shapes-factors` reads the factors back, so that modes are counted exactly.
"""

from __future__ import annotations

import numpy as np
import torch

from gan_bench.core.seeds import derive
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.images.procedural import HUES, INKS, RADII, SHAPES, SIDE, coverage

SIZES = {"train": 4096, "test": 1024}
MARGIN = 9  # pixels between a centre and the border


@DATASETS.register
class Shapes(Dataset):
    name = "shapes"
    title = "Shapes (procedural)"
    image_shape = (3, 32, 32)
    n_classes = 16
    class_names = tuple(f"{hue} {shape}" for shape in SHAPES for hue in HUES)

    def load(self, split: SplitName) -> Split:
        """Seeded draws: 4,096 of the train split, 1,024 of the test split. Labels are shape * 4 + hue."""
        n = SIZES[split]
        rng = np.random.default_rng(derive(0, "shapes", split))
        labels = rng.permutation(np.arange(n) % self.n_classes)  # every class equally often
        shape, hue = np.divmod(labels, len(HUES))
        radius = rng.uniform(*RADII, n)
        x, y = rng.uniform(MARGIN, SIDE - MARGIN, (2, n))

        ink = INKS[hue]  # (N, 3)
        paper = rng.uniform(0.05, 0.25, (n, 1)) * np.ones(3)
        alpha = coverage(shape, x, y, radius)[:, None]  # (N, 1, 32, 32)
        pixels = alpha * ink[:, :, None, None] + (1 - alpha) * paper[:, :, None, None]
        return Split(torch.from_numpy((pixels * 255).round().astype(np.uint8)), torch.from_numpy(labels))
