"""A frame -> the text of a CSV file, which people open in spreadsheets."""

from __future__ import annotations

import csv
import io

from gan_bench.leaderboard.frames import FIELDS, Frame

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula, and carries it out


def csv_text(frame: Frame) -> str:
    """One line for each number, below the names of the fields; empty where a field does not apply. Numbers are not rounded.

    A text that begins like a formula gets a single quote before it, as OWASP's page "CSV Injection" advises, since names and
    reasons are somebody's words. Numbers stay numbers, negative ones too.
    """
    columns = [_harmless(column) for column in zip(*frame, strict=True)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _harmless(column: tuple[object, ...]) -> tuple[object, ...]:
    """A column without formulas. Most have few different texts, so these are looked at once."""
    quoted = {text: f"'{text}" for text in set(column) if isinstance(text, str) and text.startswith(FORMULA)}
    return tuple(quoted.get(cell, cell) for cell in column) if quoted else column
