"""Charts: of a track, the headline metric by entry, and quality against detectability; of a training, its curves; of points,
where they lie.

Drawn without pyplot or a display.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from gan_bench.records import atomic_path
from leaderboard.aggregate import Estimate, Row, Standings
from leaderboard.tables import titles

# Okabe and Ito's colours, which colour-blind readers tell apart; marks change too, in a cycle of another length.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
MARKS = ("o", "s", "^", "D", "v", "p", "X", "<")
INK, FAINT = "#333333", "#8A8A8A"
STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    "font.size": 9.5,
    "text.parse_math": False,  # names may hold "$"
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#BBBBBB",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
}
Look = dict[str, tuple[str, str]]  # label -> (colour, mark)


def looks(labels: Iterable[str]) -> Look:
    """One colour and mark a label, the same in every figure of a leaderboard."""
    return {label: (COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i, label in enumerate(sorted(set(labels)))}


def headline_chart(s: Standings, look: Look, path: Path) -> bool:
    """The headline metric of every ranked entry with its interval, and the `real` row as a line. False: nothing to draw."""
    rows = [row for row in s.rows if row.ranks is not None]
    if s.headline is None or not rows:
        return False
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(7.2, 1.25 + 0.36 * len(rows))
        for y, row in enumerate(rows):
            _point(axes, look[row.label], row.quality[s.headline], y=Estimate(float(y)))
        axes.set_yticks(range(len(rows)), [_short(row.label) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel(_axis_title(s))
        real = next((row.of(s.headline).value for row in s.rows if _is_real(row)), None)
        if real is not None:
            axes.axvline(real, color=FAINT, linestyle=(0, (4, 3)), linewidth=1.2)
            where = axes.get_xaxis_transform()
            axes.text(real, 1.02, "real", color=FAINT, ha="center", va="bottom", transform=where)
        _from_zero(axes, [row.quality[s.headline] for row in rows])
        _save(figure, path)
    return True


def detectability_chart(s: Standings, look: Look, path: Path) -> bool:
    """Headline metric (x) against the best unseen detector's AUROC (y). False: fewer than two entries have both."""
    rows = [row for row in s.rows if row.ranks is not None and row.detectability.value is not None]
    if s.headline is None or len(rows) < 2:
        return False
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(7.2, 3.9)
        for row in rows:
            _point(axes, look[row.label], row.quality[s.headline], row.detectability, label=_short(row.label))
        axes.axhline(0.5, color=FAINT, linestyle=(0, (4, 3)), linewidth=1.2)
        axes.annotate("coin toss", (1, 0.5), (0, 3), ("axes fraction", "data"), "offset points", color=FAINT, ha="right")
        axes.grid()
        axes.set_xlabel(_axis_title(s))
        axes.set_ylabel("AUROC of the best unseen detector\n(lower: harder to detect)")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        _save(figure, path)
    return True


PANELS = {  # title -> the ends of the column names of history.csv that it shows; losses take what no other panel does
    "Losses": ("",),
    "D's mean output": ("_logits",),
    "D's accuracy": ("_accuracy",),
    "Gradient norm": ("gradient",),
    "Images/s": ("images_per_second",),
}
ACROSS = 3  # panels in a row
NO_CURVE = ("step", "tflop", "kimg", "seconds")


def history_chart(history: pd.DataFrame, path: Path) -> bool:
    """The curves of one training over the real images shown to it. False: nothing to draw."""
    curves = [name for name in history.columns if name not in NO_CURVE]
    panel_of = {name: next((t for t, ends in list(PANELS.items())[1:] if name.endswith(ends)), "Losses") for name in curves}
    shown = [title for title in PANELS if title in panel_of.values()]
    if not shown or len(history) < 2:
        return False
    with matplotlib.rc_context(STYLE):
        n_rows = -(-len(shown) // ACROSS)
        figure = Figure(figsize=(3.4 * ACROSS, 2.5 * n_rows), dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        for i, title in enumerate(shown):
            axes = figure.add_subplot(n_rows, ACROSS, i + 1)
            for name, colour in zip([c for c in curves if panel_of[c] == title], COLOURS, strict=False):
                label = name.removesuffix("_logits").removesuffix("_accuracy").removesuffix("_gradient").replace("_", " ")
                axes.plot(history["kimg"], history[name], color=colour, linewidth=1.2, label=label)
            axes.set_title(title, fontsize=10, loc="left")
            axes.set_xlabel("kimg")
            axes.grid()
            if title == "Gradient norm":
                axes.set_yscale("log")
                axes.yaxis.set_major_formatter("{x:g}")  # the usual one writes mathematics
                axes.yaxis.set_minor_formatter("")
            if title != "Images/s":
                axes.legend(frameon=False, fontsize=8)
        _save(figure, path)
    return True


def scatter_chart(
    panels: Sequence[np.ndarray], centres: Sequence[Sequence[float]], sigma: float, path: Path, across: int = 5
) -> None:
    """Points (N, 2) over rings of three sigma around the true centres, a panel an array, all on one scale."""
    reach = 1.35 * max(abs(coordinate) for centre in centres for coordinate in centre)
    columns, rows = min(across, len(panels)), -(-len(panels) // across)
    side = 4.0 if len(panels) == 1 else 2.1
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(side * columns, side * rows), dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        for i, points in enumerate(panels):
            axes = figure.add_subplot(rows, columns, i + 1, aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
            axes.set(xticks=[], yticks=[])
            for x, y in centres:
                axes.add_patch(Circle((x, y), 3 * sigma, fill=False, edgecolor=COLOURS[1], linewidth=0.9))
                axes.plot(x, y, marker="+", color=COLOURS[1], markersize=4, zorder=3)
            axes.scatter(points[:, 0], points[:, 1], s=side, color=COLOURS[0], alpha=0.5, linewidths=0)
            beyond = int((np.abs(points) > reach).any(axis=1).sum())
            if beyond:
                axes.set_title(f"{beyond} of {len(points)} beyond the frame", fontsize=7, color=FAINT, loc="left")
        _save(figure, path)


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _point(axes: Axes, look: tuple[str, str], x: Estimate, y: Estimate, label: str | None = None) -> None:
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


def _is_real(row: Row) -> bool:
    return row.kind == "reference" and row.entries[0].name == "real"


def _axis_title(s: Standings) -> str:
    assert s.headline is not None
    direction = "higher" if s.headline.higher_is_better else "lower"
    return f"{titles(s.columns)[s.headline].rstrip(' ↑↓')}   ({direction} is better)"


def _from_zero(axes: Axes, estimates: Iterable[Estimate]) -> None:
    """Lengths can be compared only from zero; values below it keep the axis as it is."""
    if all(min(v for v in (e.value, e.low) if v is not None) >= 0 for e in estimates):
        axes.set_xlim(left=0)


def _short(label: str, most: int = 28) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as temporary:  # its name ends in .tmp, so the format is said; no software version inside
        figure.savefig(temporary, format="png", metadata={"Software": None})
