"""Numbers averaged over seeds, with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
from scipy.special import stdtrit

from gan_bench.core.intervals import interval

SEED_INTERVAL = "95 % t interval of the mean over seeds, within the range of the number"


@dataclass(frozen=True)
class Estimate:
    """A number averaged over seeds. Where it has no value, `unavailable` holds the reasons that the records give."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    seeds: int = 0
    unavailable: tuple[str, ...] = ()


def over_seeds(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], Estimate]:
    """One estimate for each group of rows that agree in `keys`; a row that lacks one of the keys is left out."""
    return {key: _estimate(group) for key, group in cast(Any, frame.groupby(keys))}


def _estimate(group: pd.DataFrame) -> Estimate:
    """The mean. From two seeds on: with an interval over them; with one: with the record's own, if it has one."""
    valued = group[group["value"].notna()]
    reasons = tuple(sorted(set(group["unavailable"].dropna())))
    n, values = len(valued), valued["value"]
    if n == 0:
        return Estimate(unavailable=reasons)

    only, mean = valued.iloc[0], float(values.mean())
    if n > 1:
        low, high = _seed_interval(values, float(only["least"]), float(only["most"]))
        return Estimate(mean, low, high, SEED_INTERVAL, n, reasons)

    if pd.isna(only["low"]):
        return Estimate(mean, seeds=1, unavailable=reasons)
    return Estimate(mean, float(only["low"]), float(only["high"]), only["interval_method"], 1, reasons)


def _seed_interval(values: pd.Series[float], least: float, most: float) -> tuple[float, float]:
    """The ends of the 95 % t interval of the mean of two values or more; of equal ones it has no width.

    least, most  the range that the number can have; not a number: no bound
    """
    mean = float(values.mean())
    if values.nunique() == 1:
        return mean, mean

    n = len(values)
    error, quantile = float(values.std(ddof=1)) / math.sqrt(n), float(stdtrit(n - 1, 0.975))  # of Student's t
    return interval(mean, error, None if math.isnan(least) else least, None if math.isnan(most) else most, quantile)
