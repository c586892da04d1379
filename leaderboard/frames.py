"""Entries -> long pandas frames: one row for each number of each seed. They are what leaderboard.csv holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.entries import Entry
from gan_bench.records import AttackRecord, CellRecord, Detection, Interval, JudgeRecord, ReferenceRecord

TOGETHER = "; "  # between the labels of the cells that a detector was fitted on


class Measure(NamedTuple):
    """What is known of a number of a detection.

    least, most  the range that it can have; None: no bound
    absent       why it has no value where it has none; "": it was not measured, and has no row
    """

    higher_is_better: bool | None = True
    least: float | None = 0.0
    most: float | None = 1.0
    absent: str = ""


MEASURES = {
    "auroc": Measure(),
    "ap": Measure(),
    "real_accuracy": Measure(),
    "fake_accuracy": Measure(),
    "threshold": Measure(None, None, None),
    "real_accuracy_at_threshold": Measure(),
    "fake_accuracy_at_threshold": Measure(),
    "oracle_accuracy": Measure(),
    "tpr_at_1": Measure(absent="withheld: fewer than 2,000 reals"),
    "tpr_at_5": Measure(absent="withheld: fewer than 400 reals"),
    "eer": Measure(False),
    "ece": Measure(False),
    "brier": Measure(False),
    "nll": Measure(False, most=None),
    "unsure": Measure(False),
    "flip_rate": Measure(False),
    "validate_auroc": Measure(),
}
DETECTION, ATTACK = "detection", "attack"  # in the column `metric`
COSTS = ("kimg", "tflop", "train_seconds", "images_per_second", "generator_parameters")
FIELDS = [
    "dataset", "preset", "benchmark_version", "kind", "entry", "variant", "detector", "tier", "protocol", "fitted_on",
    "corruption", "severity", "goal", "attacked", "eps", "seed", "status", "reason", "name", "metric", "extractor", "value",
    "low", "high", "interval_method", "least", "most", "unavailable", "higher_is_better", "n_fake", "n_real", "split",
]  # fmt: skip


def generator_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row for each metric and cost of each seed; one row without a number for a failed cell. Columns: FIELDS."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry.record, CellRecord | ReferenceRecord):
            numbers = _generator_numbers(entry.record)
            rows += _rows({**_common(entry), "entry": entry.label, "variant": entry.name}, numbers)
    return _frame(rows)


def detector_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """One row for each measure of each detection, and for each figure of each attack, whose `detector` is the one that was
    shown the images. One row without a number for what failed. Columns: FIELDS.
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry.record, JudgeRecord):
            rows += _rows({**_common(entry), "detector": entry.label}, _detector_numbers(entry.record, entry.labels))
        elif isinstance(entry.record, AttackRecord):
            rows += _rows(_common(entry), _attack_numbers(entry.record, entry.labels))
    return _frame(rows)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    counts, numbers = ("seed", "severity", "eps", "n_fake", "n_real"), ("value", "low", "high", "least", "most")
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
        for name, measure in MEASURES.items():
            value = getattr(detection, name)
            if value is not None or measure.absent:
                number = _number(value, intervals.get(name), measure.absent)
                numbers.append({**what, "name": name, **measure._asdict(), **number})
    return numbers


def _detection(d: Detection, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "entry": labels[d.variant],
        "variant": d.variant,
        "tier": d.tier,
        "protocol": d.protocol,
        "fitted_on": TOGETHER.join(labels[key] for key in d.fitted_on),
        "corruption": d.corruption,
        "severity": d.severity,
        "n_fake": d.n_fake,
        "n_real": d.n_real,
        "metric": DETECTION,
    }


def _attack_numbers(record: AttackRecord, labels: dict[str, str]) -> list[dict[str, Any]]:
    numbers: list[dict[str, Any]] = []
    for a in record.attacks:
        what = {"goal": a.goal, "attacked": labels[a.attacked], "detector": labels[a.shown_to], "eps": a.eps, "metric": ATTACK}
        what["n_fake" if a.goal == "evasion" else "n_real"] = a.n  # the images that were changed
        for name, value, higher in (("auroc", a.auroc, True), ("success", a.success, False)):
            number = _number(value, unavailable="no image was on the right side of the threshold")
            numbers.append({**what, "name": name, "least": 0.0, "most": 1.0, "higher_is_better": higher, **number})
    return numbers


def _number(value: float | None, interval: Interval | None = None, unavailable: str | None = None) -> dict[str, Any]:
    if value is None:
        return {"unavailable": unavailable or "no value in the record"}
    if interval is None:
        return {"value": value}
    return {"value": value, "low": interval.low, "high": interval.high, "interval_method": interval.method}
