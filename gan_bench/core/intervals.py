"""95 % intervals that stay within the range of their number, for the scorer and for the leaderboard. Needs no torch."""

from __future__ import annotations

import math

NORMAL_95 = 1.96


def interval(
    value: float, error: float, least: float | None = None, most: float | None = None, quantile: float = NORMAL_95
) -> tuple[float, float]:
    """The ends of value +- quantile * error; of a share Wilson's, and cut off at the ends of any other range.

    error        standard error of the value, above 0
    least, most  the range that the number can have; None: no bound. One with both ends is a share of what lies between them.
    """
    if least is not None and most is not None and least < value < most:
        size = most - least
        low, high = wilson((value - least) / size, error / size, quantile)
        return least + size * low, least + size * high

    low, high = value - quantile * error, value + quantile * error
    return max(low, -math.inf if least is None else least), min(high, math.inf if most is None else most)


def wilson(share: float, error: float, quantile: float = NORMAL_95) -> tuple[float, float]:
    """The score interval of a share between 0 and 1, both excluded (Wilson 1927), from the standard error of the share.

    It is the interval of a share among n = share (1 - share) / error^2 independent cases, so that it also serves a share whose
    cases depend on each other.
    """
    n = share * (1 - share) / error**2
    spread = quantile**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = quantile * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return middle - half, middle + half
