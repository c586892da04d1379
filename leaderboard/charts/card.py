"""The picture that a link to the leaderboard shows where it is shared (Open Graph)."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from gan_bench.core.digests import json_digest
from gan_bench.core.files import write_bytes
from gan_bench.leaderboard.charts.base import plain

WIDTH, HEIGHT = 1200, 630  # px: what sites that show such pictures ask for
MOST_LINES = 5
DIGEST = "gan-bench digest"  # the name of the text chunk
DESIGN = 1  # raise it when the picture is drawn in another way
MARGIN = 72  # px
LONGEST = 64  # characters of a line
WHAT = "GANs under fixed budgets, and who can tell their images"
BACK, INK, SOFT = "#12161b", "#f2f4f6", "#9aa7b4"


def social_picture(title: str, lines: Sequence[str], path: Path) -> None:
    """Write a PNG of 1200 x 630 px with a title and up to five lines; nothing is drawn where it shows these already."""
    shown = [_cut(text) for text in (title, *lines[:MOST_LINES])]
    digest = json_digest([DESIGN, shown])
    if _digest_of(path) != digest:
        write_bytes(path, _drawn(shown, digest))


def _digest_of(path: Path) -> str | None:
    """What the picture there was made of; None where there is none of ours."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.info.get(DIGEST) if image.size == (WIDTH, HEIGHT) else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _drawn(texts: Sequence[str], digest: str) -> bytes:
    """A PNG: a title over lines, each with a mark in a colour of its own; in a font that comes with matplotlib."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from gan_bench.core.charts import COLOURS, STYLE

    title, *lines = texts
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=BACK)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), frameon=False, xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
        for i, colour in enumerate(COLOURS[:6]):
            axes.axvspan(i * WIDTH / 6, (i + 1) * WIDTH / 6, 1 - 14 / HEIGHT, 1, color=colour, linewidth=0)

        _write(axes, MARGIN, 150, title, color=INK, fontsize=39, fontweight="bold")
        for i, line in enumerate(lines):
            y = 236 + 66 * i
            axes.plot([MARGIN + 12], [y - 10], "o", color=COLOURS[(1, 2, 4, 5, 3)[i]], markersize=13)
            _write(axes, MARGIN + 40, y, line, color=INK, fontsize=23)
        axes.text(MARGIN, 588, "gan-bench", color=SOFT, fontsize=19)
        axes.text(WIDTH - MARGIN, 588, WHAT, color=SOFT, fontsize=16, ha="right")
        content = BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None, DIGEST: digest})
    return content.getvalue()


def _write(axes: Any, x: float, y: float, text: str, **look: Any) -> None:
    """One line, in a smaller font where it would not fit."""
    written = axes.text(x, y, _in_font(text), **look)
    room, taken = WIDTH - MARGIN - x, written.get_window_extent().width
    if taken > room:
        written.set_fontsize(look["fontsize"] * room / taken)


def _in_font(text: str) -> str:
    """Without the characters that the font lacks, which would be drawn as boxes."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return " ".join("".join(c for c in text if ord(c) in known).split())


def _cut(text: str) -> str:
    text = plain(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
