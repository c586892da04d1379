"""Nearest neighbours in feature space, by blocks: no N x N matrix is ever in memory.

Distances are computed in float64 from centred features: in float32, the square of a small distance is lost in the rounding of
the squares of the features, the more so the farther these are from 0. Copies are at distance 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics.base import Extracted, Sampled

CELLS = 2**24  # of a block of the matrix of distances: 128 MB
COLUMNS = 4096  # how many rows of the second set are in float64 at a time
ROUNDING = 1e-13  # squared distances below this share of the squared lengths are those of copies
NEAR, WIDE = 3, 5  # which neighbour the balls of precision and recall, and those of density and coverage, reach to


def distance_rows(a: Tensor, b: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Euclidean distances of (N, D) to (M, D): which rows of the (N, M) matrix, and these rows (n, M) in float64."""
    centre = b.mean(0, dtype=torch.float64)
    b_lengths = torch.cat([(piece.double() - centre).square().sum(1) for piece in b.split(COLUMNS)])
    n_rows = max(1, CELLS // len(b))

    for start in range(0, len(a), n_rows):
        rows = slice(start, min(start + n_rows, len(a)))
        x = a[rows].double() - centre
        lengths = x.square().sum(1, keepdim=True)

        squared = torch.empty(len(x), len(b), dtype=torch.float64)
        for column in range(0, len(b), COLUMNS):
            columns = slice(column, column + COLUMNS)
            both = lengths + b_lengths[columns]
            found = torch.addmm(both, x, (b[columns].double() - centre).T, alpha=-2)
            squared[:, columns] = found.masked_fill_(found <= both.mul_(ROUNDING), 0)
        yield rows, squared.sqrt_()


def closest(a: Tensor, b: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """For each row of a (N, D): the distances to the k nearest rows of b (M, D), and which these are, nearest first: (N, k)."""
    found = [block.topk(k, largest=False) for _, block in distance_rows(a, b)]
    return torch.cat([of_block.values for of_block in found]), torch.cat([of_block.indices for of_block in found])


def neighbour_distances(images: Extracted) -> Tensor:
    """(N, WIDE + 1): in column k the distance of each image to the k-th nearest of its set; column 0 is the image itself."""
    return closest(images.features, images.features, min(WIDE + 1, len(images)))[0]


def radii(images: Extracted, k: int) -> Tensor:
    """(N,) the distance of each image to its k-th neighbour, k at most WIDE, or to the farthest of fewer images."""
    return images.once(neighbour_distances)[:, min(k, len(images) - 1)]


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
        return Sampled(float((self._counts > 0).double().mean()), error, least=0, most=1)


class Encounters(NamedTuple):
    """Which fakes lie in balls of reals and the reverse, what precision, recall, density and coverage count.

    precise   (N,) bool: whether each fake lies in the NEAR-ball of a real
    dense     (N,) in how many WIDE-balls of reals each fake lies
    recalled  reals in the NEAR-ball of a fake
    covered   reals with a fake in their WIDE-ball
    """

    precise: Tensor
    dense: Tensor
    recalled: Union
    covered: Union


def encounters(fake: Extracted, real: Extracted) -> Encounters:
    """All pairs of fakes and reals are visited once; a point on the rim of a ball is inside."""
    near, wide, own = radii(real, NEAR), radii(real, WIDE), radii(fake, NEAR)
    precise, dense = [], []
    recalled, covered = Union(len(real)), Union(len(real))
    for rows, distances in distance_rows(fake.features, real.features):
        precise.append((distances <= near).any(dim=1))
        recalled.add(distances <= own[rows, None])

        within = distances <= wide
        dense.append(within.sum(dim=1))
        covered.add(within)
    return Encounters(torch.cat(precise), torch.cat(dense), recalled, covered)
