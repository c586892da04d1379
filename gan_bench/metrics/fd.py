"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017); with Inception features it is called FID.

    FD = |m_f - m_r|^2 + tr(S_f) + tr(S_r) - 2 tr((S_f S_r)^(1/2))

The trace of the root is the sum of root eigenvalues of A S_r A with A = S_f^(1/2): symmetric, so its eigenvalues are real
and `eigvalsh` finds them without the complex leftovers of a general square root. Means and covariances in float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric


def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """(N, D) -> mean (D,) and covariance (D, D), float64."""
    x = features.double()
    return x.mean(0), torch.cov(x.T)


def frechet_distance(fake: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor]) -> float:
    """From two (mean, covariance)."""
    (mean_f, cov_f), (mean_r, cov_r) = fake, real
    values, vectors = torch.linalg.eigh(cov_f)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_r @ root).clamp(min=0).sqrt().sum()
    distance = (mean_f - mean_r).square().sum() + cov_f.trace() + cov_r.trace() - 2 * cross
    return float(distance)


@METRICS.register
class FrechetDistance(Metric):
    name = "fd"
    title = "Frechet distance"
    paper = "Heusel et al. 2017"
    outputs = {"fd": False}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        return {"fd": frechet_distance(statistics(fake.features), statistics(real.features))}
