"""Records -> long pandas frames (one row a number) -> standings of each track (one row an entry, averaged over seeds).

A track = (dataset, preset, benchmark_version). Records of different tracks never meet below this module.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

import pandas as pd
from scipy.special import stdtrit

from gan_bench.errors import UserError
from gan_bench.records import AnyRecord, CellRecord, Detection, Interval, JudgeRecord, MetricValue, ReferenceRecord, read_runs
from leaderboard.rank import choose_headline, rank_range

SEED_INTERVAL = "95 % t interval of the mean over seeds"
LEAVE_ONE_OUT = "leave-one-out"
MEASURES = ("auroc", "ap", "real_accuracy", "fake_accuracy")
COSTS = ("kimg", "tflop", "train_seconds", "images_per_second", "generator_parameters")
TRACK = ["dataset", "preset", "benchmark_version"]
FIELDS = [
    *TRACK, "kind", "entry", "variant", "detector", "protocol", "seed", "status", "reason", "name", "metric", "extractor",
    "value", "low", "high", "interval_method", "unavailable", "higher_is_better", "n_fake", "n_real", "split",
]  # fmt: skip


class Track(NamedTuple):
    dataset: str
    preset: str
    benchmark_version: str


class Column(NamedTuple):
    """What must agree for two numbers to stand in one column."""

    name: str
    metric: str
    extractor: str
    n_fake: int
    n_real: int
    split: str
    higher_is_better: bool


@dataclass(frozen=True)
class Entry:
    """One record and where it belongs. `label` is its name, made unique where one name stands for several recipes."""

    record: AnyRecord
    folder: Path
    run: Path
    track: Track
    kind: str  # variant, reference, external or detector
    name: str
    seed: int | None
    recipe: str  # hash of everything in the spec but the seed: only equal recipes are averaged
    fakes: dict[str, str] = field(default_factory=dict)  # of a detector: variant -> label in the detector's own run
    label: str = ""

    @property
    def status(self) -> str:
        return "done" if isinstance(self.record, ReferenceRecord) else self.record.status

    @property
    def reason(self) -> str | None:
        return None if isinstance(self.record, ReferenceRecord) else self.record.reason


@dataclass(frozen=True)
class Estimate:
    """A number averaged over seeds. No value: `unavailable` says why, as far as the records know."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    seeds: int = 0
    unavailable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One entry of a generator table."""

    kind: str
    label: str
    entries: tuple[Entry, ...]  # by seed
    quality: dict[Column, Estimate]
    cost: dict[str, Estimate]
    detectability: Estimate  # AUROC of the best detector that never saw this variant
    detector: str | None  # that detector
    ranks: tuple[int, int] | None = None

    def of(self, column: Column) -> Estimate:
        return self.quality.get(column, Estimate())

    @property
    def n_done(self) -> int:
        return sum(entry.status == "done" for entry in self.entries)

    @property
    def status(self) -> str:
        if self.kind != "variant":
            return self.kind
        return "done" if self.n_done else self.entries[0].status


@dataclass(frozen=True)
class Detected:
    """One detector under one protocol on one variant."""

    detector: str
    protocol: str
    variant: str
    n_real: int
    n_fake: int
    method: str
    measures: dict[str, Estimate]  # of each of MEASURES


@dataclass(frozen=True)
class Standings:
    """One track: everything its tables and figures show."""

    track: Track
    columns: tuple[Column, ...]  # the headline first, then as the records list them
    headline: Column | None
    asked: str | None  # the headline that was asked for
    rows: tuple[Row, ...]  # ranked, then failed, then reference and external rows
    detected: tuple[Detected, ...]
    judges: tuple[Entry, ...]

    @property
    def entries(self) -> list[Entry]:
        return [entry for row in self.rows for entry in row.entries] + list(self.judges)


def read_entries(run_folders: list[Path]) -> list[Entry]:
    """The records of all runs, labelled and sorted; a seed that was computed twice counts once.

    Raises UserError when no folder is given, or one is absent, empty or holds an unreadable record.
    """
    if not run_folders:
        raise UserError("no run folder given; give run folders such as runs/NAME.")
    found = [(run, folder, record) for run in run_folders for folder, record in read_runs([run])]
    generators = _labelled([_entry(*item, {}) for item in found if not isinstance(item[2], JudgeRecord)])
    labels = {(e.run, e.track, e.name): e.label for e in generators if e.kind == "variant"}
    judges = _labelled([_entry(*item, labels) for item in found if isinstance(item[2], JudgeRecord)])
    return _one_per_seed(generators + judges)


def _entry(run: Path, folder: Path, record: AnyRecord, labels: dict[tuple[Path, Track, str], str]) -> Entry:
    track = Track(record.spec.dataset, record.spec.preset, record.spec.benchmark_version)
    spec = record.spec.model_dump(mode="json")
    seed, fakes = spec.pop("seed", None), {}
    if isinstance(record, CellRecord):
        kind, name = "variant", record.spec.variant
    elif isinstance(record, ReferenceRecord):
        kind, name = "external" if record.external else "reference", record.spec.name
    else:
        kind, name = "detector", record.spec.detector
        # A record knows its fakes by names that are unique only within its run, and by digests that change with the seed.
        tested = {*record.spec.fakes, *(d.variant for d in record.detections)}
        fakes = {variant: labels.get((run, track, variant), variant) for variant in tested}
        spec["fakes"] = sorted(fakes[variant] for variant in record.spec.fakes)
    recipe = hashlib.sha256(json.dumps([kind, spec], sort_keys=True).encode()).hexdigest()
    return Entry(record, folder, run, track, kind, name, seed, recipe, fakes)


def _labelled(entries: list[Entry]) -> list[Entry]:
    recipes = defaultdict(set)
    for e in entries:
        recipes[e.track, e.name].add(e.recipe)
    return [replace(e, label=e.name if len(recipes[e.track, e.name]) == 1 else f"{e.name} #{e.recipe[:4]}") for e in entries]


def _one_per_seed(entries: list[Entry]) -> list[Entry]:
    """The last of equals, but never a failed one in place of a finished one."""
    kept: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        key = (entry.track, entry.kind, entry.label, -1 if entry.seed is None else entry.seed)
        if key not in kept or entry.status == "done" or kept[key].status != "done":
            kept[key] = entry
    return [kept[key] for key in sorted(kept)]


def generator_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row a number of one seed (metrics and costs); a failed cell is one row without a number. Columns: FIELDS."""
    return _frame(row for entry in entries if not isinstance(entry.record, JudgeRecord) for row in _rows_of(entry))


