"""Draws a chart: one function for each kind, and what stands in `Chart.data` of that kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from gan_bench.leaderboard.charts.base import FAINT, Chart, short
from gan_bench.leaderboard.charts.canvas import DASHED, SVG_STYLE, SWAPS, WHITE, Canvas, colour_of, widest
from gan_bench.leaderboard.charts.markup import inline
from gan_bench.leaderboard.charts.plots import plot
from gan_bench.leaderboard.charts.scales import scale

WIDTH = 360  # px: what a telephone shows without making it smaller
ROW, CLASS_ROW = 22, 18  # px, of an entry in a list
WIDEST_BESIDE_CELLS = 110.0  # px, of the labels of a table
NARROWEST = 180.0  # px, so that what rows and columns are fits above a table
BESIDE = 10  # px, between a label and the axis, so that a mark at 0 covers no text
REAL, FAKE, MISSED = 0, 1, 1  # colours


def draw(chart: Chart, key: str) -> str:
    """The <svg> element of a chart; all its ids begin with `key`."""
    with matplotlib.rc_context(SVG_STYLE):
        canvas = DRAWN[chart.kind](chart.data)
        return inline(canvas.svg(), key, chart.title, chart.alt, canvas.tips, SWAPS)


def _intervals(data: dict[str, Any]) -> Canvas:
    """A mark and its interval for each entry, one below the other.

    text  of the axis
    rows  from the top: {"label", "value", "ends", "colour", "mark", "tip"}
    real  where a line marks the real images; None: nowhere
    """
    rows = data["rows"]
    labels = [short(row["label"]) for row in rows]
    canvas = Canvas(WIDTH, ROW * len(rows) + 62)
    axes = canvas.axes(left=widest(labels) + BESIDE + 4, top=22, right=14, bottom=40)

    real = [] if data["real"] is None else [data["real"]]
    ends = [end for row in rows for end in (row["value"], *(row["ends"] or []))]
    values = [*ends, *real]
    canvas.set_scale(axes, "x", scale([*values, 0.0] if min(values) >= 0 else values), data["text"])
    axes.set(yticks=range(len(rows)), yticklabels=labels, ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(axis="y", pad=BESIDE)

    if real:
        axes.axvline(real[0], color=colour_of(FAINT), linestyle=DASHED, linewidth=1.2, clip_on=False)
        axes.annotate(
            "real", (real[0], 1), (0, 5), ("data", "axes fraction"), "offset points", color=colour_of(FAINT), ha="center"
        )
    for y, row in enumerate(rows):
        _draw_interval(canvas, axes, row, y)
    return canvas


def _draw_interval(canvas: Canvas, axes: Axes, row: dict[str, Any], y: int) -> None:
    look: Any = {"color": colour_of(row["colour"]), "clip_on": False}
    if row["ends"]:
        [bar] = axes.plot(row["ends"], [y, y], linewidth=2, alpha=0.6, **look)
        canvas.tip(bar, [row["tip"]])
    [mark] = axes.plot([row["value"]], [y], row["mark"], markersize=8.5, markeredgecolor=WHITE, **look)
    canvas.tip(mark, [row["tip"]])


def _heat(data: dict[str, Any]) -> Canvas:
    """A table of numbers from 0 to 1 with coloured cells.

    rows, columns  labels
    values         one list for each row; None: there is no number
    row_text, column_text  what rows and columns are
    """
    rows, columns = ([short(text, WIDEST_BESIDE_CELLS) for text in data[name]] for name in ("rows", "columns"))
    left, top = widest(rows) + 8, widest(columns) + 26
    side = min(44.0, (WIDTH - left - 4) / len(columns))
    height = min(side, 30.0)
    canvas = Canvas(max(NARROWEST, left + 4 + side * len(columns)), top + 4 + height * len(rows))
    axes = canvas.axes(left, top, right=canvas.width - left - side * len(columns), bottom=4)
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0), xticks=[], yticks=[])

    for y, label in enumerate(rows):
        axes.annotate(label, (0, y + 0.5), (-6, 0), "data", "offset points", ha="right", va="center")
    for x, label in enumerate(columns):
        look: Any = {"rotation": 90, "rotation_mode": "anchor", "va": "center"}
        axes.annotate(label, (x + 0.5, 0), (0, 5), "data", "offset points", **look)
    corner = f"{data['row_text']} ↓  {data['column_text']} →"
    canvas.figure.text(0, 1 - 12 / canvas.height, corner, color=colour_of(FAINT))
    _draw_cells(canvas, axes, data["values"], side, lambda x, y: f"{short(data['rows'][y])} → {short(data['columns'][x])}")
    return canvas


def _draw_cells(
    canvas: Canvas, axes: Axes, values: list[list[float | None]], side: float, names: Callable[[int, int], str]
) -> None:
    known = [(x, y, value) for y, row in enumerate(values) for x, value in enumerate(row) if value is not None]
    heats = [0.06 + 0.5 * min(1.0, max(0.0, 2 * value - 1)) for *_, value in known]  # ink can be read on the hottest
    cells = PolyCollection(
        [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for x, y, _ in known],
        facecolors=[(colour_of(1), heat) for heat in heats], edgecolors=WHITE, linewidths=1, clip_on=False,
    )  # fmt: skip
    axes.add_collection(cells, autolim=False)
    canvas.tip(cells, [f"{names(x, y)}: {value:.3f}" for x, y, value in known])

    if side >= 20:  # below that the numbers would run into one another; hovering shows them
        for x, y, value in known:
            text = f"{value:.2f}" if side >= 30 else f"{value:.2f}".removeprefix("0")[:3]
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center")


def _shares(data: dict[str, Any]) -> Canvas:
    """Shares of two image sets, one row for each class: a mark for the fakes, a bar for the reals.

    rows  from the top: {"label", "fake", "real", "missing", "tip"}; real: None where there are no reals
    """
    rows = data["rows"]
    labels = [short(row["label"]) for row in rows]
    canvas = Canvas(WIDTH, CLASS_ROW * len(rows) + 46)
    axes = canvas.axes(left=widest(labels) + BESIDE + 4, top=6, right=14, bottom=40)
    shown = [100 * share for row in rows for share in (row["fake"], row["real"]) if share is not None]
    canvas.set_scale(axes, "x", scale([0.0, *shown]), data["text"])
    axes.set(yticks=range(len(rows)), yticklabels=labels, ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(axis="y", pad=BESIDE)

    for y, row in enumerate(rows):
        if row["real"] is not None:
            ends = [100 * row["real"], 100 * row["fake"]]
            axes.plot(ends, [y, y], color=colour_of(FAINT), linewidth=1.2, alpha=0.6, clip_on=False)
            axes.plot(ends[:1], [y], "|", color=colour_of(REAL), markersize=13, markeredgewidth=3, clip_on=False)
        mark, size = ("X", 9) if row["missing"] else ("o", 8)
        [fake] = axes.plot(
            [100 * row["fake"]], [y], mark, color=colour_of(FAKE), markersize=size, markeredgecolor=WHITE, clip_on=False
        )
        canvas.tip(fake, [row["tip"]])
    return canvas


def _modes(data: dict[str, Any]) -> Canvas:
    """Points of the plane over the modes that they should fill.

    points   [x, y] of those inside the frame
    centres  [x, y] of the modes; missed: whether nothing lies within `radius` of each
    reach    the frame is from -reach to reach
    """
    side = 300
    canvas = Canvas(side, side)
    axes = canvas.axes(6, 6, 6, 6)
    axes.set(xlim=(-data["reach"], data["reach"]), ylim=(-data["reach"], data["reach"]), xticks=[], yticks=[])
    for (x, y), missed in zip(data["centres"], data["missed"], strict=True):
        look: Any = {"edgecolor": colour_of(MISSED if missed else FAINT), "linewidth": 1.6 if missed else 1}
        ring = Circle((x, y), data["radius"], fill=False, clip_on=False, **look)
        axes.add_patch(ring)
        if missed:
            [cross] = axes.plot([x], [y], "X", color=colour_of(MISSED), markersize=9, markeredgecolor=WHITE, clip_on=False)
            canvas.tip(cross, [f"missed: no point near ({x:.3g}, {y:.3g})"])

    twice = [point for point in data["points"] for _ in range(2)]
    if twice:  # lines of no length with round ends, since a mark for each point would take four times the bytes
        path = Path(twice, [Path.MOVETO, Path.LINETO] * (len(twice) // 2))
        dots = PathPatch(path, edgecolor=colour_of(0), fill=False, capstyle="round", linewidth=2.4, alpha=0.6, clip_on=False)
        axes.add_artist(dots)
    return canvas


DRAWN: dict[str, Callable[[dict[str, Any]], Canvas]] = {
    "plot": plot, "intervals": _intervals, "heat": _heat, "shares": _shares, "modes": _modes,
}  # fmt: skip
