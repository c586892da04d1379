"""Nearest neighbours in feature space, by chunks: no N x N matrix is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics.base import Extracted, Sampled

CHUNK = 1000
MOST = 5  # neighbours that any metric asks for


def distance_rows(a: Tensor, b: Tensor) -> Iterator[Tensor]:
    """Euclidean distances of (N, D) to (M, D), as blocks of at most `CHUNK` rows of the (N, M) matrix."""
    return (torch.cdist(block, b) for block in a.split(CHUNK))


def neighbour_distances(images: Extracted) -> Tensor:
    """(N, MOST + 1): distance of each image to its k-th nearest in the same set, in column k; column 0 is the image itself."""
    most = min(MOST + 1, len(images))
    rows = distance_rows(images.features, images.features)
    return torch.cat([block.topk(most, largest=False).values for block in rows])


def radii(images: Extracted, k: int) -> Tensor:
    """(N,): how far each image's k-th neighbour is. The pass over all pairs is made once per image set."""
    return images.once(neighbour_distances)[:, k]


class Union:
    """How many of M points lie in at least one of the regions that the fakes have, a region each.

    The standard error of the share is the jackknife's: leaving a fake out loses the points that no other has in its region.
    It is conservative (Efron and Stein 1981), up to twice the true one where nearly all points are in.
    """

    def __init__(self, n_points: int) -> None:
        self._n_regions = 0
        self._counts = torch.zeros(n_points, dtype=torch.int64)  # regions that a point is in
        self._one = torch.zeros(n_points, dtype=torch.int64)  # and one of them

    def add(self, within: Tensor) -> None:
        """Whether each of the next B regions has each point, (B, M) bool."""
        found, one = within.max(dim=0)
        self._one[found] = self._n_regions + one[found]
        self._counts += torch.from_numpy(np.count_nonzero(within.numpy(), axis=0))  # several times faster than torch's sum
        self._n_regions += len(within)

    def share(self) -> Sampled:
        """Of the points."""
        n, n_points = self._n_regions, len(self._counts)
        alone = torch.bincount(self._one[self._counts == 1], minlength=n).double() / n_points
        error = float(alone.std(correction=0)) * (n - 1) ** 0.5
        return Sampled(float((self._counts > 0).double().mean()), error)
