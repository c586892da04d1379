"""Frames -> the standings of each track: one row for each entry, averaged over its seeds, and ranked.

A track is a dataset, a preset and a benchmark version. Records of different tracks are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import pandas as pd

from gan_bench.leaderboard.columns import Column, column_of
from gan_bench.leaderboard.detections import Detected, detectability, detected_over_seeds
from gan_bench.leaderboard.entries import Entry, Track
from gan_bench.leaderboard.estimates import Estimate, over_seeds
from gan_bench.leaderboard.frames import COSTS
from gan_bench.leaderboard.rank import Point, choose_headline, rank_range
from gan_bench.records import FROM_LATENTS, JudgeRecord


@dataclass(frozen=True)
class Row:
    """One entry of a generator table.

    entries        its records, sorted by seed
    detectability  AUROC of the best detector that never saw this variant
    detector       the name of that detector
    ranks          the best and the worst rank that it can claim
    """

    kind: str
    label: str
    entries: tuple[Entry, ...]
    quality: dict[Column, Estimate]
    cost: dict[str, Estimate]
    detectability: Estimate
    detector: str | None
    ranks: tuple[int, int] | None = None

    def of(self, column: Column) -> Estimate:
        """Its number in a column; one without a value where it has none."""
        return self.quality.get(column, Estimate())

    def is_point(self, headline: Column | None) -> bool:
        """Whether it is ranked by its value alone, because that has no interval."""
        return self.ranks is not None and headline is not None and self.quality[headline].low is None

    @property
    def n_done(self) -> int:
        """How many of its seeds are finished."""
        return sum(entry.status == "done" for entry in self.entries)

    @property
    def status(self) -> str:
        """done, diverged or failed; of a row that is no variant its kind."""
        if self.kind != "variant":
            return self.kind
        return "done" if self.n_done else self.entries[0].status

    @property
    def task(self) -> str:
        """The task of a generator that starts from images, such as upscale; "" for one that starts from latents."""
        task = getattr(self.entries[0].record, "task", FROM_LATENTS)
        return "" if task == FROM_LATENTS else task


@dataclass(frozen=True)
class Standings:
    """One track: everything its tables and figures show.

    columns   the headline first, then in the order of the records
    headline  the column that ranks the table
    asked     start of the name of the headline that was asked for
    rows      ranked rows, then failed ones, then reference and external rows
    """

    track: Track
    columns: tuple[Column, ...]
    headline: Column | None
    asked: str | None
    rows: tuple[Row, ...]
    detected: tuple[Detected, ...]
    judges: tuple[Entry, ...]

    @property
    def entries(self) -> list[Entry]:
        """Every record of the track, in the order of the tables."""
        return [entry for row in self.rows for entry in row.entries] + list(self.judges)


def all_standings(
    generators: pd.DataFrame, detectors: pd.DataFrame, entries: Sequence[Entry], headline: dict[str, str]
) -> list[Standings]:
    """The standings of each track, sorted by track.

    generators, detectors  the frames of `entries` (see `frames`)
    headline               dataset -> start of the name of the metric that ranks its table
    """
    found = []
    for track in sorted({e.track for e in entries}):
        own = [e for e in entries if e.track == track]
        frames = _of_track(generators, track), _of_track(detectors, track)
        found.append(_standings(track, *frames, own, headline.get(track.dataset)))
    return found


def ranks_in(column: Column, rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Label -> the best and the worst rank that it can claim in this column, for each variant that has a value there."""
    points: dict[str, Point] = {}
    for row in rows:
        estimate = row.of(column)
        if row.kind == "variant" and estimate.value is not None:
            points[row.label] = (estimate.value, estimate.low, estimate.high)

    return dict(zip(points, rank_range(list(points.values()), column.higher_is_better), strict=True))


def _of_track(frame: pd.DataFrame, track: Track) -> pd.DataFrame:
    return frame[(frame[list(Track._fields)] == list(track)).all(axis=1)]


def _standings(
    track: Track, generators: pd.DataFrame, detectors: pd.DataFrame, entries: list[Entry], asked: str | None
) -> Standings:
    judges = tuple(e for e in entries if isinstance(e.record, JudgeRecord))
    detected = detected_over_seeds(detectors, judges)
    columns = _columns(entries)
    rows = _rows(generators, [e for e in entries if not isinstance(e.record, JudgeRecord)], columns, detected)

    comparable = [row for row in rows if row.kind == "variant"] or rows
    valued = [c for c in columns if any(row.of(c).value is not None for row in comparable)]
    headline = choose_headline(valued, asked)
    columns.sort(key=lambda column: column != headline)

    return Standings(track, tuple(columns), headline, asked, tuple(_ranked(rows, headline)), tuple(detected), judges)


def _columns(entries: Iterable[Entry]) -> list[Column]:
    """Every column of the finished records, in the order in which records list their metrics."""
    position: dict[Column, int] = {}
    for entry in entries:
        if entry.status == "done" and not isinstance(entry.record, JudgeRecord):
            for i, column in enumerate(map(column_of, entry.record.metrics)):
                position[column] = min(i, position.get(column, i))

    return sorted(position, key=lambda column: (position[column], column))


def _rows(frame: pd.DataFrame, entries: list[Entry], columns: list[Column], detected: list[Detected]) -> list[Row]:
    numbers = over_seeds(frame, ["entry", *Column._fields])
    costs = over_seeds(frame[frame["metric"] == "cost"], ["entry", "name"])

    rows = []
    for label, group in groupby(entries, key=lambda entry: entry.label):  # entries are sorted by it
        quality = {c: numbers[label, *c] for c in columns if (label, *c) in numbers}
        cost = {name: costs[label, name] for name in COSTS if (label, name) in costs}
        same = tuple(group)
        rows.append(Row(same[0].kind, label, same, quality, cost, *detectability(label, detected)))
    return rows


def _ranked(rows: list[Row], headline: Column | None) -> list[Row]:
    """Rows with their ranks, in the order of the table."""
    if headline is None:
        return sorted(rows, key=lambda row: row.kind != "variant")

    def order(row: Row) -> tuple[bool, bool, float]:
        value = row.of(headline).value
        return row.kind != "variant", value is None, (value or 0.0) * (-1 if headline.higher_is_better else 1)

    ranks = ranks_in(headline, rows)
    return sorted((replace(row, ranks=ranks.get(row.label)) for row in rows), key=order)
