"""Distances in feature space: exact where float32 is not, and the metrics that count by them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted
from gan_bench.metrics.neighbours import COLUMNS, closest, distance_rows, encounters, neighbour_distances

OFFSET = 1000.0  # of unit features: float32 keeps four digits of them, and none of the square of a small distance


def normal(n: int, dim: int, seed: int, mean: float = 0.0, scale: float = 1.0) -> Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)) * scale + mean


def all_distances(a: Tensor, b: Tensor) -> Tensor:
    """The whole matrix, from differences in float64."""
    return torch.cat([(row.double() - b.double()).square().sum(1).sqrt()[None] for row in a])


@pytest.mark.parametrize("offset", [0.0, OFFSET])
def test_distances_agree_with_those_of_float64(offset: float) -> None:
    """Copies, near copies and far points, in more columns than are computed at a time. At the larger offset, torch.cdist in
    float32 puts images 6 away from themselves."""
    b = normal(COLUMNS + 100, 32, 1) + offset
    a = torch.cat([b[:50], b[50:100] + 1e-3 * normal(50, 32, 2), normal(50, 32, 3) + offset, normal(10, 32, 4, scale=100.0)])
    found = torch.cat([block for _, block in distance_rows(a, b)])
    wanted = all_distances(a, b)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    assert (found[:50].diagonal() == 0).all() and (closest(b, b)[0] == 0).all()


def test_the_closest_are_those_of_a_full_sort() -> None:
    a, b = normal(20, 5, 0), normal(70, 5, 1)
    values, indices = closest(a, b, 3)
    wanted = all_distances(a, b).sort(dim=1)
    torch.testing.assert_close(values, wanted.values[:, :3])
    assert torch.equal(indices, wanted.indices[:, :3])


@pytest.mark.parametrize(("name", "output"), [("pr", "precision"), ("pr", "recall"), ("dc", "density"), ("dc", "coverage")])
def test_a_common_offset_changes_no_count(name: str, output: str) -> None:
    """With float32 distances, precision was .624 for .483, recall .599 for .472, density .831 for .571, coverage .824 for .682.

    The features themselves are rounded to 6e-5 at this offset, which moves a few of 1,000 points over a rim.
    """
    pairs = [(Extracted(normal(1000, 64, 0, 0.3) + by), Extracted(normal(1500, 64, 1) + by)) for by in (0.0, OFFSET)]
    plain, moved = (METRICS.create(name)(fake, real)[output] for fake, real in pairs)
    assert moved == pytest.approx(plain, abs=0.003)


def test_a_common_offset_changes_no_bins() -> None:
    """With k-means on the features as they are, NDB was .02 for .30."""
    pairs = [(Extracted(normal(1000, 64, 0, 0.3) + by), Extracted(normal(1500, 64, 1) + by)) for by in (0.0, OFFSET)]
    plain, moved = (METRICS.create("bins")(fake, real)["ndb"] for fake, real in pairs)
    assert plain > 0.2 and moved == pytest.approx(plain, abs=0.02)


def test_near_copies_lie_farther_than_copies_whatever_the_offset() -> None:
    """C_T of jittered training images against a test split of exact ones: each loses each comparison in its cell, z = 18. With
    float32 distances, and an offset of 30, it was -.07: the other sign."""
    base = normal(1000, 64, 0) + 30
    real = Extracted(base.repeat(2, 1), held_out=Extracted(base[:500].repeat(2, 1)))
    found = METRICS.create("data-copying")(Extracted(base[500:] + 1e-3 * normal(500, 64, 3)), real)
    assert found["c_t"] == pytest.approx(18.2, abs=0.2)


def test_copies_of_any_training_image_are_not_authentic_whatever_the_offset() -> None:
    train = Extracted(normal(3000, 16, 0) + OFFSET)
    copies = Extracted(train.features[::3].clone())
    assert METRICS.create("authenticity")(copies, train)["auth_pct"] == 0


def test_precision_and_density_of_one_pair_are_counted_in_one_pass() -> None:
    """Both metrics of an extractor find the pairs that the first has met; another pair is met anew."""
    fake, real = Extracted(normal(50, 4, 0)), Extracted(normal(60, 4, 1))
    met = fake.once(encounters, real)
    METRICS.create("pr")(fake, real)
    assert fake.once(encounters, real) is met
    assert fake.once(encounters, Extracted(real.features.clone())) is not met


def test_a_copy_of_an_image_set_forgets_what_was_computed_from_the_first() -> None:
    """`dataclasses.replace` once shared the memory, so that new held-out images were answered with the old ones' numbers."""
    first = Extracted(normal(50, 4, 0))
    first.once(neighbour_distances)
    other = replace(first, features=normal(50, 4, 1))
    assert not torch.equal(first.once(neighbour_distances), other.once(neighbour_distances))
