"""Small pictures for somebody's README, as SVG: who leads a track, and where an entry stands.

A badge is short, so it names neither the extractor nor the counts; they are in its title, which screen readers read and which
shows under the pointer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

from gan_bench.leaderboard.cells import rounded
from gan_bench.leaderboard.columns import Column, metric_title, titles
from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import FROM_LATENTS

BLUE, GREY, DARK = "#0b62a8", "#6c6c6c", "#444"  # of what is known, of what is not, of labels; white stands out on each
MOST, MOST_OF_LABEL = 60, 32  # characters shown in all, and of the left part
MOST_NAMED, FEWEST_RANKED = 3, 2  # entries that may be the first; entries of which one can be a winner
ONE_SEED = "1 seed"
HEIGHT, FONT, MARGIN = 20, 11, 6  # pixels
WIDTHS = {  # characters of DejaVu Sans and Verdana at that size -> their width in pixels, about
    "'ijlIJ ,.": 3.3, "/:;\\|f-()[]t!r": 4.2, '"*_`sc?zL': 5.7, "FkvxyPTYaoe": 6.6, "KABVXZRCUNH": 7.7,
    "DG&OQw#+<=>^~": 8.8, "M%mW@": 10.4,
}  # fmt: skip
OTHER, WIDE = 7.0, 11.5  # digits and most small letters; letters of East Asia and emoji


def badge(label: str, value: str, colour: str = BLUE, title: str = "") -> str:
    """A flat badge as SVG: the label on dark grey, the value on a colour. More than 60 characters are cut, marked by "…".

    title  for screen readers, uncut; "": label and value
    """
    label, value, title = _plain(label), _plain(value), _plain(title or f"{label}: {value}")
    left_text = _cut(label, MOST_OF_LABEL)
    right_text = _cut(value, MOST - len(left_text))
    left, right = (round(_width(text)) + 2 * MARGIN for text in (left_text, right_text))

    whole, shown = left + right, escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" role="img" aria-label="{shown}">'
        f"<title>{shown}</title>"
        f'<rect width="{whole}" height="{HEIGHT}" rx="3" fill="{escape(colour)}"/>'
        f'<path fill="{DARK}" d="M3 0H{left}V{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{FONT}" aria-hidden="true">'
        f"{_text(left_text, MARGIN)}{_text(right_text, left + MARGIN)}</g></svg>\n"
    )


def _text(text: str, x: int) -> str:
    """`textLength` makes the text as long as it was taken to be, whatever the reader's font."""
    return f'<text x="{x}" y="14" textLength="{round(_width(text))}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _plain(text: str) -> str:
    """One line without characters that XML forbids or that turn the direction of a text."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _width(text: str) -> float:
    """About how many pixels a text is wide."""
    return sum(map(_width_of, text))


def _width_of(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return WIDE
    return next((width for letters, width in WIDTHS.items() if letter in letters), OTHER)


def track_badge(s: Standings) -> str:
    """Who leads a track, in the first task that has a headline: "cgan FD 12.3", "cgan or dcgan", or "no winner yet"."""
    tasks = [(task, rows) for task, rows in by_task(s.rows).items() if rows[0].headline is not None]
    task, rows = tasks[0] if tasks else (FROM_LATENTS, [])
    where = _where(s) if task == FROM_LATENTS else f"{_where(s)}, {task_words(task)}"
    value, certain = _leaders(rows)
    return badge(where, value, BLUE if certain else GREY, f"{where}: {value}{_exactly(rows[0].headline if rows else None, s)}")


def _leaders(rows: Sequence[Row]) -> tuple[str, bool]:
    """The first of a task in words, and whether that is certain. An entry of one seed has no rank, and may be the first."""
    ranked = [row for row in rows if row.ranks is not None and row.of(row.headline).value is not None]
    first = [row for row in ranked if row.ranks is not None and row.ranks[0] == 1]
    first += [row for row in rows if _place(row, rows) == ONE_SEED]
    if len(ranked) < FEWEST_RANKED:
        return "no winner yet", False
    if len(first) == 1:
        return f"{first[0].label} {_number(first[0])}", True

    named = [row.label for row in first[:MOST_NAMED]]
    others = len(first) - len(named)
    last = f"{others} more" if others else named.pop()
    return f"{', '.join(named)} or {last}", False


def entry_badge(row: Row, s: Standings) -> str:
    """Where an entry stands: "rank 1-2 of 6, FD 12.3", or why it has no rank: "1 seed, FD 12.3"."""
    place, number = _place(row, s.rows), _number(row)
    value = f"{place}, {number}" if number else place
    return badge(_where(s), value, BLUE, f"{row.label} on {_where(s)}: {value}{_exactly(row.headline, s)}")


def _place(row: Row, rows: Sequence[Row]) -> str:
    """The rank of a variant among those of its task; why it has none; or what it is, if it is no variant."""
    if row.kind != "variant" or not row.n_done:
        return row.status
    if row.ranks is not None:
        first, last = row.ranks
        n_ranked = sum(other.ranks is not None for other in rows if other.task == row.task)
        return f"rank {first} of {n_ranked}" if first == last else f"rank {first}-{last} of {n_ranked}"
    return ONE_SEED if row.of(row.headline).seeds == 1 and not row.trained_against(row.headline) else "not ranked"


def _number(row: Row) -> str:
    """Its headline without the extractor: "FD 12.3"; "": it has no value."""
    value = row.of(row.headline).value
    if row.headline is None or value is None:
        return ""
    return f"{metric_title(row.headline).removesuffix(row.headline.extractor).strip()} {rounded(value)}"


def _where(s: Standings) -> str:
    return f"gan-bench {s.track.dataset} {s.track.preset}"


def _exactly(column: Column | None, s: Standings) -> str:
    """What was measured, as the table's heading has it."""
    return (
        ""
        if column is None
        else f"; {titles(s.columns).get(column, metric_title(column))}, benchmark {s.track.benchmark_version}"
    )
