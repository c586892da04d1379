"""Numbers averaged over seeds, with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
from scipy.special import stdtrit

SEED_INTERVAL = "95 % t interval of the mean over seeds"


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
    """The mean. From two seeds on: with a 95 % t interval of the mean; with one: with the record's own, if it has one."""
    valued = group[group["value"].notna()]
    reasons = tuple(sorted(set(group["unavailable"].dropna())))
    n, values = len(valued), valued["value"]
    if n == 0:
        return Estimate(unavailable=reasons)

    mean = float(values.mean())
    if n > 1:
        half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1)) / math.sqrt(n)  # stdtrit: quantile of Student's t
        return Estimate(mean, mean - half, mean + half, SEED_INTERVAL, n, reasons)

    only = valued.iloc[0]
    if pd.isna(only["low"]):
        return Estimate(mean, seeds=1, unavailable=reasons)
    return Estimate(mean, float(only["low"]), float(only["high"]), only["interval_method"], 1, reasons)
