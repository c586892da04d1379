"""A frame -> the text of a CSV file, which people open in spreadsheets."""

from __future__ import annotations

import csv
import io
import re

from gan_bench.leaderboard.frames import FIELDS, N_WHERE, Frame

# A spreadsheet takes a cell that begins so for a formula, and carries it out; some begin a new cell behind a semicolon.
FORMULA = re.compile("(^|;\\s*)(?=[=+@\0\t\r\n\uff1d\uff0b\uff0d\uff20-])")
VALUE, BEHIND = FIELDS.index("value"), FIELDS.index("interval_method")  # between them: value, low, high


def csv_text(frame: Frame) -> str:
    """One line for each number, below the names of the fields; empty where a field does not apply. Numbers are not rounded.

    A text that begins like a formula gets a single quote before it, as OWASP's page "CSV Injection" advises, since names and
    reasons are somebody's words. Numbers stay numbers, negative ones too.
    """
    cells = _Cells()
    lines = [cells[FIELDS]]
    for n in frame:
        numbers = ",".join(["" if number is None else repr(number) for number in n[VALUE:BEHIND]])
        lines.append(f"{cells[n[:N_WHERE]]},{cells[n[N_WHERE:VALUE]]},{numbers},{cells[n[BEHIND:]]}")
    return "\n".join(lines) + "\n"


class _Cells(dict[tuple[object, ...], str]):
    """Some cells that stand side by side -> their CSV. Most lines share theirs with others, so each is made once."""

    def __missing__(self, cells: tuple[object, ...]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(map(harmless, cells))  # it quotes texts with one of these two
        self[cells] = text.getvalue().removesuffix("\r\n")
        return self[cells]


def harmless(cell: object) -> object:
    """A cell as OWASP's page "CSV Injection" advises: a single quote before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell
