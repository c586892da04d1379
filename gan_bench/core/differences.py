"""Which of several trainings are better: one set of rules for ranks, `compare`, `check` and the page. Needs no torch.

A training gives one number, so all that a difference can be held against is the scatter over seeds. Entries scatter by very
different amounts, so no test takes their variances as equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, stdtr, stdtrit

LEVEL = 0.05  # the share of false claims that a test may make
FEWEST_SEEDS = 2  # of a claim: one training shows no scatter
BETTER, WORSE, UNKNOWN = "better", "worse", "cannot tell"  # what a difference says of the second one
ONE_SEED = "one seed shows no scatter"
PAIRWISE = "Welch's t tests of all pairs, two-sided, with Holm's correction, at 5 %"

Values = Sequence[float]  # of one entry, one for each seed
Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Difference:
    """How much larger the second mean is than the first.

    error    standard error of `value`; 0: nothing scattered, so nothing is known of it, and no claim can be made
    freedom  degrees of freedom of the error, above 0
    """

    value: float
    error: float
    freedom: float

    @property
    def p_above(self) -> float:
        """One-sided p value of a difference above 0."""
        return float(stdtr(self.freedom, -self.value / self.error)) if self.error > 0 else 1.0

    @property
    def p(self) -> float:
        """Two-sided p value."""
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.error)) if self.error > 0 else 1.0

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The ends of the two-sided interval that holds the true difference in all but `level` of the cases."""
        half = self.error * float(stdtrit(self.freedom, 1 - level / 2))
        return self.value - half, self.value + half

    def least(self, level: float = LEVEL) -> float:
        """The one-sided bound above which the true difference lies in all but `level` of the cases."""
        return self.value - self.error * float(stdtrit(self.freedom, 1 - level))

    def power(self, change: float, level: float = LEVEL) -> float:
        """The probability that the one-sided test finds a true difference of `change`, if this is the scatter; 0 to 1."""
        if self.error == 0:
            return 0.0
        return 1 - float(nctdtr(self.freedom, change / self.error, float(stdtrit(self.freedom, 1 - level))))


def variance(values: Values) -> float:
    """The unbiased variance of two values or more; `statistics.variance` is exact, and ten times as slow.

    Of equal values it is exactly 0: their mean may be rounded, and what is left over would pass for scatter.
    """
    if min(values) == max(values):
        return 0.0
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def welch(first: Values, second: Values) -> Difference:
    """Two independent samples of two values or more, each with its own variance (Welch 1947)."""
    parts = [variance(values) / len(values) for values in (first, second)]
    return Difference(fmean(second) - fmean(first), math.sqrt(sum(parts)), _freedom(parts, [len(first), len(second)]))


def _freedom(parts: Sequence[float], counts: Sequence[int]) -> float:
    """Degrees of freedom of a sum of squared standard errors, by Welch and Satterthwaite."""
    if not any(parts):
        return 1.0
    return sum(parts) ** 2 / sum(part**2 / (n - 1) for part, n in zip(parts, counts, strict=True))


def paired(first: Values, second: Values) -> Difference:
    """Two samples whose values belong together one by one, two pairs or more."""
    each = [b - a for a, b in zip(first, second, strict=True)]
    return Difference(fmean(each), math.sqrt(variance(each) / len(each)), len(each) - 1)


def between_seeds(
    old: Mapping[int | None, float], new: Mapping[int | None, float], paired_seeds: bool
) -> tuple[Difference | None, str]:
    """How much larger the mean of `new` is, and how that was tested; None, and why, where nothing is known of the scatter.

    old, new      seed -> value
    paired_seeds  whether both are of one variant: equal seeds then fix the order of the data and the latents, so that their
                  trainings are pairs, where both have the same seeds
    """
    common = [seed for seed in old if seed in new]
    if paired_seeds and len(common) == len(old) == len(new) >= FEWEST_SEEDS:
        pairs = [old[seed] for seed in common], [new[seed] for seed in common]
        return _if_known(paired(*pairs)), f"t test of {len(common)} pairs of seeds"
    if min(len(old), len(new)) >= FEWEST_SEEDS:
        found = welch(list(old.values()), list(new.values()))
        return _if_known(found), f"Welch test, {len(new)} against {len(old)} seeds"
    return None, ONE_SEED