def detector_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row a measure of one detection; a failed detector is one row without a number. Columns: FIELDS."""
    return _frame(row for entry in entries if isinstance(entry.record, JudgeRecord) for row in _rows_of(entry))


def _frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    counts, numbers = ("seed", "n_fake", "n_real"), ("value", "low", "high")
    frame = pd.DataFrame(list(rows), columns=FIELDS)
    return frame.astype({**dict.fromkeys(counts, "Int64"), **dict.fromkeys(numbers, "float64")})


def _rows_of(entry: Entry) -> list[dict[str, Any]]:
    base = {**entry.track._asdict(), "kind": entry.kind, "seed": entry.seed, "status": entry.status, "reason": entry.reason}
    if isinstance(entry.record, JudgeRecord):
        base["detector"] = entry.label
        rows = [row for d in entry.record.detections for row in _detection_rows(d, entry.fakes)]
    else:
        base |= {"entry": entry.label, "variant": entry.name}
        rows = [{**_column(m)._asdict(), **_number(m.value, m.interval, m.unavailable)} for m in entry.record.metrics]
        if isinstance(entry.record, CellRecord):
            spent = {**dict(entry.record.cost or ()), "generator_parameters": entry.record.generator_parameters or None}
            rows += [{"name": name, "metric": "cost", **_number(spent.get(name))} for name in COSTS]
    return [{**base, **row} for row in rows] if rows and entry.status == "done" else [base]


def _detection_rows(d: Detection, labels: dict[str, str]) -> list[dict[str, Any]]:
    where = {"entry": labels[d.variant], "variant": d.variant, "protocol": d.protocol, "n_fake": d.n_fake, "n_real": d.n_real}
    what = {**where, "metric": "detection", "higher_is_better": True}
    intervals = {"auroc": d.auroc_interval}
    return [{**what, "name": name, **_number(getattr(d, name), intervals.get(name))} for name in MEASURES]


def _column(m: MetricValue) -> Column:
    return Column(*(getattr(m, name) for name in Column._fields))


def _number(value: float | None, interval: Interval | None = None, unavailable: str | None = None) -> dict[str, Any]:
    if value is None:
        return {"unavailable": unavailable or "no value in the record"}
    if interval is None:
        return {"value": value}
    return {"value": value, "low": interval.low, "high": interval.high, "interval_method": interval.method}


def over_seeds(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], Estimate]:
    """One estimate a group of rows that agree in `keys` and differ in the seed; rows without one of the keys are left out."""
    return {key: _estimate(group) for key, group in cast(Any, frame.groupby(keys))}


def _estimate(group: pd.DataFrame) -> Estimate:
    """The mean. From two seeds on: with a 95 % t interval of the mean; with one: with the record's own, if it has one."""
    valued = group[group["value"].notna()]
    reasons = tuple(sorted(set(group["unavailable"].dropna())))
    n, values = len(valued), valued["value"]
    if n == 0:
        return Estimate(unavailable=reasons)
    mean = float(values.mean())
    if n > 1:
        half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1)) / math.sqrt(n)  # stdtrit: quantile of Student's t
        return Estimate(mean, mean - half, mean + half, SEED_INTERVAL, n, reasons)
    only = valued.iloc[0]
    if pd.isna(only["low"]):
        return Estimate(mean, seeds=1, unavailable=reasons)
    return Estimate(mean, float(only["low"]), float(only["high"]), only["interval_method"], 1, reasons)


