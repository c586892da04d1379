"""Entries -> frames: lists with one number of one seed after the other. They are what leaderboard.csv holds.

There are tens of thousands of numbers, so a frame is a plain list of tuples: to import pandas takes longer than to make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.entries import Entry
from gan_bench.records import AttackRecord, CellRecord, Detection, Interval, JudgeRecord, ReferenceRecord

if TYPE_CHECKING:
    import pandas as pd

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
COST, DETECTION, ATTACK = "cost", "detection", "attack"  # in the field `metric`
COSTS = ("kimg", "tflop", "train_seconds", "images_per_second", "generator_parameters")
LEFT = "no image was on the right side of the threshold"  # why an attack has no number


class Number(NamedTuple):
    """One number of one seed, and where it belongs; of a failed record one without a name and a value. None: does not apply.

    dataset to reason           where: of an entry of the board, its detection or its attack, if it is one, and its seed
    name to higher_is_better    what: the number; least, most: the range that it can have, None: no bound
    n_fake to split             of how many images
    """

    dataset: str | None = None
    preset: str | None = None
    benchmark_version: str | None = None
    kind: str | None = None
    entry: str | None = None
    variant: str | None = None
    detector: str | None = None
    tier: str | None = None
    protocol: str | None = None
    fitted_on: str | None = None
    corruption: str | None = None
    severity: int | None = None
    goal: str | None = None
    attacked: str | None = None
    eps: int | None = None
    seed: int | None = None
    status: str | None = None
    reason: str | None = None

    name: str | None = None
    metric: str | None = None
    extractor: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval_method: str | None = None
    least: float | None = None
    most: float | None = None
    unavailable: str | None = None
    higher_is_better: bool | None = None

    n_fake: int | None = None
    n_real: int | None = None
    split: str | None = None


FIELDS = Number._fields
COUNTS, DECIMALS = ("seed", "severity", "eps", "n_fake", "n_real"), ("value", "low", "high", "least", "most")
NUMBERS = {**dict.fromkeys(COUNTS, "Int64"), **dict.fromkeys(DECIMALS, "float64"), "higher_is_better": "object"}  # for pandas
N_WHERE = FIELDS.index("name")  # the fields before it say where a number belongs
NO_INTERVAL = None, None, None  # low, high, interval_method
Frame = list[Number]


def generator_frame(entries: Iterable[Entry]) -> Frame:
    """The metrics and costs of each seed; of a failed cell one number without a value."""
    frame: Frame = []
    for entry in entries:
        if isinstance(entry.record, CellRecord | ReferenceRecord):
            where = _where(entry)._replace(entry=entry.label, variant=entry.name)
            frame += _of_finished(entry, where, _generator_numbers(entry.record, where[:N_WHERE]))
    return frame


def detector_frame(entries: Iterable[Entry]) -> Frame:
    """The measures of each detection, and the figures of each attack, whose `detector` is the one that was shown the images.

    Of what failed, one number without a value.
    """
    frame: Frame = []
    for entry in entries:
        if isinstance(entry.record, JudgeRecord):
            where = _where(entry)._replace(detector=entry.label)
            frame += _of_finished(entry, where, _detector_numbers(entry.record, where, entry.labels))
        elif isinstance(entry.record, AttackRecord):
            where = _where(entry)
            frame += _of_finished(entry, where, _attack_numbers(entry.record, where, entry.labels))
    return frame


def to_pandas(frame: Frame) -> pd.DataFrame:
    """A frame for Python callers: columns FIELDS; what does not apply is missing. Imports pandas."""
    import pandas as pd

    return pd.DataFrame(frame, columns=list(FIELDS)).astype(NUMBERS)


def _where(entry: Entry) -> Number:
    return Number(*entry.track, kind=entry.kind, seed=entry.seed, status=entry.status, reason=entry.reason)


def _of_finished(entry: Entry, where: Number, numbers: Iterable[Number]) -> Frame:
    found = list(numbers) if entry.status == "done" else []
    return found or [where]


def _generator_numbers(record: CellRecord | ReferenceRecord, where: tuple[object, ...]) -> Iterator[Number]:
    for m in record.metrics:
        name, metric, extractor, n_fake, n_real, split, higher_is_better = column_of(m)
        *number, unavailable = _value(m.value, m.interval, m.unavailable)
        what = name, metric, extractor, *number, m.least, m.most, unavailable, higher_is_better
        yield Number._make((*where, *what, n_fake, n_real, split))

    if isinstance(record, CellRecord):
        costs = {} if record.cost is None else dict(record.cost)
        costs["generator_parameters"] = float(record.generator_parameters) or None
        for name in COSTS:
            *number, unavailable = _value(costs.get(name))
            yield Number._make((*where, name, COST, None, *number, 0.0, None, unavailable, None, None, None, None))


def _detector_numbers(record: JudgeRecord, where: Number, labels: dict[str, str]) -> Iterator[Number]:
    """There are thousands for each record, so what the numbers of one detection share is made once."""
    for detection in record.detections:
        here = _detection(detection, where, labels)[:N_WHERE]
        ends = {"auroc": _ends(detection.auroc_interval)}
        for name, (higher_is_better, least, most, absent) in MEASURES.items():
            value = getattr(detection, name)
            if value is None and not absent:
                continue
            low, high, method = ends.get(name, NO_INTERVAL)
            number = value, low, high, method, least, most, absent if value is None else None, higher_is_better
            yield Number._make((*here, name, DETECTION, None, *number, detection.n_fake, detection.n_real, None))


def _detection(d: Detection, where: Number, labels: dict[str, str]) -> Number:
    return where._replace(
        entry=labels[d.variant],
        variant=d.variant,
        tier=d.tier,
        protocol=d.protocol,
        fitted_on=TOGETHER.join(labels[key] for key in d.fitted_on),
        corruption=d.corruption,
        severity=d.severity,
    )


def _attack_numbers(record: AttackRecord, where: Number, labels: dict[str, str]) -> Iterator[Number]:
    for a in record.attacks:
        here = where._replace(goal=a.goal, attacked=labels[a.attacked], detector=labels[a.shown_to], eps=a.eps)[:N_WHERE]
        changed = (a.n, None) if a.goal == "evasion" else (None, a.n)  # fakes or reals
        for name, value, higher_is_better in (("auroc", a.auroc, True), ("success", a.success, False)):
            *number, unavailable = _value(value, unavailable=LEFT)
            what = name, ATTACK, None, *number, 0.0, 1.0, unavailable, higher_is_better
            yield Number._make((*here, *what, *changed, None))


def _value(
    value: float | None, interval: Interval | None = None, unavailable: str | None = None
) -> tuple[float | None, float | None, float | None, str | None, str | None]:
    """Value, low, high, interval_method, unavailable."""
    if value is None:
        return None, *NO_INTERVAL, unavailable or "no value in the record"
    return value, *_ends(interval), None


def _ends(interval: Interval | None) -> tuple[float | None, float | None, str | None]:
    return NO_INTERVAL if interval is None else (interval.low, interval.high, interval.method)
