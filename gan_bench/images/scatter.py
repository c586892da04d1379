"""Points of the plane as one picture, over the modes that they should fill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from gan_bench.core.charts import COLOURS, FAINT, STYLE, new_figure, save_figure
from gan_bench.images.mixture import Mixture

ACROSS = 5  # panels in a row


def save_scatter(panels: Sequence[np.ndarray], mixture: Mixture, path: Path) -> None:
    """Points, each panel (N, 2), over rings of three sigma around the true centres; all panels on one scale."""
    reach = 1.35 * max(abs(coordinate) for centre in mixture.centres for coordinate in centre)
    columns, rows = min(ACROSS, len(panels)), -(-len(panels) // ACROSS)
    side = 4.0 if len(panels) == 1 else 2.1  # inches

    with matplotlib.rc_context(STYLE):
        figure = new_figure(side * columns, side * rows)
        for i, points in enumerate(panels):
            axes = figure.add_subplot(rows, columns, i + 1, aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
            _draw_modes(axes, mixture)
            axes.scatter(points[:, 0], points[:, 1], s=side, color=COLOURS[0], alpha=0.5, linewidths=0)

            beyond = int((np.abs(points) > reach).any(axis=1).sum())
            if beyond:
                axes.set_title(f"{beyond} of {len(points)} beyond the frame", fontsize=7, color=FAINT, loc="left")
        save_figure(figure, path)


def _draw_modes(axes: Axes, mixture: Mixture) -> None:
    axes.set(xticks=[], yticks=[])
    for x, y in mixture.centres:
        axes.add_patch(Circle((x, y), 3 * mixture.sigma, fill=False, edgecolor=COLOURS[1], linewidth=0.9))
        axes.plot(x, y, marker="+", color=COLOURS[1], markersize=4, zorder=3)
