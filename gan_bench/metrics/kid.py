"""Kernel (Inception) distance: unbiased MMD^2 with the cubic kernel (x.y / d + 1)^3 (Binkowski et al. 2018).

The mean over 100 seeded subsets of 1000, the subsets that torch-fidelity draws, so that the numbers are its numbers.
Slightly negative values mean "no difference seen".
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric

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


def within(x: Tensor) -> float:
    """Mean kernel of two different rows of x."""
    k, n = kernel(x, x), len(x)
    return float((k.sum(dtype=torch.float64) - k.diagonal().sum(dtype=torch.float64)) / (n * (n - 1)))


def real_means(real: Extracted, n_fake: int) -> list[float]:
    """`within` of each subset of the reals; the draws depend on how many fakes there are."""
    return [within(real.features[r]) for _, r in subsets(n_fake, len(real))]


@METRICS.register
class KernelDistance(Metric):
    name = "kid"
    title = "Kernel distance"
    paper = "Binkowski et al. 2018"
    outputs = {"kid": False}
    minimum = SUBSET_SIZE

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        found = [
            within(x := fake.features[f]) + within_r - 2 * float(kernel(x, real.features[r]).mean(dtype=torch.float64))
            for (f, r), within_r in zip(
                subsets(len(fake), len(real)), real.once(real_means, len(fake)), strict=True
            )
        ]  # fmt: skip
        return {"kid": float(np.mean(found))}
