"""The charts of a track: the headline metric of each entry, quality against detectability, detection of damaged images;
and profiles over tracks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_bench.core.charts import COLOURS, FAINT, STYLE, new_figure, save_figure
from gan_bench.leaderboard.cells import FLATTERED
from gan_bench.leaderboard.columns import Column, titles
from gan_bench.leaderboard.detections import HEADLINE_TIERS, Detected
from gan_bench.leaderboard.detector_tables import damaged
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.profile import Profile
from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.standings import Standings

MARKS = ("o", "s", "^", "D", "v", "p", "X", "<")  # as many as do not divide the number of colours
WIDTH, DPI = 7.2, 160  # inches, dots per inch
DASHED: Any = (0, (4, 3))
LONGEST = 28  # characters of a label
TAU_TICKS = (1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000)
ACROSS = 4  # panels in a row of the chart of damage

Look = dict[str, tuple[str, str]]  # label -> (colour, mark)


def looks(labels: Iterable[str]) -> Look:
    """One colour and one mark for each label, the same in every figure of a leaderboard."""
    return {label: (COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i, label in enumerate(sorted(set(labels)))}


def headline_chart(s: Standings, look: Look, path: Path) -> bool:
    """Every variant's headline metric with its interval, one panel for each task, and the `real` row as a line.

    False: nothing to draw.
    """
    tasks = by_task(row for row in s.rows if row.of(row.headline).value is not None)
    if not tasks:
        return False

    heights = [len(rows) + 2.2 for rows in tasks.values()]  # in lines of 0.36 inches, with room for the axis
    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH, 0.46 + 0.36 * sum(heights), DPI)
        for (task, rows), axes in zip(tasks.items(), _panels(figure, heights), strict=True):
            if len(tasks) > 1:
                axes.set_title(task_words(task), fontsize=10, loc="left", pad=18)  # above the name of the line of the reals
            _draw_headlines(axes, rows, look)
            headline = _headline(axes, rows[0], s)
            _draw_real(axes, s.rows, headline)
            _start_at_zero(axes, [row.of(headline) for row in rows])
        save_figure(figure, path)
    return True


def detectability_chart(s: Standings, look: Look, path: Path) -> bool:
    """Headline metric (x) against detectability (y): a row of panels for each headline, a panel in it for each tier.

    False: fewer than two variants have both.
    """
    groups: dict[Column | None, list[Row]] = {}
    for row in s.rows:
        if row.kind == "variant" and row.of(row.headline).value is not None and row.detector:
            groups.setdefault(row.headline, []).append(row)
    tiers = [tier for tier in HEADLINE_TIERS if any(tier in row.detector for rows in groups.values() for row in rows)]
    if not tiers or sum(map(len, groups.values())) < 2:
        return False

    with matplotlib.rc_context(STYLE):
        figure = new_figure(3.2 + 4.0 * len(tiers), 0.9 + 3.0 * len(groups), DPI)
        grid = figure.subplots(len(groups), len(tiers), sharex="row", sharey=True, squeeze=False)  # AUROCs can be compared
        for rows, panels in zip(groups.values(), grid, strict=True):
            for tier, axes in zip(tiers, panels, strict=True):
                axes.set_title(tier, fontsize=10, loc="left")
                _draw_detectability(axes, [row for row in rows if tier in row.detector], tier, look)
                _headline(axes, rows[0], s)
            panels[0].set_ylabel("Detectability, at least:\nAUROC of a detector that never saw it")
            _legend(panels)
        save_figure(figure, path)
    return True


def robustness_chart(s: Standings, path: Path) -> bool:
    """AUROC (y) over severity (x), a panel for each corruption and a line for each detector. False: nothing to draw."""
    found = damaged(s)
    corruptions = list(dict.fromkeys(corruption for by_corruption in found.values() for corruption in by_corruption))
    if not corruptions:
        return False

    look, n_rows = looks(found), -(-len(corruptions) // ACROSS)
    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH + 3.0, 0.5 + 1.9 * n_rows)
        grid = figure.subplots(n_rows, ACROSS, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(corruptions) :]:
            axes.set_visible(False)
        for axes in grid.flat[max(0, len(corruptions) - ACROSS) : len(corruptions)]:  # below them is no panel
            axes.tick_params(labelbottom=True)

        for corruption, axes in zip(corruptions, grid.flat, strict=False):  # the grid may have panels left
            for detector, by_corruption in found.items():
                _draw_damage(axes, by_corruption.get(corruption, {}), detector, look)
            _finish_damage(axes, corruption)
        handles = {label: h for axes in grid.flat for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="outside right upper", frameon=False, fontsize=8)
        figure.supxlabel("Severity; 0: undamaged", fontsize=9.5)
        figure.supylabel("AUROC", fontsize=9.5)
        save_figure(figure, path)
    return True


def profile_chart(profile: Profile, look: Look, path: Path) -> None:
    """The share of datasets within a factor tau of the best entry, for each variant of a task; shaded from seed to seed."""
    finite = [f for curve in profile.curves for seed in curve.factors for f in seed if math.isfinite(f)]
    taus = np.geomspace(1, max([1.5, *finite]) * 1.05, 200)
    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH, 3.4, DPI)
        axes = figure.subplots()
        for curve in profile.curves:
            colour, _ = look[curve.label]
            lows, highs = zip(*(curve.span(tau) for tau in taus), strict=True)
            axes.step(taus, [curve.share(tau) for tau in taus], where="post", color=colour, label=_short(curve.label))
            axes.fill_between(taus, lows, highs, step="post", color=colour, alpha=0.12, linewidth=0)
        axes.set_xscale("log")
        ticks = [tick for tick in TAU_TICKS if tick <= taus[-1]]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("tau: times worse than the best entry")
        axes.set_ylabel(f"share of {len(profile.datasets)} datasets")
        axes.grid()
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        save_figure(figure, path)


def _panels(figure: Figure, heights: Sequence[float]) -> list[Axes]:
    """Panels of these heights, from the top."""
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    return [figure.add_subplot(grid[i]) for i in range(len(heights))]


def _draw_headlines(axes: Axes, rows: Sequence[Row], look: Look) -> None:
    for y, row in enumerate(rows):
        _draw_point(axes, look[row.label], row.of(row.headline), y=Estimate(float(y)))

    axes.set_yticks(range(len(rows)), [_name(row) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def _draw_detectability(axes: Axes, rows: Iterable[Row], tier: str, look: Look) -> None:
    for row in rows:
        _draw_point(axes, look[row.label], row.of(row.headline), row.detectability[tier], label=_name(row))
    axes.axhline(0.5, color=FAINT, linestyle=DASHED, linewidth=1.2)
    axes.annotate("coin toss", (1, 0.5), (0, 3), ("axes fraction", "data"), "offset points", color=FAINT, ha="right")
    axes.grid()


def _legend(panels: Sequence[Axes]) -> None:
    """One legend for a row of panels, right of it."""
    handles = {label: h for axes in panels for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    panels[-1].legend(handles.values(), handles.keys(), loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def _draw_damage(axes: Axes, by_severity: dict[int, Detected], detector: str, look: Look) -> None:
    """The line of one detector in one panel."""
    points = sorted((severity, d.auroc.value) for severity, d in by_severity.items() if d.auroc.value is not None)
    if points:
        severities, aurocs = zip(*points, strict=True)
        colour, mark = look[detector]
        axes.plot(severities, aurocs, color=colour, marker=mark, markersize=3.5, linewidth=1.2, label=_short(detector))


def _finish_damage(axes: Axes, corruption: str) -> None:
    axes.set_title(_short(corruption), fontsize=9.5, loc="left")
    axes.axhline(0.5, color=FAINT, linestyle=DASHED, linewidth=1.0)
    axes.set_xticks(range(6))
    axes.grid()


def _headline(axes: Axes, row: Row, s: Standings) -> Column:
    """Name the x axis after the headline of the row's task, and return it. The row has a value there."""
    assert row.headline is not None
    direction = "higher" if row.headline.higher_is_better else "lower"
    axes.set_xlabel(f"{titles(s.columns)[row.headline].rstrip(' ↑↓')}   ({direction} is better)")
    return row.headline


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


def _start_at_zero(axes: Axes, estimates: Iterable[Estimate]) -> None:
    """Lengths can be compared only from zero; with values below it, the axis stays as it is."""
    ends = [end for e in estimates for end in (e.value, e.low) if end is not None]
    if min(ends) >= 0:
        axes.set_xlim(left=0)


def _name(row: Row) -> str:
    """Its label, shortened; marked where its loss uses the extractor of the headline."""
    shown = _short(row.label)
    return shown + FLATTERED if row.trained_against(row.headline) else shown


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
