"""Metrics against other people's implementations and published figures; those of torch-fidelity are in test_metrics."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from pytorch_fid import fid_score
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from gan_bench.metrics import METRICS, kid, neighbours
from gan_bench.metrics.base import Extracted

DIM = 64


def value(name: str, fake: torch.Tensor, real: torch.Tensor) -> dict[str, float]:
    return METRICS.create(name)(Extracted(fake), Extracted(real))


def correlated(n: int, seed: int, mean: float = 0.0) -> torch.Tensor:
    """(n, DIM) samples of a Gaussian whose covariance is dense, of the seed's own, and of condition number near 10."""
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.eye(DIM) + 0.4 * torch.randn(DIM, DIM, generator=rng) / DIM**0.5
    return torch.randn(n, DIM, generator=rng) @ mixing + mean


def pytorch_fid(fake: torch.Tensor, real: torch.Tensor) -> float:
    def moments(x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        return x.double().numpy().mean(0), np.cov(x.double().numpy(), rowvar=False)

    # It asks sqrtm for an error estimate, which it ignores and SciPy 1.18 no longer gives.
    linalg = SimpleNamespace(sqrtm=lambda a, disp=True: sqrtm(a) if disp else (sqrtm(a), None))
    with mock.patch.object(fid_score, "linalg", linalg):
        return float(fid_score.calculate_frechet_distance(*moments(fake), *moments(real)))


def torchmetrics_fid(fake: torch.Tensor, real: torch.Tensor) -> float:
    """Features go in where images would, through an extractor that does nothing; float32 ones would round the answer too."""
    fid = FrechetInceptionDistance(torch.nn.Identity(), input_img_size=(DIM, DIM)).set_dtype(torch.float64)
    fid.update(fake.double(), real=False)
    fid.update(real.double(), real=True)
    return float(fid.compute())


@pytest.mark.parametrize("theirs", [pytorch_fid, torchmetrics_fid])
def test_fd_agrees_with(theirs):
    """Ours takes roots of a symmetric matrix, pytorch-fid the Schur root of S_f S_r, torchmetrics that product's eigenvalues.

    In float64 the eigenvalues of the product, which is not symmetric, are off by some 1e-15 of the largest; the least is above
    1e-2 of it, so that its root is known to 1e-13; the sum of the roots is four times the distance. 1e-9 leaves room for other
    libraries of linear algebra. Moments in float32 put the distance off by 1e-8, a covariance over n for n - 1 by 3e-4.
    """
    fake, real = correlated(2000, 0, mean=0.3), correlated(2400, 1)
    assert value("fd", fake, real)["fd"] == pytest.approx(theirs(fake, real), rel=1e-9)


def test_kid_agrees_with_torchmetrics_on_the_same_subsets():
    """Theirs in float64, our kernel in float32: entries near 1 rounded by 6e-8 of either sign, averaged in float64. The
    diagonal counted in would add 1e-2."""
    fake, real = correlated(1500, 0, mean=0.3), correlated(1200, 1)
    drawn = kid.subsets(len(fake), len(real))
    theirs = np.mean([float(poly_mmd(real[r].double(), fake[f].double())) for f, r in zip(*drawn, strict=True)])
    assert theirs > 0.01 and value("kid", fake, real)["kid"] == pytest.approx(theirs, abs=1e-6)


def test_density_and_coverage_reach_the_figures_of_the_readme_of_prdc():
    """Two sets of 10,000 from N(0, I) in 1000 dimensions, k = 5: density 1.0555, coverage .9735, of one unseeded draw.

    Over 14 draws the two had sd .055 and .0057: a few fakes near the middle lie in very many balls. Theirs and ours being one
    draw each, three sd of the difference are .23 and .024. An image counted as its own neighbour would move them by -.2 and
    -.03.
    """
    assert neighbours.WIDE == 5
    rng = torch.Generator().manual_seed(0)
    found = value("dc", *(torch.randn(10_000, 1000, generator=rng) for _ in range(2)))
    assert found["density"] == pytest.approx(1.0555, abs=0.23) and found["coverage"] == pytest.approx(0.9735, abs=0.024)


def test_a_generator_collapsed_to_a_few_points_is_precise_and_covers_little():
    """80 jittered copies of each of 5 of 500 reals. Recalled are the 5 alone, whose neighbours among the fakes are all within
    the jitter. Balls of k neighbours: each real lies in its own and on average in k others, so that 5 (k + 1) / 500 = .06 are
    covered, and up to twice that where the 5 happen to be central."""
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(500, 8, generator=rng)
    fake = real[:5].repeat(80, 1) + 1e-4 * torch.randn(400, 8, generator=rng)
    found = value("pr", fake, real) | value("dc", fake, real)
    assert found["precision"] == 1 and found["recall"] <= 5 / 500 and 5 / 500 <= found["coverage"] < 0.12
