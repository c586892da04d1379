"""Intervals over samples: they stay within the range of their number, and hold what they are said to hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from gan_bench.core.intervals import interval
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Sampled
from gan_bench.metrics.measured import interval_of


@pytest.mark.parametrize(("hits", "n"), [(3, 200), (60, 100), (4999, 5000)])
def test_the_interval_of_a_share_is_wilsons(hits: int, n: int) -> None:
    """Against scipy's, which takes the exact quantile: 1.96 differs from it in the fifth digit."""
    share = hits / n
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert interval(share, math.sqrt(share * (1 - share) / n), 0, 1) == pytest.approx((theirs.low, theirs.high), rel=1e-4)


@pytest.mark.parametrize("hit", [False, True])
def test_a_share_of_none_or_all_has_an_interval_too(hit: bool) -> None:
    """Wilson's: none of 100 may still be 3.7 %. An error of 0 would say that it is certain."""
    theirs = binomtest(100 * hit, 100).proportion_ci(method="wilson")
    found = interval_of(Sampled.share(torch.full((100,), hit)))
    assert found is not None and (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-4, abs=1e-12)


def test_no_interval_leaves_the_range_of_its_number() -> None:
    """Each of these did: value +- 1.96 errors of a recall, a divergence, a percentage, a score of at most 10 and a count."""
    numbers = [
        Sampled(0.0113, 0.0069, least=0, most=1), Sampled(0.001, 0.002, least=0), Sampled(99.5, 0.4, least=0, most=100),
        Sampled(9.99, 0.02, least=1, most=10), Sampled(1.5, 3.2, least=0, most=8),
    ]  # fmt: skip
    for number in numbers:
        assert number.least is not None
        below, above = number - 1.96 * number.error, number + 1.96 * number.error
        assert below < number.least or (number.most is not None and above > number.most)

        found = interval_of(number)
        assert found is not None and number.least <= found.low < number < found.high
        assert number.most is None or found.high <= number.most


def test_a_number_without_bounds_keeps_its_interval() -> None:
    found = interval_of(Sampled(-0.001, 0.002))
    assert found is not None and (found.low, found.high) == pytest.approx((-0.00492, 0.00292))


def covered(name: str, output: str, sets: list[Extracted], real: Extracted) -> float:
    """The share of the sets whose interval holds the mean over all sets."""
    numbers = [METRICS.create(name)(fake, real)[output] for fake in sets]
    intervals = [interval_of(number) for number in numbers if isinstance(number, Sampled)]
    assert len(intervals) == len(sets)
    mean = float(np.mean(numbers))
    return float(np.mean([found is not None and found.low <= mean <= found.high for found in intervals]))


@pytest.mark.parametrize("certainty", [12.0, 2.0])
def test_the_interval_of_the_inception_score_covers(certainty: float) -> None:
    """400 sets of 1,000 answers over ten even classes, sure ones as of digits and unsure ones. .95 is meant; its error over 400
    sets is .011, so .93 is two below. Of the sure ones the formula of first order covered .60. No upper bound: the jackknife is
    too wide where the histogram of classes is all that varies."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (400, 1000), generator=rng)
    logits = torch.randn(400, 1000, 10, generator=rng) + certainty * torch.nn.functional.one_hot(labels, 10)
    sets = [Extracted(torch.zeros(1000, 1), of_set) for of_set in logits]
    assert covered("is", "is", sets, sets[0]) >= 0.93


def test_the_interval_of_fd_infinity_covers() -> None:
    """100 sets of 1,000 skewed fakes: .95 less two errors of .022. A t interval of the spread over draws alone covered .76."""
    rng = torch.Generator().manual_seed(0)
    real = Extracted(torch.randn(4000, 6, generator=rng))
    sets = [Extracted(torch.randn(1000, 6, generator=rng).exp() * 0.5) for _ in range(100)]
    assert 0.9 < covered("fd-infinity", "fd_infinity", sets, real) <= 1
