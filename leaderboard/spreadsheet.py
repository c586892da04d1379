"""A frame -> the text of a CSV file, which people open in spreadsheets."""

from __future__ import annotations

import csv
import io
from operator import itemgetter

from gan_bench.leaderboard.frames import FIELDS, NUMBERS, Frame

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula, and carries it out


def csv_text(frame: Frame) -> str:
    """One line for each number, below the names of the fields; empty where a field does not apply. Numbers are not rounded.

    A text that begins like a formula gets a single quote before it, as OWASP's page "CSV Injection" advises, since names and
    reasons are somebody's words. Numbers stay numbers, negative ones too. A carriage return becomes a new line: Python's
    writer, before 3.13, does not quote it, and it would end the line.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)

    changed: dict[object, object] = {text: harmless for text in _texts(frame) if (harmless := _harmless(text)) != text}
    writer.writerows([[changed.get(cell, cell) for cell in number] for number in frame] if changed else frame)
    return text.getvalue()


def _texts(frame: Frame) -> set[str]:
    """All different texts; a field has few, so that each is looked at once."""
    places = [i for i, field in enumerate(FIELDS) if field not in NUMBERS]
    return {text for i in places for text in set(map(itemgetter(i), frame)) if text}


def _harmless(text: str) -> str:
    quoted = f"'{text}" if text.startswith(FORMULA) else text
    return quoted.replace("\r\n", "\n").replace("\r", "\n")
