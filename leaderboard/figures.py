"""The charts of a track: the headline metric of each entry, and quality against detectability."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes

from gan_bench.core.charts import COLOURS, FAINT, STYLE, new_figure, save_figure
from gan_bench.leaderboard.columns import Column, titles
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.standings import Row, Standings

MARKS = ("o", "s", "^", "D", "v", "p", "X", "<")  # as many as do not divide the number of colours
WIDTH, DPI = 7.2, 160  # inches, dots per inch
DASHED: Any = (0, (4, 3))
LONGEST = 28  # characters of a label

Look = dict[str, tuple[str, str]]  # label -> (colour, mark)


def looks(labels: Iterable[str]) -> Look:
    """One colour and one mark for each label, the same in every figure of a leaderboard."""
    return {label: (COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i, label in enumerate(sorted(set(labels)))}


def headline_chart(s: Standings, look: Look, path: Path) -> bool:
    """The headline metric of every ranked entry with its interval, and the `real` row as a line. False: nothing to draw."""
    rows = [row for row in s.rows if row.ranks is not None]
    if s.headline is None or not rows:
        return False

    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH, 1.25 + 0.36 * len(rows), DPI)
        axes = figure.add_subplot()
        for y, row in enumerate(rows):
            _draw_point(axes, look[row.label], row.quality[s.headline], y=Estimate(float(y)))

        axes.set_yticks(range(len(rows)), [_shortened(row.label) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel(_axis_title(s, s.headline))

        _draw_real(axes, s.rows, s.headline)
        _start_at_zero(axes, [row.quality[s.headline] for row in rows])
        save_figure(figure, path)
    return True


def detectability_chart(s: Standings, look: Look, path: Path) -> bool:
    """Headline metric (x) against the best unseen detector's AUROC (y). False: fewer than two entries have both."""
    rows = [row for row in s.rows if row.ranks is not None and row.detectability.value is not None]
    if s.headline is None or len(rows) < 2:
        return False

    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH, 3.9, DPI)
        axes = figure.add_subplot()
        for row in rows:
            _draw_point(axes, look[row.label], row.quality[s.headline], row.detectability, label=_shortened(row.label))

        axes.axhline(0.5, color=FAINT, linestyle=DASHED, linewidth=1.2)
        axes.annotate("coin toss", (1, 0.5), (0, 3), ("axes fraction", "data"), "offset points", color=FAINT, ha="right")

        axes.grid()
        axes.set_xlabel(_axis_title(s, s.headline))
        axes.set_ylabel("AUROC of the best unseen detector\n(lower: harder to detect)")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        save_figure(figure, path)
    return True


def _draw_point(axes: Axes, look: tuple[str, str], x: Estimate, y: Estimate, label: str | None = None) -> None:
    colour, mark = look
    where: Any = {"x": [x.value], "y": [y.value], "xerr": _arms(x), "yerr": _arms(y)}
    axes.errorbar(
        **where,
        fmt=mark,
        label=label,
        color=colour,
        ecolor=(colour, 0.55),
        elinewidth=1.8,
        markersize=9,
        markeredgecolor="white",
    )


def _arms(e: Estimate) -> list[list[float]] | None:
    """Lengths of the two arms of an interval. A bootstrap interval need not hold the value: such an arm has no length."""
    if e.value is None or e.low is None or e.high is None:
        return None
    return [[max(0.0, e.value - e.low)], [max(0.0, e.high - e.value)]]


def _draw_real(axes: Axes, rows: Iterable[Row], headline: Column) -> None:
    """A vertical line at the value of the reference row `real`."""
    reals = [row.of(headline).value for row in rows if row.kind == "reference" and row.entries[0].name == "real"]
    if not reals or reals[0] is None:
        return

    axes.axvline(reals[0], color=FAINT, linestyle=DASHED, linewidth=1.2)
    where = axes.get_xaxis_transform()
    axes.text(reals[0], 1.02, "real", color=FAINT, ha="center", va="bottom", transform=where)


def _axis_title(s: Standings, headline: Column) -> str:
    direction = "higher" if headline.higher_is_better else "lower"
    return f"{titles(s.columns)[headline].rstrip(' ↑↓')}   ({direction} is better)"


def _start_at_zero(axes: Axes, estimates: Iterable[Estimate]) -> None:
    """Lengths can be compared only from zero; with values below it, the axis stays as it is."""
    ends = [end for e in estimates for end in (e.value, e.low) if end is not None]
    if min(ends) >= 0:
        axes.set_xlim(left=0)


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
