"""Entries -> long pandas frames: one row for each number of each seed. They are what leaderboard.csv holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.entries import Entry
from gan_bench.records import CellRecord, Detection, Interval, JudgeRecord, ReferenceRecord

MEASURES = ("auroc", "ap", "real_accuracy", "fake_accuracy")
COSTS = ("kimg", "tflop", "train_seconds", "images_per_second", "generator_parameters")
FIELDS = [
    "dataset", "preset", "benchmark_version", "kind", "entry", "variant", "detector", "protocol", "seed", "status", "reason",
    "name", "metric", "extractor", "value", "low", "high", "interval_method", "least", "most", "unavailable",
    "higher_is_better", "n_fake", "n_real", "split",
]  # fmt: skip


def generator_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row for each metric and cost of each seed; one row without a number for a failed cell. Columns: FIELDS."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if not isinstance(entry.record, JudgeRecord):
            numbers = _generator_numbers(entry.record)
            rows += _rows({**_common(entry), "entry": entry.label, "variant": entry.name}, numbers)
    return _frame(rows)


def detector_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row for each measure of each detection; one row without a number for a failed detector. Columns: FIELDS."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry.record, JudgeRecord):
            numbers = _detector_numbers(entry.record, entry.fakes)
            rows += _rows({**_common(entry), "detector": entry.label}, numbers)
    return _frame(rows)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    counts, numbers = ("seed", "n_fake", "n_real"), ("value", "low", "high", "least", "most")
    frame = pd.DataFrame(rows, columns=FIELDS)
    return frame.astype({**dict.fromkeys(counts, "Int64"), **dict.fromkeys(numbers, "float64")})


def _common(entry: Entry) -> dict[str, Any]:
    return {
        **entry.track._asdict(),
        "kind": entry.kind,
        "seed": entry.seed,
        "status": entry.status,
        "reason": entry.reason,
    }


def _rows(common: dict[str, Any], numbers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not numbers or common["status"] != "done":
        return [common]
    return [{**common, **number} for number in numbers]


def _generator_numbers(record: CellRecord | ReferenceRecord) -> list[dict[str, Any]]:
    numbers: list[dict[str, Any]] = []
    for m in record.metrics:
        limits = {"least": m.least, "most": m.most}
        numbers.append({**column_of(m)._asdict(), **limits, **_number(m.value, m.interval, m.unavailable)})

    if isinstance(record, CellRecord):
        costs: dict[str, Any] = {} if record.cost is None else dict(record.cost)
        costs["generator_parameters"] = record.generator_parameters or None
        numbers += [{"name": name, "metric": "cost", "least": 0.0, **_number(costs.get(name))} for name in COSTS]
    return numbers


def _detector_numbers(record: JudgeRecord, labels: dict[str, str]) -> list[dict[str, Any]]:
    numbers = []
    for detection in record.detections:
        what = _detection(detection, labels)
        intervals = {"auroc": detection.auroc_interval}
        for name in MEASURES:
            numbers.append({**what, "name": name, **_number(getattr(detection, name), intervals.get(name))})
    return numbers


def _detection(d: Detection, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "entry": labels[d.variant],
        "variant": d.variant,
        "protocol": d.protocol,
        "n_fake": d.n_fake,
        "n_real": d.n_real,
        "metric": "detection",
        "least": 0.0,
        "most": 1.0,
        "higher_is_better": True,
    }


def _number(value: float | None, interval: Interval | None = None, unavailable: str | None = None) -> dict[str, Any]:
    if value is None:
        return {"unavailable": unavailable or "no value in the record"}
    if interval is None:
        return {"value": value}
    return {"value": value, "low": interval.low, "high": interval.high, "interval_method": interval.method}
