"""The chart of a history of checks: what decides, over time, relative to the first check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from gan_bench.core.charts import COLOURS, STYLE, new_figure, save_figure

MARKS = {"pass": "o", "inconclusive": "s", "regressed": "X"}


def draw_trend(history: list[dict[str, Any]], path: Path) -> None:
    """One line for each entry and metric, with a mark for each verdict; 1 is the first value that it had."""
    lines: dict[str, list[tuple[int, float, str]]] = {}
    for place, check in enumerate(history, 1):
        for one in check["values"]:
            if one["new"] is not None:
                lines.setdefault(f"{one['entry']} {one['metric']}", []).append((place, one["new"], one["verdict"]))

    with matplotlib.rc_context(STYLE):
        figure = new_figure(7.2, 3.4, 160)
        axes = figure.subplots()
        for i, (label, points) in enumerate(sorted(lines.items())):
            first, colour = points[0][1] or 1.0, COLOURS[i % len(COLOURS)]
            axes.plot([p[0] for p in points], [p[1] / first for p in points], color=colour, label=label)
            for verdict, mark in MARKS.items():
                marked = [(place, value / first) for place, value, said in points if said == verdict]
                if marked:
                    axes.plot(*zip(*marked, strict=True), mark, color=colour)
        axes.set_xlabel("check")
        axes.set_ylabel("value, first = 1")
        axes.legend(fontsize=8, frameon=False)
        save_figure(figure, path)
