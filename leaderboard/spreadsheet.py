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
    reasons are somebody's words. Numbers stay numbers, negative ones too.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)

    quoted: dict[object, object] = {formula: f"'{formula}" for formula in _formulas(frame)}
    writer.writerows([[quoted.get(cell, cell) for cell in number] for number in frame] if quoted else frame)
    return text.getvalue()


def _formulas(frame: Frame) -> set[str]:
    """The texts that begin like one. A field has few different texts, so each of them is looked at once."""
    texts = (set(map(itemgetter(i), frame)) for i in range(len(FIELDS)) if FIELDS[i] not in NUMBERS)
    return {text for different in texts for text in different if text and text.startswith(FORMULA)}
