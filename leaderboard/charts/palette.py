"""The colours of all charts as CSS variables, and the marks of their legends.

c0 to c6 follow the palette of Okabe and Ito (2008), which colour-blind readers can tell apart. Its yellow and light blue are
too light on white, and its grey too dark on black, so each theme has shades of its own: every colour has a contrast of at
least 3 to the page, and what is used for text one of at least 4.5 (WCAG 2.2).
"""

from __future__ import annotations

from gan_bench.leaderboard.charts.base import LegendItem

# CSS variable -> (on a light page, on a dark page)
VARIABLES: dict[str, tuple[str, str]] = {
    "--c0": ("#0072b2", "#4a9fe0"),
    "--c1": ("#d55e00", "#f0803c"),
    "--c2": ("#008f68", "#22b98d"),
    "--c3": ("#bb5f93", "#de93bf"),
    "--c4": ("#a97400", "#e6b325"),
    "--c5": ("#3f96cc", "#9ad4f7"),
    "--c6": ("#4d4d4d", "#b9c0c8"),
    "--chart-ink": ("#333333", "#dde1e5"),
    "--chart-faint": ("#6b7178", "#9aa2ab"),
    "--chart-grid": ("#e6e6e6", "#343a41"),
    "--chart-back": ("#ffffff", "#1b1f23"),  # around marks, so that they stand out from what lies below
}

# Marks of matplotlib as paths around 0, 0, about 10 px wide.
_PATHS = {
    "o": "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",
    "s": "M-4-4H4V4H-4Z",
    "^": "M0-4.5L4.5 4.5H-4.5Z",
    "v": "M0 4.5L4.5-4.5H-4.5Z",
    "<": "M-4.5 0L4.5-4.5V4.5Z",
    "D": "M0-5.5L5.5 0L0 5.5L-5.5 0Z",
    "p": "M0-5L4.8-1.5L2.9 4H-2.9L-4.8-1.5Z",
    "|": "M-1.5-5.5H1.5V5.5H-1.5Z",
    "X": "M-2.5-5L0-2.5L2.5-5L5-2.5L2.5 0L5 2.5L2.5 5L0 2.5L-2.5 5L-5 2.5L-2.5 0L-5-2.5Z",
}
_DASHES = {"-": "", "--": ' stroke-dasharray="5 3"'}


def variable(name: str) -> str:
    """A colour as CSS has it; outside of a page that sets the variables, the one for a light page."""
    return f"var({name}, {VARIABLES[name][0]})"


def legend_mark(item: LegendItem) -> str:
    """The mark of a legend's item as a small SVG element for HTML. Screen readers skip it: the label stands beside it."""
    colour = variable(f"--c{item.colour}")
    if item.mark in _DASHES:
        shape = f'<path d="M-9 0H9" style="stroke: {colour}; stroke-width: 2"{_DASHES[item.mark]}/>'
    else:
        shape = f'<path d="{_PATHS[item.mark]}" style="fill: {colour}"/>'
    return f'<svg class="mark" aria-hidden="true" width="20" height="12" viewBox="-10 -6 20 12">{shape}</svg>'
