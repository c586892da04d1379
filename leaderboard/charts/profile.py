"""The chart of one order over several datasets."""

from __future__ import annotations

import math

from gan_bench.leaderboard.charts.base import (
    Chart,
    Charts,
    LegendItem,
    Look,
    axis,
    legend,
    listed,
    look_of,
    plot,
    series,
    short,
)
from gan_bench.leaderboard.profile import SHOWN_TAUS, Curve, Profile

LEAST_END = 1.5  # of the axis
BEYOND = 1.05  # times the largest factor, where the axis ends


def profile_charts(profile: Profile, look: Look) -> Charts:
    """The share of datasets within a factor of the best entry, for each variant of a task; shaded from seed to seed."""
    finite = [f for curve in profile.curves for seed in curve.factors for f in seed if math.isfinite(f)]
    end = max([LEAST_END, *finite]) * BEYOND
    drawn = [_steps(curve, look_of(look, curve.label), end) for curve in profile.curves]
    tau = SHOWN_TAUS[1]
    shares = [f"{short(curve.label)} {curve.share(tau):.0%}" for curve in profile.curves]

    data = plot(
        axis("times worse than the best entry", log=True),
        axis(f"share of {len(profile.datasets)} datasets", [0.0, 1.0]),
        drawn,
    )
    what = f"The share of datasets in which an entry is at most {tau:g} times worse than the best one"
    alt = f"{profile.heading}. {what}: {listed(shares)}"
    note = (
        "A line is the share of datasets in which an entry comes so near to the best one: higher is better. Shaded: its seeds."
    )
    lines = tuple(item._replace(mark="-") for item in legend((curve.label for curve in profile.curves), look))
    return Charts(profile.heading, note, lines, (Chart("plot", "", alt, data),))


def _steps(curve: Curve, item: LegendItem, end: float) -> dict[str, object]:
    """A curve as a line of steps, which change where a seed has a factor."""
    taus = sorted({1.0, end, *(f for seed in curve.factors for f in seed if 1 < f < end)})
    x = [tau for tau in taus for _ in range(2)][1:]
    places = [tau for tau in taus[:-1] for _ in range(2)] + taus[-1:]  # the share holds until the next one
    lows, highs = zip(*(curve.span(tau) for tau in places), strict=True)
    band = {} if lows == highs else {"band": [x, list(lows), list(highs)]}
    return series(x, [curve.share(tau) for tau in places], item._replace(mark="-"), [short(curve.label)], **band)
