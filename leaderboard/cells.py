"""What a table is made of: headers, and cells with rounded numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from gan_bench.leaderboard.estimates import Estimate

DASH = "—"  # shown where there is no number
FLATTERED = "‡"  # behind a number of an entry that was trained against its extractor


@dataclass(frozen=True)
class ColumnHeader:
    """What stands above a column.

    first  the order of the first click, up or down
    name   whether the column names the rows
    term   its word in the glossary; "": it has none
    group  what stands above several columns
    shown  whether it is shown before a reader chooses columns
    """

    text: str
    hint: str = ""
    first: str = "up"
    numeric: bool = True
    name: bool = False
    term: str = ""
    group: str = ""
    shown: bool = True


@dataclass(frozen=True)
class TableCell:
    """One cell as it is shown.

    small  the interval, or a few words
    value  the unrounded number, to sort by
    best   bold: it may be the best one
    top    the best mean, certain or not
    heat   0 to 1, for the colour behind it
    tag    a word beside an entry's name: failed, external, ...
    """

    text: str
    small: str = ""
    value: float | None = None
    hint: str = ""
    best: bool = False
    top: bool = False
    heat: float | None = None
    tag: str = ""


@dataclass(frozen=True)
class Table:
    """A table as it is shown. `kinds` has one word for each row, which chooses its look."""

    headers: list[ColumnHeader]
    rows: list[list[TableCell]]
    kinds: list[str]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """What stands above neighbouring columns, and over how many; nothing where no column has a group."""
        runs = [(group, len(list(same))) for group, same in groupby(header.group for header in self.headers)]
        return runs if any(group for group, _ in runs) else []


def plain_table(headers: list[ColumnHeader], rows: list[list[TableCell]]) -> Table:
    """A table whose rows all look alike."""
    return Table(headers, rows, [""] * len(rows))


def table_of(columns: Iterable[tuple[ColumnHeader, list[TableCell]]], kinds: list[str]) -> Table:
    """A table of columns, each with a cell for each row. One in which no row has anything is left out."""
    shown = [column for column in columns if any(cell.text not in ("", DASH) for cell in column[1])]
    rows = [list(cells) for cells in zip(*(cells for _, cells in shown), strict=True)]
    return Table([header for header, _ in shown], rows, kinds)


def rounded(value: float, like: float | None = None) -> str:
    """About three significant digits of `value`, or as many decimals as three digits of `like` have."""
    size = abs(value if like is None else like)
    if like is None and value == int(value) and size < 1e6:
        return str(int(value))
    if 0 < size < 1e-4 or size >= 1e6:
        return f"{value:.3g}"

    decimals = max(0, 2 - math.floor(math.log10(size))) if size else 2
    return f"{value:.{decimals}f}"


def number_cell(estimate: Estimate, best: bool = False) -> TableCell:
    """A rounded number above its interval; a dash with the reason where there is none."""
    if estimate.value is None:
        return _dash(estimate)

    low_high = _ends(estimate)
    if low_high is None:
        return TableCell(rounded(estimate.value), "", estimate.value, best=best)

    low, high = (rounded(end, like=estimate.value) for end in low_high)
    text = rounded(estimate.value, like=estimate.value)
    return TableCell(text, f"[{low}, {high}]", estimate.value, best=best)


def flattered(cell: TableCell) -> TableCell:
    """A number that is marked because the entry's loss uses the extractor behind it; a cell without a number stays as it is."""
    if cell.value is None:
        return cell
    hint = "; ".join(text for text in ("its loss uses this extractor, which flatters it", cell.hint) if text)
    return replace(cell, text=cell.text + FLATTERED, hint=hint, best=False, top=False)


def share_cell(estimate: Estimate, hint: str = "", heat: bool = False) -> TableCell:
    """A number from 0 to 1 with three decimals. `heat`: coloured by how far it is above 0.5."""
    value, low_high = estimate.value, _ends(estimate)
    if value is None:
        return _dash(estimate)

    interval = "" if low_high is None else f"[{low_high[0]:.3f}, {low_high[1]:.3f}]"
    warmth = min(1.0, max(0.0, 2 * value - 1)) if heat else None
    return TableCell(f"{value:.3f}", interval, value, hint, heat=warmth)


def _dash(estimate: Estimate) -> TableCell:
    return TableCell(DASH, hint="; ".join(estimate.unavailable))


def _ends(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return estimate.low, estimate.high
