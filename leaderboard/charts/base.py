"""What a chart is before it is drawn: plain data, a question that it answers, and its text for those who cannot see it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gan_bench.leaderboard.cells import number_cell, share_cell
from gan_bench.leaderboard.estimates import Estimate

MARKS = ("o", "s", "^", "D", "v", "p", "X", "<")  # as many as do not divide the number of colours
N_COLOURS = 7
GREY, FAINT = 6, -1  # FAINT: the colour of text of less weight
LONGEST, WIDEST = 28, 180.0  # of a label: characters, and px
TEXT = 11  # px, the size of all text
MOST_NAMED = 12  # entries that a text alternative names


class LegendItem(NamedTuple):
    """How one label looks.

    colour  index into the CSS variables --c0 to --c6
    mark    one of MARKS, or "-" and "--" for a line
    """

    label: str
    colour: int
    mark: str


@dataclass(frozen=True)
class Chart:
    """One panel.

    kind   which function of `drawings` draws it
    title  shown above it; "" where it is the only panel
    alt    what the picture says, with its key numbers, for those who cannot see it
    data   plain JSON data: all that the picture depends on
    """

    kind: str
    title: str
    alt: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Charts:
    """The panels that answer one question.

    note    how to read them, in a sentence or two
    legend  of all panels together
    wide    there are so many panels that they need the whole width of a page
    """

    question: str
    note: str
    legend: tuple[LegendItem, ...]
    panels: tuple[Chart, ...]
    wide: bool = False


Look = Mapping[str, LegendItem]


def looks(labels: Iterable[str]) -> dict[str, LegendItem]:
    """One colour and one mark for each label, so that it looks the same in every chart of a leaderboard."""
    return {
        label: LegendItem(label, i % N_COLOURS, MARKS[i % len(MARKS)]) for i, label in enumerate(sorted(set(labels)))
    }  # fmt: skip


def look_of(look: Look, label: str) -> LegendItem:
    """How a label looks; grey where nothing was chosen for it, as for reference rows."""
    return look.get(label, LegendItem(label, GREY, "o"))


def legend(labels: Iterable[str], look: Look) -> tuple[LegendItem, ...]:
    """How these labels look, each once, with labels as short as in the charts."""
    return tuple(look_of(look, label)._replace(label=short(label)) for label in dict.fromkeys(labels))


def plain(text: str) -> str:
    """One line of printable characters, which is what XML can hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def short(label: str, widest: float = WIDEST) -> str:
    """A label on one line, of at most LONGEST characters and `widest` px."""
    text = plain(label)
    return fitted(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…", widest)


def fitted(text: str, widest: float) -> str:
    """A text, cut where it is wider than so many px."""
    if wide(text) <= widest:
        return text

    text = text.rstrip("…")
    while text and wide(text + "…") > widest:
        text = text[:-1]
    return text + "…"


def wide(text: str) -> float:
    """About how many px a text takes, in the widest of usual fonts."""
    return TEXT * sum(map(_advance, text))


def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.2
    if character in "MWmw@%…":
        return 1.0
    return 0.72 if character.isupper() else 0.6


def said(estimate: Estimate, share: bool = False) -> str:
    """A number with its interval, as the tables round it: "12.3 [11.9, 12.7]". `share`: with three decimals."""
    cell = share_cell(estimate) if share else number_cell(estimate)
    return f"{cell.text} {cell.small}".strip()


def listed(texts: Sequence[str]) -> str:
    """The first texts of a list as the end of a sentence, and how many there are beyond them."""
    more = len(texts) - MOST_NAMED
    return "; ".join(texts[:MOST_NAMED]) + (f"; and {more} more." if more > 0 else ".")


def ends(estimate: Estimate) -> list[float] | None:
    """The ends of an interval; None: there is none."""
    return None if estimate.low is None or estimate.high is None else [estimate.low, estimate.high]


def axis(text: str, shown: Sequence[float] = (), *, log: bool = False, ticks: Sequence[float] | None = None) -> dict[str, Any]:
    """An axis of the kind "plot".

    shown  values that it must reach beside those of the data
    ticks  the values that are named; None: round ones
    """
    return {"text": text, "log": log, "shown": list(shown), "ticks": None if ticks is None else list(ticks)}


def series(x: Sequence[float], y: Sequence[float], item: LegendItem, tips: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """A series of the kind "plot": a line, marks, or both, in the look of `item`.

    tips  what hovering shows: one text for each mark, or one for the line
    more  line: its style, "" for none; x_ends, y_ends: the interval of each mark, or None; band: [x, low, high] to shade;
          strong: False for one that stays in the background
    """
    is_line = item.mark.startswith("-")
    known = {"line": item.mark if is_line else "", "mark": "" if is_line else item.mark, "colour": item.colour}
    return {"x": list(x), "y": list(y), **known, "tips": [plain(tip) for tip in tips], **more}


def plot(x: dict[str, Any], y: dict[str, Any], drawn: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The data of the kind "plot".

    more  rules: lines across, each {"axis": "x" or "y", "at", "text"}; texts: each {"x", "y", "text"}, beside its point;
          size: [width, height] in px
    """
    return {"x": x, "y": y, "series": drawn, "rules": [], "texts": [], "size": [360, 250], **more}
