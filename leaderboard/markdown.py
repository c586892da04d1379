"""Standings -> GitHub-flavoured Markdown, aligned so that it also reads well in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gan_bench.leaderboard.cells import ColumnHeader, Table, TableCell
from gan_bench.leaderboard.notes import detector_notes, generator_notes
from gan_bench.leaderboard.parts import Part, detector_parts
from gan_bench.leaderboard.profile import Profile
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import PROFILE_NOTE, generator_table, profile_table


def markdown(all_standings: Iterable[Standings], verified: Iterable[str] = ()) -> str:
    profiles = ()
    """The tables of all tracks and their notes, then what is said over all tracks."""
    parts = ["# gan-bench leaderboard"]
    for s in all_standings:
        parts.append(f"## {_escape(s.track.heading)}")
        if s.rows:
            parts += ["### Generators", _pipe_table(generator_table(s)), _bullets(generator_notes(s))]
        if s.judges or s.attacks:
            parts += ["### Detectors", _bullets(detector_notes(s))]
            parts += [text for part in detector_parts(s) for text in _part_texts(part)]

    for profile in profiles:
        parts += [f"## {_escape(profile.heading)}", _pipe_table(profile_table(profile)), _bullets([PROFILE_NOTE])]
    if verified:
        parts += ["## Verification", _bullets(verified)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _part_texts(part: Part) -> list[str]:
    texts = [f"### {_escape(f'{part.title}: {part.small}'.removesuffix(': '))}"]
    for title, table in part.tables.items():
        texts += [_escape(title) + ":", _pipe_table(table)]
    return [*texts, _bullets(part.notes)]


def _escape(text: str) -> str:
    """One line of text in which nothing has a meaning in Markdown or in HTML inside Markdown."""
    return re.sub(r"[\\|`*<>&]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_escape(line)}" for line in lines)


def _pipe_table(table: Table) -> str:
    if not table.rows:
        return ""

    lines = [[_escape(header.text) for header in table.headers]]
    for row in table.rows:
        lines.append([_cell_text(cell, header) for cell, header in zip(row, table.headers, strict=True)])

    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = [("-" * (w - 1) + ":") if h.numeric else "-" * w for h, w in zip(table.headers, widths, strict=True)]

    return "\n".join(_pipe_line(line, widths, table.headers) for line in [lines[0], rule, *lines[1:]])


def _pipe_line(cells: list[str], widths: list[int], headers: list[ColumnHeader]) -> str:
    padded = []
    for cell, width, header in zip(cells, widths, headers, strict=True):
        padded.append(cell.rjust(width) if header.numeric else cell.ljust(width))
    return f"| {' | '.join(padded)} |"


def _cell_text(cell: TableCell, header: ColumnHeader) -> str:
    text = f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text)
    more = cell.small if header.numeric else cell.tag and f"({cell.tag})"
    return f"{text} {_escape(more)}".strip()
