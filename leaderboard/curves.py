"""The chart of one training: its curves over the real images that the discriminator was shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_bench.core.charts import COLOURS, STYLE, new_figure, save_figure
from gan_bench.records import PANELS

ACROSS = 3  # panels in a row
WIDTH, HEIGHT = 3.4, 2.5  # inches, of a panel


@dataclass(frozen=True)
class PanelStyle:
    """How a panel differs from the others."""

    logarithmic: bool = False
    legend: bool = True


STYLES = {
    "Gradient norm": PanelStyle(logarithmic=True),
    "Images/s": PanelStyle(legend=False),  # one curve, which the title names
}


def history_chart(history: pd.DataFrame, curves: Mapping[str, str], path: Path) -> bool:
    """Write the chart of `history_figure`. False: nothing to draw."""
    with matplotlib.rc_context(STYLE):
        figure = history_figure(history, curves)
        if figure is None:
            return False
        save_figure(figure, path)
    return True


def history_figure(history: pd.DataFrame, curves: Mapping[str, str]) -> Figure | None:
    """One panel for each of `records.PANELS` that has curves, in that order. None: nothing to draw.

    history  a training's history.csv, one row for each report, with a column "kimg"
    curves   column of `history` -> the panel that shows it; other columns are not drawn
    """
    names_of = {panel: [name for name in history.columns if curves.get(name) == panel] for panel in PANELS}
    shown = [panel for panel, names in names_of.items() if names]
    if not shown or len(history) < 2:
        return None

    n_rows = -(-len(shown) // ACROSS)
    figure = new_figure(WIDTH * ACROSS, HEIGHT * n_rows)
    for i, panel in enumerate(shown):
        axes = figure.add_subplot(n_rows, ACROSS, i + 1)
        _draw_curves(axes, history, names_of[panel])
        _finish_panel(axes, panel, STYLES.get(panel, PanelStyle()))
    return figure


def _draw_curves(axes: Axes, history: pd.DataFrame, names: Iterable[str]) -> None:
    for i, name in enumerate(names):
        colour, label = COLOURS[i % len(COLOURS)], name.replace("_", " ")
        axes.plot(history["kimg"], history[name], color=colour, linewidth=1.2, label=label)


def _finish_panel(axes: Axes, title: str, style: PanelStyle) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("kimg")
    axes.grid()

    if style.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")  # the usual one writes mathematics
        axes.yaxis.set_minor_formatter("")
    if style.legend:
        axes.legend(frameon=False, fontsize=8)
