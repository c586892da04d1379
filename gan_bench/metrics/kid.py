"""Kernel (Inception) distance: unbiased MMD^2 with the cubic kernel (x.y / d + 1)^3 (Binkowski et al. 2018).

The mean over 100 seeded subsets of 1000, the subsets that torch-fidelity draws, so that the numbers are its numbers.
Slightly negative values mean "no difference seen".

Its standard error is the delta method's: the share of fake y in it is 2 (mean k(y, other fakes) - mean k(y, reals)), with
means over the subsets that y is in.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

SUBSETS, SUBSET_SIZE, SEED = 100, 1000, 2020
BLOCK = 1000  # rows of a kernel matrix at a time


def subsets(n_fake: int, n_real: int) -> tuple[Tensor, Tensor]:
    """Indices, each (SUBSETS, SUBSET_SIZE) without repeats within a subset: of fakes and of reals."""
    rng = np.random.RandomState(SEED)  # the legacy generator is what torch-fidelity draws from
    drawn = [[torch.from_numpy(rng.choice(n, SUBSET_SIZE, replace=False)) for n in (n_fake, n_real)] for _ in range(SUBSETS)]
    fakes, reals = zip(*drawn, strict=True)
    return torch.stack(fakes), torch.stack(reals)


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """Features (N, D) and (M, D) -> the kernel of each pair (N, M): (x.y / D + 1)^3."""
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)


def sums(x: Tensor, y: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(SUBSETS, SUBSET_SIZE) float64: the sum of the kernels of each row of x in a subset with the subset's rows of y.

    rows, columns  (SUBSETS, SUBSET_SIZE) which of x (N, D) and of y (M, D) are in each subset

    The kernels of all pairs of x and y are computed once where that is half the work or less: subsets of small sets overlap.
    """
    if 2 * len(x) * len(y) > rows.numel() * columns.shape[1]:
        return torch.stack([kernel(x[r], y[c]).sum(1, dtype=torch.float64) for r, c in zip(rows, columns, strict=True)])

    members = torch.zeros(len(columns), len(y), dtype=torch.float64).scatter_(1, columns, 1.0)
    totals = torch.cat([kernel(block, y).double() @ members.T for block in x.split(BLOCK)])  # (N, SUBSETS)
    return totals.T.gather(1, rows)


def within(x: Tensor, rows: Tensor) -> Tensor:
    """(SUBSETS, SUBSET_SIZE) float64: the mean kernel of each row of x (N, D) in a subset with the other rows in it."""
    own = (x.double().square().mean(1) + 1).pow(3)
    return (sums(x, x, rows, rows) - own[rows]) / (SUBSET_SIZE - 1)


def real_means(real: Extracted, n_fake: int) -> Tensor:
    """(SUBSETS,) the mean kernel of two reals in each subset; the draws depend on how many fakes there are."""
    return within(real.features, subsets(n_fake, len(real))[1]).mean(1)


@METRICS.register
class KernelDistance(Metric):
    name = "kid"
    title = "Kernel distance"
    paper = "Binkowski et al. 2018"
    outputs = {"kid": False}
    ranges = {"kid": "any number"}
    minimum = 1000  # one subset

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """kid: the mean over subsets of MMD^2, which may be slightly below 0."""
        fakes, reals = subsets(len(fake), len(real))
        to_fakes = within(fake.features, fakes)
        to_reals = sums(fake.features, real.features, fakes, reals) / SUBSET_SIZE
        found = (to_fakes - 2 * to_reals).mean(1) + real.once(real_means, len(fake))

        each = fakes.flatten()
        shares, draws = torch.bincount(each, 2 * (to_fakes - to_reals).flatten()), torch.bincount(each)
        drawn = draws > 0
        return {"kid": Sampled(float(found.mean()), Sampled.mean(shares[drawn] / draws[drawn]).error)}
