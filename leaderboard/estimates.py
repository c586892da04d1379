"""Numbers averaged over seeds, with their intervals."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any, NamedTuple

import pandas as pd
from scipy.special import stdtrit

from gan_bench.core.intervals import interval

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


class Number(NamedTuple):
    """One number of one seed, as `frames` has it. What is missing is not a number, or None."""

    value: float
    low: float
    high: float
    interval_method: str
    least: float
    most: float
    unavailable: str


def over_seeds(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], Estimate]:
    """One estimate for each group of rows that agree in `keys`, sorted; a row that lacks one of the keys is left out."""
    found = frame.dropna(subset=keys).reindex(columns=[*keys, *Number._fields])
    groups: dict[tuple[Any, ...], list[Number]] = defaultdict(list)
    for row in zip(*(found[name].tolist() for name in found.columns), strict=True):  # faster than groups of pandas by far
        groups[row[: len(keys)]].append(Number(*row[len(keys) :]))
    return {key: _estimate(groups[key]) for key in sorted(groups)}


def _estimate(numbers: list[Number]) -> Estimate:
    """The mean. From two seeds on: with an interval over them; with one: with the record's own, if it has one."""
    valued = [number for number in numbers if not pd.isna(number.value)]
    reasons = tuple(sorted({number.unavailable for number in numbers if not pd.isna(number.unavailable)}))
    if not valued:
        return Estimate(unavailable=reasons)

    only, values = valued[0], tuple(number.value for number in valued)
    estimate = Estimate(fmean(values), values=values, unavailable=reasons)
    if len(values) > 1:
        low, high = _seed_interval(values, only.least, only.most)
        return estimate if low == high else replace(estimate, low=low, high=high, method=SEED_INTERVAL)
    if pd.isna(only.low):
        return estimate
    return replace(estimate, low=only.low, high=only.high, method=only.interval_method)


def _seed_interval(values: Sequence[float], least: float, most: float) -> tuple[float, float]:
    """The ends of the 95 % t interval of the mean of two values or more. Equal values say nothing of their scatter: then both
    ends are the mean.

    least, most  the range that the number can have; not a number: no bound
    """
    if len(set(values)) == 1:
        return values[0], values[0]

    n = len(values)
    error, quantile = stdev(values) / math.sqrt(n), float(stdtrit(n - 1, 0.975))  # of Student's t
    bounds = (None if math.isnan(least) else least, None if math.isnan(most) else most)
    return interval(fmean(values), error, *bounds, quantile)
