"""Kernel (Inception) distance: unbiased MMD^2 with the cubic kernel (x.y / d + 1)^3 (Binkowski et al. 2018).

The mean over 100 seeded subsets of 1000, the subsets that torch-fidelity draws, so that the numbers are its numbers.
Slightly negative values mean "no difference seen".

Its standard error is the delta method's: the share of fake y in it is 2 (mean k(y, other fakes) - mean k(y, reals)), the
means over the subsets that y is in.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

SUBSETS, SUBSET_SIZE, SEED = 100, 1000, 2020


def subsets(n_fake: int, n_real: int) -> list[tuple[Tensor, Tensor]]:
    """Indices of each subset: of fakes and of reals, without repeats."""
    rng = np.random.RandomState(SEED)  # the legacy generator is what torch-fidelity draws from
    return [
        (torch.from_numpy(rng.choice(n_fake, SUBSET_SIZE, replace=False)),
         torch.from_numpy(rng.choice(n_real, SUBSET_SIZE, replace=False)))
        for _ in range(SUBSETS)
    ]  # fmt: skip


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(N, D), (M, D) -> (N, M)."""
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)


def within(x: Tensor) -> Tensor:
    """(N,) float64: the mean kernel of each row of x with the others."""
    k = kernel(x, x)
    return (k.sum(1, dtype=torch.float64) - k.diagonal()) / (len(x) - 1)


def real_means(real: Extracted, n_fake: int) -> list[float]:
    """The mean kernel of two reals, in each subset; the draws depend on how many fakes there are."""
    return [float(within(real.features[r]).mean()) for _, r in subsets(n_fake, len(real))]


@METRICS.register
class KernelDistance(Metric):
    name = "kid"
    title = "Kernel distance"
    paper = "Binkowski et al. 2018"
    outputs = {"kid": False}
    minimum = SUBSET_SIZE

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        found = []
        shares, draws = torch.zeros(2, len(fake), dtype=torch.float64)
        for (f, r), within_real in zip(subsets(len(fake), len(real)), real.once(real_means, len(fake)), strict=True):
            x = fake.features[f]
            to_fakes, to_reals = within(x), kernel(x, real.features[r]).mean(1, dtype=torch.float64)
            found.append(float((to_fakes - 2 * to_reals).mean()) + within_real)
            shares[f] += 2 * (to_fakes - to_reals)
            draws[f] += 1
        drawn = draws > 0
        return {"kid": Sampled(float(np.mean(found)), Sampled.mean(shares[drawn] / draws[drawn]).error)}
