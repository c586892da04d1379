"""95 % intervals that stay within the range of their number, for the scorer and for the leaderboard. Needs no torch."""

from __future__ import annotations

import math

NORMAL_95 = 1.96
SHARE = (0, 1)  # least and most


def interval(
    value: float, error: float, least: float | None = None, most: float | None = None, quantile: float = NORMAL_95
) -> tuple[float, float]:
    """The ends of value +- quantile * error, cut off at the ends of the number's range; of a share, from 0 to 1, Wilson's.

    error        standard error of the value, above 0
    least, most  the range that the number can have; None: no bound
    """
    if (least, most) == SHARE and 0 < value < 1:
        return wilson(value, error, quantile)

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
