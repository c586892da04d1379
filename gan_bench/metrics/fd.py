"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017); with Inception features it is called FID.

    FD = |m_f - m_r|^2 + tr(S_f) + tr(S_r) - 2 tr((S_f S_r)^(1/2))

The trace of the root is the sum of root eigenvalues of A S_f A with A = S_r^(1/2): symmetric, so its eigenvalues are real
and `eigvalsh` finds them without the complex leftovers of a general square root. Means and covariances in float64.

Its standard error is the delta method's: FD is smooth in the moments of the fakes, and the share of sample x in it is

    2 (m_f - m_r).(x - m_f) + (x - m_f)^T (I - T) (x - m_f),   T = A (A S_f A)^(-1/2) A,

T the map from the fakes' Gaussian onto the reals'. Resampling the fakes would find the same error, at a higher cost.
The bias of FD at a count, which all fakes of that count share in part, is not in it; fd-infinity looks at that.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

NULL = 1e-6  # of the largest root: below it is rounding


class Gaussian(NamedTuple):
    """mean (D,) and covariance (D, D), float64."""

    mean: Tensor
    cov: Tensor


def gaussian(images: Extracted) -> Gaussian:
    """The Gaussian with the mean and the covariance of the features (N, D)."""
    x = images.features.double()
    return Gaussian(x.mean(0), torch.cov(x.T))


def root(cov: Tensor) -> Tensor:
    """The symmetric square root (D, D) of a covariance (D, D)."""
    values, vectors = torch.linalg.eigh(cov)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def root_of(images: Extracted) -> Tensor:
    """The symmetric square root (D, D) of the covariance of the features."""
    return root(images.once(gaussian).cov)


def frechet_distance(fake: Gaussian, real: Gaussian, real_root: Tensor | None = None) -> float:
    """Squared distance of two Gaussians, 0 or more; `real_root`: the root of the reals' covariance, if it is known."""
    a = root(real.cov) if real_root is None else real_root
    return _distance(fake, real, torch.linalg.eigvalsh(a @ fake.cov @ a).clamp(min=0).sqrt())


def _distance(fake: Gaussian, real: Gaussian, roots: Tensor) -> float:
    """The formula above; `roots` are the root eigenvalues whose sum is the trace of the root."""
    return float((fake.mean - real.mean).square().sum() + fake.cov.trace() + real.cov.trace() - 2 * roots.sum())


def sampled_frechet_distance(fake: Extracted, real: Extracted) -> Sampled:
    """The distance of the features of two image sets, with its standard error: see the module."""
    f, r, a = fake.once(gaussian), real.once(gaussian), real.once(root_of)
    values, vectors = torch.linalg.eigh(a @ f.cov @ a)
    roots = values.clamp(min=0).sqrt()
    inverse = torch.where(roots > NULL * roots.max(), 1 / roots, 0)  # directions that no fake has do not matter to any
    carried = a @ (vectors * inverse.sqrt())  # T = carried @ carried.T

    x = fake.features - f.mean.float()  # an error needs no more than float32
    shares = 2 * x @ (f.mean - r.mean).float() + x.square().sum(1) - (x @ carried.float()).square().sum(1)
    return Sampled(_distance(f, r, roots), Sampled.mean(shares).error, least=0, shares=shares)


@METRICS.register
class FrechetDistance(Metric):
    name = "fd"
    title = "Frechet distance"
    paper = "Heusel et al. 2017"
    outputs = {"fd": False}
    ranges = {"fd": "0 or more"}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """fd, 0 or more: the squared distance of the two Gaussians."""
        return {"fd": sampled_frechet_distance(fake, real)}
