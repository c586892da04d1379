"""A figure measured in px, as the SVG has it: fixed margins, no pyplot, and no element that needs a clip."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from gan_bench.core.charts import COLOURS, STYLE
from gan_bench.core.charts import FAINT as FAINT_COLOUR
from gan_bench.leaderboard.charts.base import FAINT, TEXT, fitted, wide
from gan_bench.leaderboard.charts.markup import TIPS
from gan_bench.leaderboard.charts.palette import variable
from gan_bench.leaderboard.charts.scales import Scale

WHITE = "#ffffff"
DASHED: Any = (0, (4, 3))
SVG_STYLE = {
    **STYLE,
    "font.size": TEXT,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gan-bench",
    "path.simplify": False,
    "axes.linewidth": 0,
}
NO_DATES: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))

# Colours as they are drawn -> as CSS.
SWAPS = {colour.lower(): variable(f"--c{i}") for i, colour in enumerate(COLOURS)} | {
    STYLE["text.color"].lower(): variable("--chart-ink"),
    FAINT_COLOUR.lower(): variable("--chart-faint"),
    STYLE["grid.color"].lower(): variable("--chart-grid"),
    WHITE: variable("--chart-back"),
}


class Canvas:
    """Width and height in px. Draw within `matplotlib.rc_context(SVG_STYLE)`."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.tips: list[list[str]] = []
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        FigureCanvasSVG(self.figure)
        self.figure.patch.set_visible(False)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes without a frame; the arguments are its margins in px."""
        inside = (left / self.width, bottom / self.height)
        size = (1 - (left + right) / self.width, 1 - (top + bottom) / self.height)
        axes = self.figure.add_axes((*inside, *size), frameon=False)
        axes.tick_params(length=0, bottom=False, left=False)
        return axes

    def tip(self, artist: Artist, texts: Sequence[str]) -> None:
        """What hovering over an artist shows: one text for each of its marks, or one for all of it."""
        if texts:
            artist.set_gid(f"{TIPS}{len(self.tips)}")
            self.tips.append(list(texts))

    def set_scale(self, axes: Axes, which: str, shown: Scale, text: str) -> None:
        """Limits, named values and grid of an axis, "x" or "y". Its text stands below it; for y above it, from the left."""
        if shown.log:
            axes.set(**{f"{which}scale": "log"})
            (axes.xaxis if which == "x" else axes.yaxis).set_minor_locator(NullLocator())
        axes.set(**{f"{which}lim": (shown.low, shown.high)})
        axes.set(**{f"{which}ticks": shown.ticks, f"{which}ticklabels": shown.labels})
        axes.grid(axis="x" if which == "x" else "y", clip_on=False, linewidth=1)

        if which == "x":
            self._name_across(axes, text)
        else:
            left = widest(shown.labels) + 4
            text = fitted(text, axes.bbox.width + left)
            axes.annotate(text, (0, 1), (-left, 9), "axes fraction", "offset points", ha="left", va="baseline")

    def _name_across(self, axes: Axes, text: str) -> None:
        """The text of the x axis, below its middle or, where it is long, as near to that as the figure allows."""
        room = self.width - 8
        text = fitted(text, room)
        half, middle = wide(text) / 2, (axes.bbox.x0 + axes.bbox.x1) / 2
        middle = min(max(middle, 4 + half), 4 + room - half)
        axes.annotate(text, (middle, axes.bbox.y0 - 30), xycoords="figure pixels", ha="center", va="baseline")

    def svg(self) -> str:
        """What matplotlib writes, the same for the same figure."""
        file = io.StringIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts draw the text, not DejaVu
            self.figure.savefig(file, format="svg", metadata=NO_DATES)
        return file.getvalue()


def colour_of(index: int) -> str:
    """The colour that is drawn for an index into the CSS variables, or for FAINT."""
    return FAINT_COLOUR if index == FAINT else COLOURS[index]


def widest(texts: Sequence[str]) -> float:
    """About how many px the longest of these texts takes."""
    return max(map(wide, texts), default=0.0)
