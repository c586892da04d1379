"""Reads the history of a training: a CSV file with a row for each few steps."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Container
from pathlib import Path

ACROSS = "kimg"  # the column of the x axis
MOST_ROWS = 200  # of a history that are drawn
LARGEST = 32 * 2**20  # bytes; those of long trainings have some hundred thousand

History = dict[str, list[tuple[float, float]]]  # column -> (kimg, value)
Tell = Callable[[Path, str], None]  # (a file, what is wrong with it)


def untold(file: Path, fault: str) -> None:
    """For those who need not know of damaged files."""


def read_history(file: Path, curves: Container[str], tell: Tell = untold) -> History:
    """The columns in `curves` that have two points or more; none, and `tell` hears why, where the file is damaged."""
    try:
        header, rows = _table(file)
    except (OSError, ValueError, csv.Error) as error:
        tell(file, error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error))
        return {}

    history: History = {}
    place = {name: header.index(name) for name in header if name in curves}
    for row in _thinned(rows):
        x = _number(row[header.index(ACROSS)])
        for name, i in place.items():
            y = _number(row[i])
            if x is not None and y is not None:
                history.setdefault(name, []).append((x, y))
    return {name: points for name, points in history.items() if len(points) > 1}


def _table(file: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, each as long as it. Raises OSError, csv.Error, or ValueError with what is wrong."""
    if file.stat().st_size > LARGEST:
        raise ValueError("no history is as large")
    with open(file, newline="", encoding="utf-8") as opened:
        text = opened.read()
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    if not header:
        raise ValueError("it is empty")
    if ACROSS not in header:
        raise ValueError(f"it has no column {ACROSS}")
    rows = [row for row in rows if row]
    if not text.endswith("\n") or any(len(row) != len(header) for row in rows):
        raise ValueError("a line is not whole")
    return header, rows


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return float(f"{number:.4g}") if math.isfinite(number) else None


def _thinned(rows: list[list[str]]) -> list[list[str]]:
    """At most MOST_ROWS of them, spread evenly, the last one among them."""
    if len(rows) <= MOST_ROWS:
        return rows
    return [rows[round(i * (len(rows) - 1) / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]
