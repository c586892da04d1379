"""Mixtures of Gaussians in the plane, after VEEGAN (Srivastava et al. 2017), in PacGAN's sizes.

Lin et al. 2018, arXiv 1712.04086, section 4.1: 100,000 points to train on. A point is an image (2, 1, 1), float32; its label
is its mode. The points are computed, so nothing is downloaded.
"""

from __future__ import annotations

from abc import ABC
from itertools import product
from math import cos, pi, sin
from typing import ClassVar

import torch

from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.images.mixture import Mixture

SIZES = {"train": 100_000, "test": 20_000}


class PointMixture(Dataset, ABC):
    """Draws of `mixture`, each mode equally likely."""

    mixture: ClassVar[Mixture]

    def load(self, split: SplitName) -> Split:
        """Seeded draws: 100,000 of the train split, 20,000 of the test split."""
        rng, n = stream(0, self.name, split), SIZES[split]
        centres = torch.tensor(self.mixture.centres, dtype=torch.float64)
        labels = torch.randint(len(centres), (n,), generator=rng)
        points = centres[labels] + self.mixture.sigma * torch.randn(n, 2, generator=rng, dtype=torch.float64)
        return Split(points.float()[:, :, None, None], labels)


@DATASETS.register
class Ring8(PointMixture):
    name = "ring8"
    title = "8 Gaussians on a ring"
    image_shape = (2, 1, 1)
    n_classes = 8
    mixture = Mixture(tuple((cos(2 * pi * k / 8), sin(2 * pi * k / 8)) for k in range(8)), sigma=0.01)
    class_names = tuple(f"mode {k}" for k in range(8))


@DATASETS.register
class Grid25(PointMixture):
    name = "grid25"
    title = "25 Gaussians on a grid"
    image_shape = (2, 1, 1)
    n_classes = 25
    mixture = Mixture(tuple(product((-4.0, -2.0, 0.0, 2.0, 4.0), repeat=2)), sigma=0.05)
    class_names = tuple(f"mode {k}" for k in range(25))
