"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017); with Inception features it is called FID.

    FD = |m_f - m_r|^2 + tr(S_f) + tr(S_r) - 2 tr((S_f S_r)^(1/2))

The trace of the root is the sum of root eigenvalues of A S_f A with A = S_r^(1/2): symmetric, so its eigenvalues are real
and `eigvalsh` finds them without the complex leftovers of a general square root. Means and covariances in float64.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric


class Gaussian(NamedTuple):
    """mean (D,) and covariance (D, D), float64."""

    mean: Tensor
    cov: Tensor


def gaussian(images: Extracted) -> Gaussian:
    """The Gaussian with the moments of the features."""
    x = images.features.double()
    return Gaussian(x.mean(0), torch.cov(x.T))


def root(cov: Tensor) -> Tensor:
    """The symmetric square root of a covariance."""
    values, vectors = torch.linalg.eigh(cov)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def root_of(images: Extracted) -> Tensor:
    return root(images.once(gaussian).cov)


def frechet_distance(fake: Gaussian, real: Gaussian, real_root: Tensor | None = None) -> float:
    """Squared distance of two Gaussians; `real_root`, the root of the reals' covariance, if it is known."""
    a = root(real.cov) if real_root is None else real_root
    cross = torch.linalg.eigvalsh(a @ fake.cov @ a).clamp(min=0).sqrt().sum()
    return float((fake.mean - real.mean).square().sum() + fake.cov.trace() + real.cov.trace() - 2 * cross)


@METRICS.register
class FrechetDistance(Metric):
    name = "fd"
    title = "Frechet distance"
    paper = "Heusel et al. 2017"
    outputs = {"fd": False}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        return {"fd": frechet_distance(fake.once(gaussian), real.once(gaussian), real.once(root_of))}