def _if_known(difference: Difference) -> Difference | None:
    return difference if difference.error > 0 else None


def verdict_of(difference: Difference | None, higher_is_better: bool) -> str:
    """What a difference says of the second one: BETTER or WORSE where its 95 % interval lies on one side of 0, else UNKNOWN.

    The interval holds by itself: it is not corrected for how many differences are looked at.
    """
    if difference is None:
        return UNKNOWN
    low, high = difference.interval()
    if low <= 0 <= high:
        return UNKNOWN
    return BETTER if (low > 0) == higher_is_better else WORSE


def predicted(first: Values, new: float) -> Difference:
    """One new value against two or more: whether it is one that another seed of these would give (a prediction bound)."""
    return Difference(new - fmean(first), math.sqrt(variance(first) * (1 + 1 / len(first))), len(first) - 1)


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of these hypotheses are rejected, if at most `level` of all families may hold one false rejection (Holm 1979)."""
    rejected = [False] * len(p_values)
    for step, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] > level / (len(p_values) - step):
            break
        rejected[place] = True
    return rejected


def certain(entries: Sequence[Values]) -> Iterator[tuple[int, int]]:
    """The pairs of entries (lower, higher) whose means differ for certain, by `PAIRWISE`.

    entries  each with the values of two seeds or more
    """
    i, j = np.triu_indices(len(entries), 1)
    value, p = _pairwise(_scaled(entries), i, j)
    for low, high, is_above, differs in zip(i.tolist(), j.tolist(), value > 0, holm(p.tolist()), strict=True):
        if differs:
            yield (low, high) if is_above else (high, low)


def _scaled(entries: Sequence[Values]) -> list[list[float]]:
    """All values times one power of two, which changes no test, so that no square is too large or too small for a float."""
    _, exponent = math.frexp(max((abs(value) for values in entries for value in values), default=0.0))
    return [[math.ldexp(value, -exponent) for value in values] for values in entries]


def _pairwise(entries: Sequence[Values], i: Indices, j: Indices) -> tuple[Numbers, Numbers]:
    """`welch(entries[i], entries[j])` of many pairs at once: the differences and their two-sided p values."""
    means = np.array([fmean(values) for values in entries])
    parts = np.array([variance(values) / len(values) for values in entries])
    freedoms = np.array([len(values) - 1 for values in entries])

    value, squared_error = means[j] - means[i], parts[i] + parts[j]
    scatters = squared_error > 0
    whole = np.where(scatters, squared_error, 1.0)
    share = parts[i] / whole
    inverse = share**2 / freedoms[i] + (1 - share) ** 2 / freedoms[j]
    return value, np.where(scatters, 2 * stdtr(1 / inverse, -np.abs(value) / np.sqrt(whole)), 1.0)


def rank_intervals(entries: Sequence[Values], higher_is_better: bool) -> list[tuple[int, int]]:
    """The best and the worst rank, from 1, that each entry can have: 1 + as many as are certainly better, and K - as many as
    are certainly worse. All intervals hold the true ranks together in at least 95 % of the cases.

    Two entries whose intervals overlap need not be equal: that two cannot be told apart does not carry over to a third.
    """
    n_better, n_worse = [0] * len(entries), [0] * len(entries)
    for lower, higher in certain(entries):
        better, worse = (higher, lower) if higher_is_better else (lower, higher)
        n_worse[better] += 1
        n_better[worse] += 1
    return [(1 + better, len(entries) - worse) for better, worse in zip(n_better, n_worse, strict=True)]
