"""Where an axis begins and ends, and which of its values are named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

MOST_TICKS = 6
PADDING = 0.05  # of the length of an axis, beside the outermost values
_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))  # within a power of ten, coarse to fine


class Scale(NamedTuple):
    """The ends of an axis, and the values that are named on it."""

    low: float
    high: float
    ticks: list[float]
    labels: list[str]
    log: bool


def scale(values: Sequence[float], log: bool = False, ticks: Sequence[float] | None = None) -> Scale:
    """An axis that shows all values, with room beside them, but not below 0 where that is the lowest.

    log    all values are above 0
    ticks  the values to name; None: a few round ones
    """
    low, high = min(values), max(values)
    if log:
        share = (high / low) ** PADDING if high > low else 1.5
        low, high = low / share, high * share
        found = _log_ticks(low, high)
    else:
        room = (high - low) * PADDING or abs(high) * 0.5 or 1.0
        low, high = (0.0 if low == 0 else low - room), high + room
        found = _ticks(low, high)
    shown = found if ticks is None else list(ticks)
    return Scale(low, high, shown, [named(tick) for tick in shown], log)


def named(value: float) -> str:
    """A round number without needless digits: "0.5", "1500", "2e-5"."""
    text = f"{value:.6g}"
    if "e" not in text:
        return text
    digits, power = text.split("e")
    return f"{digits}e{int(power)}"


def _ticks(low: float, high: float) -> list[float]:
    found = MaxNLocator(nbins=MOST_TICKS - 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    # + 0.0: no "-0"
    return [round(float(tick), 12) + 0.0 for tick in found if low <= tick <= high]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        found = [float(f"{step * 10.0**power:.6g}") for power in powers for step in steps]
        inside = [tick for tick in found if low <= tick <= high]
        if len(inside) >= 3:
            return inside[:: -(-len(inside) // MOST_TICKS)]
    return _ticks(low, high)
