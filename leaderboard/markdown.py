"""Standings -> GitHub-flavoured Markdown to paste: few columns, aligned so that they also read well in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from rich.cells import cell_len

from gan_bench.leaderboard.cells import ColumnHeader, Table, TableCell
from gan_bench.leaderboard.detections import HEADLINE_TIERS
from gan_bench.leaderboard.notes import draw_notes
from gan_bench.leaderboard.provenance import provenance_notes
from gan_bench.leaderboard.short import (
    DETECTORS_NOTE,
    INTERVAL,
    failures,
    short_detectors,
    short_notes,
    short_tables,
)
from gan_bench.leaderboard.standings import Standings

WIDEST = 40  # characters that a column is padded to: one long name does not make all lines long
NOTHING = "No records yet."


def markdown(all_standings: Iterable[Standings], verified: Iterable[str] = ()) -> str:
    """For each track the short tables, who won, the detectors and a few notes; then what `gan-bench verify` found."""
    tracks = [text for s in all_standings for text in _track_texts(s)]
    parts = ["# gan-bench leaderboard", *(tracks or [NOTHING])]
    told = list(verified)
    if told:
        parts += ["## Verification", _bullets(told)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _track_texts(s: Standings) -> list[str]:
    return [f"## {_escape(s.track.heading)}", *_generator_texts(s), *_detector_texts(s), _bullets(_doubts(s))]


def _generator_texts(s: Standings) -> list[str]:
    texts = [] if any(row.kind == "variant" for row in s.rows) else ["No trained generators yet."]
    for short in short_tables(s, len(HEADLINE_TIERS)):
        texts += [f"### {_escape(short.heading)}", _pipe_table(_folded(short.table)), _escape(short.verdict)]
    return [*texts, _bullets(short_notes(s, len(HEADLINE_TIERS)))]


def _detector_texts(s: Standings) -> list[str]:
    table = short_detectors(s)
    return ["### Detectors", _pipe_table(table), _bullets([DETECTORS_NOTE])] if table.rows else []


def _doubts(s: Standings) -> list[str]:
    """What failed, and what is doubtful of where the numbers come from."""
    return [*(f"{sentence}." for sentence in failures(s)), *draw_notes(s), *provenance_notes(s.entries)]


def _folded(table: Table) -> Table:
    """The table with the interval of its headline in one column with it."""
    place = next((i for i, header in enumerate(table.headers) if header.text == INTERVAL), None)
    if place is None:
        return table

    headers = [*table.headers[:place], *table.headers[place + 1 :]]
    rows = []
    for row in table.rows:
        headline = replace(row[place - 1], small=row[place].text)
        rows.append([*row[: place - 1], headline, *row[place + 1 :]])
    return Table(headers, rows, table.kinds)


def _escape(text: str) -> str:
    """One line of text in which nothing has a meaning in Markdown or in HTML inside Markdown."""
    return re.sub(r"[\\|`*<>&]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_escape(line)}" for line in lines)


def _pipe_table(table: Table) -> str:
    lines = [[_escape(header.text) for header in table.headers]]
    for row in table.rows:
        lines.append([_cell_text(cell) for cell in row])

    widths = [min(WIDEST, max(map(cell_len, column))) for column in zip(*lines, strict=True)]
    rule = [("-" * (w - 1) + ":") if h.numeric else "-" * w for h, w in zip(table.headers, widths, strict=True)]

    return "\n".join(_pipe_line(line, widths, table.headers) for line in [lines[0], rule, *lines[1:]])


def _pipe_line(cells: list[str], widths: list[int], headers: list[ColumnHeader]) -> str:
    padded = []
    for cell, width, header in zip(cells, widths, headers, strict=True):
        gap = " " * (width - cell_len(cell))
        padded.append(gap + cell if header.numeric else cell + gap)
    return f"| {' | '.join(padded)} |"


def _cell_text(cell: TableCell) -> str:
    text = f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text)
    return f"{text} {_escape(cell.small)}".strip()
