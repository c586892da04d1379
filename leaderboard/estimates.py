"""Numbers averaged over seeds, with their intervals."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from statistics import fmean, mean, stdev
from typing import Any

from scipy.special import stdtrit

from gan_bench.core.intervals import interval
from gan_bench.leaderboard.frames import FIELDS, Number

SEED_INTERVAL = "95 % t interval of the mean over seeds, within the range of the number"


@dataclass(frozen=True)
class Estimate:
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
    values = tuple(number.value for number in numbers if number.value is not None)
    reasons = tuple(sorted({number.unavailable for number in numbers if number.unavailable is not None}))
    if not values:
        return Estimate(unavailable=reasons)

    only = next(number for number in numbers if number.value is not None)
    if len(values) == 1:
        method = None if only.low is None else only.interval_method
        return Estimate(only.value, only.low, only.high, method, values, reasons)

    low, high = _seed_interval(values, only.least, only.most)
    if low == high or not math.isfinite(high - low):
        return Estimate(_mean(values), values=values, unavailable=reasons)
    return Estimate(_mean(values), low, high, SEED_INTERVAL, values, reasons)


def _mean(values: Sequence[float]) -> float:
    try:
        return fmean(values)
    except OverflowError:  # their sum is too large for a float
        return mean(values)


def _seed_interval(values: Sequence[float], least: float | None, most: float | None) -> tuple[float, float]:
    """The ends of the 95 % t interval of the mean of two values or more. Equal values say nothing of their scatter: then both
    ends are the mean.

    least, most  the range that the number can have; None: no bound
    """
    if len(set(values)) == 1:
        return values[0], values[0]

    error = stdev(values) / math.sqrt(len(values))
    return interval(_mean(values), error, least, most, _quantile(len(values) - 1))


@cache
def _quantile(freedom: int) -> float:
    """Of Student's t, at 97.5 %."""
    return float(stdtrit(freedom, 0.975))
