"""Frames -> the standings of each track: one row for each entry, averaged over its seeds, and ranked within its task.

A track is a dataset, a preset and a benchmark version. Records of different tracks are never compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from gan_bench.leaderboard.attacked import Attacked, attacked_over_seeds
from gan_bench.leaderboard.columns import Column, column_of
from gan_bench.leaderboard.detections import Detected, Spread, detectability, detected_over_seeds, spreads
from gan_bench.leaderboard.entries import Entry, Track
from gan_bench.leaderboard.estimates import over_seeds
from gan_bench.leaderboard.frames import COST, COSTS, Frame
from gan_bench.leaderboard.rank import NO_RULES, choose_headline, ranks_in
from gan_bench.leaderboard.rows import Row, by_task
from gan_bench.records import AttackRecord, CellRecord, JudgeRecord, ReferenceRecord, TableRules

N_TRACK = len(Track._fields)  # the first fields of a number of a frame


@dataclass(frozen=True)
class Standings:
    """One track: everything its tables and figures show.

    columns   the headlines first, then in the order of the records
    headline  the main one: that of the first task that has one; a row knows its own
    rules     how the suite wants the table to be read
    rows      one task after the other, each by the value in its headline; then reference and external rows
    judges    the records that `detected` and `spreads` come from; `attacks`: those that `attacked` comes from
    """

    track: Track
    columns: tuple[Column, ...]
    headline: Column | None
    rules: TableRules
    rows: tuple[Row, ...]
    detected: tuple[Detected, ...]
    judges: tuple[Entry, ...]
    spreads: tuple[Spread, ...] = ()
    attacked: tuple[Attacked, ...] = ()
    attacks: tuple[Entry, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """Every record of the track, in the order of the tables."""
        return [entry for row in self.rows for entry in row.entries] + [*self.judges, *self.attacks]

    @cached_property
    def of_detector(self) -> dict[str, tuple[Detected, ...]]:
        """Detector -> what it detected: there are thousands of detections, so nobody should search all of them."""
        found: dict[str, list[Detected]] = defaultdict(list)
        for d in self.detected:
            found[d.detector].append(d)
        return {detector: tuple(own) for detector, own in found.items()}

    def telling(self, column: Column) -> bool:
        """Whether this metric tells good images from bad ones on this dataset."""
        return not column.name.startswith(self.rules.not_telling)


def all_standings(
    generators: Frame, detectors: Frame, entries: Sequence[Entry], rules: Mapping[str, TableRules]
) -> list[Standings]:
    """The standings of each track, sorted by track.

    generators, detectors  the frames of `entries` (see `frames`)
    rules                  dataset -> how its table is read
    """
    found = []
    of_generators, of_detectors = _by_track(generators), _by_track(detectors)
    for track in sorted({e.track for e in entries}):
        own = [e for e in entries if e.track == track]
        frames = of_generators.get(track, []), of_detectors.get(track, [])
        found.append(_standings(track, *frames, own, rules.get(track.dataset, NO_RULES)))
    return found


def _by_track(frame: Frame) -> dict[tuple[object, ...], Frame]:
    found: dict[tuple[object, ...], Frame] = {}
    for number in frame:
        found.setdefault(number[:N_TRACK], []).append(number)
    return found


def _standings(track: Track, generators: Frame, detectors: Frame, entries: list[Entry], rules: TableRules) -> Standings:
    judges = tuple(e for e in entries if isinstance(e.record, JudgeRecord))
    attacks = tuple(e for e in entries if isinstance(e.record, AttackRecord))
    detected = detected_over_seeds(detectors, judges)
    columns = _columns(entries)
    rows = _rows(generators, [e for e in entries if isinstance(e.record, CellRecord | ReferenceRecord)], columns, detected)

    variants = [row for task in by_task(rows).values() for row in _ranked(task, _headline(columns, task, rules))]
    others = [row for row in rows if row.kind != "variant"]
    headlines = [row.headline for row in variants if row.headline]
    main = headlines[0] if headlines else _headline(columns, others, rules)

    shown = tuple(dict.fromkeys(column for column in (main, *headlines, *columns) if column))
    ordered = (*variants, *_by_value(replace(row, headline=main) for row in others))
    return Standings(
        track, shown, main, rules, ordered, tuple(detected), judges, tuple(spreads(detectors)),
        tuple(attacked_over_seeds(detectors)), attacks,
    )  # fmt: skip


def _headline(columns: Iterable[Column], rows: Sequence[Row], rules: TableRules) -> Column | None:
    """The column that ranks these rows: one in which some of them have a value."""
    return choose_headline([c for c in columns if any(row.of(c).value is not None for row in rows)], rules)


def _columns(entries: Iterable[Entry]) -> list[Column]:
    """Every column of the finished records, in the order in which records list their metrics."""
    position: dict[Column, int] = {}
    for entry in entries:
        if entry.status == "done" and isinstance(entry.record, CellRecord | ReferenceRecord):
            for i, column in enumerate(map(column_of, entry.record.metrics)):
                position[column] = min(i, position.get(column, i))

    return sorted(position, key=lambda column: (position[column], column))


def _rows(frame: Frame, entries: list[Entry], columns: list[Column], detected: list[Detected]) -> list[Row]:
    numbers = over_seeds(frame, ["entry", *Column._fields])
    costs = over_seeds([number for number in frame if number.metric == COST], ["entry", "name"])

    rows = []
    for label, group in groupby(entries, key=lambda entry: entry.label):  # entries are sorted by it
        quality = {c: numbers[label, *c] for c in columns if (label, *c) in numbers}
        cost = {name: costs[label, name] for name in COSTS if (label, name) in costs}
        same = tuple(group)
        rows.append(Row(same[0].kind, label, same, quality, cost, *detectability(label, detected)))
    return rows


def _ranked(rows: list[Row], headline: Column | None) -> list[Row]:
    """The variants of one task with their ranks, in the order of the table."""
    ranks = ranks_in(headline, rows) if headline else {}
    return _by_value(replace(row, headline=headline, ranks=ranks.get(row.label)) for row in rows)


def _by_value(rows: Iterable[Row]) -> list[Row]:
    """Sorted by the value in their headline, the best first; then those that lack seeds, and those without a value."""

    def order(row: Row) -> tuple[bool, bool, float]:
        value = row.of(row.headline).value
        higher = row.headline is not None and row.headline.higher_is_better
        return value is None, row.lacks_seeds(row.headline), (value or 0.0) * (-1 if higher else 1)

    return sorted(rows, key=order)
