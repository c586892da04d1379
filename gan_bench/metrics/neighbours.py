"""Nearest neighbours in feature space, by chunks: no N x N matrix is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics.base import Extracted, Sampled

CHUNK = 1000
MOST = 5  # the largest number of neighbours that a metric asks for


def distance_rows(a: Tensor, b: Tensor) -> Iterator[Tensor]:
    """Euclidean distances of (N, D) to (M, D), as blocks of at most `CHUNK` rows of the (N, M) matrix."""
    return (torch.cdist(block, b) for block in a.split(CHUNK))


def neighbour_distances(images: Extracted) -> Tensor:
    """(N, MOST + 1): in column k the distance of each image to the k-th nearest of its set; column 0 is the image itself."""
    most = min(MOST + 1, len(images))
    rows = distance_rows(images.features, images.features)
    return torch.cat([block.topk(most, largest=False).values for block in rows])


def radii(images: Extracted, k: int) -> Tensor:
    """(N,) the distance of each image to its k-th neighbour, k at most MOST. All pairs are visited once per image set."""
    return images.once(neighbour_distances)[:, k]


class Union:
    """How many of M points lie in at least one of some regions; each fake has one region.

    The standard error of the share is the jackknife's: leaving a fake out loses the points that are in its region alone.
    It is conservative (Efron and Stein 1981): up to twice the true one where nearly all points are inside.
    """

    def __init__(self, n_points: int) -> None:
        self._n_regions = 0
        self._counts = torch.zeros(n_points, dtype=torch.int64)  # how many regions each point is in
        self._one = torch.zeros(n_points, dtype=torch.int64)  # the number of one of them

    def add(self, within: Tensor) -> None:
        """Take in the next B regions; `within` (B, M) bool: whether each of them has each point."""
        found, one = within.max(dim=0)
        self._one[found] = self._n_regions + one[found]
        self._counts += torch.from_numpy(np.count_nonzero(within.numpy(), axis=0))  # several times faster than torch's sum
        self._n_regions += len(within)

    def share(self) -> Sampled:
        """The share of the points, 0 to 1, that are in a region."""
        n, n_points = self._n_regions, len(self._counts)
        alone = torch.bincount(self._one[self._counts == 1], minlength=n).double() / n_points
        error = float(alone.std(correction=0)) * (n - 1) ** 0.5
        return Sampled(float((self._counts > 0).double().mean()), error)
