"""What each entry of a track draws of each class, and what it drops."""

from __future__ import annotations

from dataclasses import dataclass

from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, plain_table
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import COVERED_SHARE, Statistics

MOST_CLASSES = 20  # in a table
COUNTED = "classes_covered"  # the metric that counts as these tables do
MISLEADS = (
    "Read it with doubt: on this dataset the classifier also gives damaged real images too few classes, so a class that seems "
    "dropped may only be blurred."
)


@dataclass(frozen=True)
class ClassCounts:
    """The classes of a track. `dropped`: what trained entries drop, in sentences."""

    table: Table
    classifier: str
    dropped: list[str]


def class_counts(site: Site, s: Standings) -> ClassCounts | None:
    """None where nobody counted the reals and an entry, or there are too many classes for a table."""
    counted = {row.label: found for row in s.rows if (found := site.classes(row))}
    reals = next((row.label for row in s.rows if (row.kind, row.entries[0].name) == ("reference", "real")), None)
    if reals not in counted or not 1 < len(counted[reals].classes) <= MOST_CLASSES or len(counted) < 2:
        return None

    expected = dict(counted[reals].classes)
    rows, dropped = [], []
    for row in s.rows:
        if row.label in counted and row.label != reals:
            shares = _shares(counted[row.label], expected)
            rows.append([TableCell(row.label), *(_times_cell(share, expected[name]) for name, share in shares.items())])
            lost = [name for name, share in shares.items() if share < COVERED_SHARE * expected[name]]
            dropped += [f"{row.label} drops {', '.join(lost)}."] if row.kind == "variant" and lost else []

    headers = [ColumnHeader("Entry", numeric=False, name=True), *(ColumnHeader(name) for name in expected)]
    table = plain_table(headers, rows)
    return ClassCounts(table, counted[reals].classifier, dropped or ["No trained entry drops a class."])


def doubt_of(s: Standings) -> str:
    """Why counts of classes mislead in this track; "": the suite does not say that they do."""
    return MISLEADS if any(c.metric == COUNTED and not s.telling(c) for c in s.columns) else ""


def _shares(found: Statistics, expected: dict[str, float]) -> dict[str, float]:
    """The share of each class of the reals; one that was not counted was not drawn."""
    shares = dict(found.classes)
    return {name: shares.get(name, 0.0) for name in expected}


def _times_cell(share: float, expected: float) -> TableCell:
    """The share as a multiple of the reals'. The more a class is lacking, the warmer the cell."""
    if not expected:
        return TableCell(DASH)
    times = share / expected
    return TableCell(f"{times:.2f}", value=times, heat=max(0.0, 1 - times))
