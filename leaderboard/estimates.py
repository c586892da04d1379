"""Numbers averaged over seeds, with their intervals."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from operator import itemgetter
from statistics import fmean
from typing import Any, NamedTuple

from scipy.special import stdtrit

from gan_bench.core.intervals import interval
from gan_bench.leaderboard.frames import FIELDS, Number

SEED_INTERVAL = "95 % t interval of the mean over seeds, within the range of the number"


class Estimate(NamedTuple):
    """A number averaged over seeds.

    values       those of the seeds that have one
    unavailable  the reasons that the records give where there is none
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    values: tuple[float, ...] = ()
    unavailable: tuple[str, ...] = ()

    @property
    def seeds(self) -> int:
        """How many seeds have a value."""
        return len(self.values)


def over_seeds(frame: Iterable[Number], keys: Sequence[str]) -> dict[tuple[Any, ...], Estimate]:
    """One estimate for each group of numbers that agree in the fields `keys`, in the order of the first of each.

    A number that lacks one of the fields is left out.
    """
    pick = itemgetter(*(FIELDS.index(key) for key in keys))
    groups: dict[Any, list[Number]] = defaultdict(list)
    for number in frame:
        groups[pick(number)].append(number)

    whole = groups if len(keys) > 1 else {(key,): numbers for key, numbers in groups.items()}  # of one field no tuple is made
    return {key: _estimate(numbers) for key, numbers in whole.items() if None not in key}


def _estimate(numbers: Sequence[Number]) -> Estimate:
    """The mean. From two seeds on: with an interval over them; with one: with the record's own, if it has one."""
    values = tuple([number.value for number in numbers if number.value is not None])
    reasons = {number.unavailable for number in numbers if number.unavailable is not None}
    unavailable = tuple(sorted(reasons)) if reasons else ()
    if not values:
        return Estimate(unavailable=unavailable)

    if len(values) == 1:
        only = next(number for number in numbers if number.value is not None)
        method = None if only.low is None else only.interval_method
        return Estimate(only.value, only.low, only.high, method, values, unavailable)

    mean, low, high = _mean_and_interval(values, numbers[0].least, numbers[0].most)
    if low == high:
        return Estimate(mean, values=values, unavailable=unavailable)
    return Estimate(mean, low, high, SEED_INTERVAL, values, unavailable)


def _mean_and_interval(values: Sequence[float], least: float | None, most: float | None) -> tuple[float, float, float]:
    """The mean of two values or more, and the ends of its 95 % t interval; both are the mean where nothing scatters, which says
    nothing of the next seed, or where a float cannot hold them.

    least, most  the range that the number can have; None: no bound
    """
    n, mean = len(values), _mean(values)
    if values.count(values[0]) == n:
        return mean, mean, mean

    deviations = [value - mean for value in values]
    squared_error = sum([deviation * deviation for deviation in deviations]) / (n - 1) / n
    if not 0 < squared_error < math.inf:
        return mean, mean, mean
    return mean, *interval(mean, math.sqrt(squared_error), least, most, _quantile(n - 1))


def _mean(values: Sequence[float]) -> float:
    try:
        return fmean(values)
    except OverflowError:  # a float cannot hold their sum
        return math.fsum(value / len(values) for value in values)


@cache
def _quantile(freedom: int) -> float:
    """Of Student's t, at 97.5 %."""
    return float(stdtrit(freedom, 0.975))