def all_standings(
    generators: pd.DataFrame, detectors: pd.DataFrame, entries: Sequence[Entry], headline: dict[str, str]
) -> list[Standings]:
    """One Standings a track, sorted. `headline`: dataset -> start of the name of the metric that ranks it."""
    return [
        _standings(track, generators, detectors, [e for e in entries if e.track == track], headline.get(track.dataset))
        for track in sorted({e.track for e in entries})
    ]


def _standings(
    track: Track, generators: pd.DataFrame, detectors: pd.DataFrame, entries: list[Entry], asked: str | None
) -> Standings:
    judges = tuple(e for e in entries if isinstance(e.record, JudgeRecord))
    detected = _detected(_of_track(detectors, track), judges)
    columns = _columns(entries)
    rows = _rows(_of_track(generators, track), [e for e in entries if e not in judges], columns, detected)
    judged = [row for row in rows if row.kind == "variant"] or rows
    best = choose_headline([c for c in columns if any(row.of(c).value is not None for row in judged)], asked)
    columns.sort(key=lambda column: column != best)
    return Standings(track, tuple(columns), best, asked, tuple(_ranked(rows, best)), tuple(detected), judges)


def _of_track(frame: pd.DataFrame, track: Track) -> pd.DataFrame:
    return frame[(frame[TRACK] == list(track)).all(axis=1)]


def _columns(entries: Iterable[Entry]) -> list[Column]:
    """Every column of the done records, in the order in which records list their metrics."""
    position: dict[Column, int] = {}
    for entry in entries:
        if entry.status == "done" and not isinstance(entry.record, JudgeRecord):
            for i, column in enumerate(map(_column, entry.record.metrics)):
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


def detectability(variant: str, detected: Iterable[Detected]) -> tuple[Estimate, str | None]:
    """The AUROC of the best detector fitted without this variant, and that detector's name. Other protocols do not count."""
    unseen = [d for d in detected if d.variant == variant and d.protocol == LEAVE_ONE_OUT]
    scored = [(value, d) for d in unseen if (value := d.measures["auroc"].value) is not None]
    if not scored:
        return Estimate(unavailable=(f"no detector was tested on it under {LEAVE_ONE_OUT}",)), None
    best = max(scored, key=lambda pair: pair[0])[1]  # of equals the first by name: `detected` is sorted
    return best.measures["auroc"], best.detector


def _ranked(rows: list[Row], headline: Column | None) -> list[Row]:
    """Rows with their ranks, in the order of the table."""
    if headline is None:
        return sorted(rows, key=lambda row: row.kind != "variant")
    points = {
        r.label: (e.value, e.low, e.high) for r in rows if r.kind == "variant" and (e := r.of(headline)).value is not None
    }
    ranks = dict(zip(points, rank_range(list(points.values()), headline.higher_is_better), strict=True))

    def order(row: Row) -> tuple[bool, bool, float]:
        value = row.of(headline).value
        return row.kind != "variant", value is None, (value or 0.0) * (-1 if headline.higher_is_better else 1)

    return sorted((replace(row, ranks=ranks.get(row.label)) for row in rows), key=order)


def _detected(frame: pd.DataFrame, judges: Iterable[Entry]) -> list[Detected]:
    methods = {e.label: e.record.method for e in judges if isinstance(e.record, JudgeRecord)}
    found: dict[tuple[Any, ...], dict[str, Estimate]] = defaultdict(dict)
    for (*where, name), estimate in over_seeds(frame, ["detector", "protocol", "entry", "n_real", "n_fake", "name"]).items():
        found[tuple(where)][name] = estimate
    detected = [
        Detected(detector, protocol, variant, int(n_real), int(n_fake), methods[detector], measures)
        for (detector, protocol, variant, n_real, n_fake), measures in found.items()
    ]
    first = {"seen": 0, LEAVE_ONE_OUT: 1}
    return sorted(detected, key=lambda d: (d.detector, first.get(d.protocol, 2), d.protocol, d.variant, d.n_real, d.n_fake))
