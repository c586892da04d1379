"""What is checked of a detector, and of the attacks on the detectors of a run, beyond their records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.detectors.ensemble import LIMIT
from gan_bench.detectors.scores import COLUMNS, combined, detections_of, read_scores
from gan_bench.records import CLEAN, AttackRecord, CellRecord, Detection, JudgeRecord
from gan_bench.run_folder import MODEL, SCORES, RunFolder, changes_of
from gan_bench.verify.ledger import Sheet
from gan_bench.verify.tolerances import OF_SCORES, same_number

PLACE = [name for name in COLUMNS if name != "logit"]  # which image, in which test of which fit


def check_detector(sheet: Sheet, record: JudgeRecord, folder: Path, run: RunFolder, cells: Iterable[CellRecord]) -> None:
    """Its fakes, its fitted models, its scores, and every number that follows from these."""
    if record.status == "failed":
        if record.detections:
            sheet.differs("detections", "detections of a detector that failed", len(record.detections), 0)
        return

    _check_reals(sheet, record)
    _check_fakes(sheet, record, cells)
    for tier, digest in record.models.items():
        with sheet.attempt("models", MODEL.format(tier)):
            sheet.compare("models", MODEL.format(tier), digest, sha256_of(folder / MODEL.format(tier)))

    with sheet.attempt("score files", SCORES):
        sheet.compare("score files", SCORES, record.scores_digest, sha256_of(folder / SCORES))
    with sheet.attempt("detections", SCORES):
        table = read_scores(folder / SCORES)
        _check_detections(sheet, record.detections, detections_of(table, record.spec.seed))
        if record.spec.members:
            _check_combined(sheet, record, table, folder, run)


def _check_reals(sheet: Sheet, record: JudgeRecord) -> None:
    """That its reals are those of this dataset's test split."""
    try:
        found = _test_digest(record.spec.dataset)
    except UserError as error:
        sheet.skip("dataset_digest", str(error))
    else:
        if record.dataset_digest != found:
            sheet.differs("records", "dataset_digest", record.dataset_digest, found)


@cache
def _test_digest(dataset: str) -> str:
    return DATASETS.create(dataset).load("test").digest


def _check_fakes(sheet: Sheet, record: JudgeRecord, cells: Iterable[CellRecord]) -> None:
    """That its fakes are those of the run's cells, as far as these can be read."""
    spec = record.spec
    there = [cell for cell in cells if cell.spec.dataset == spec.dataset]
    mine = {cell.spec.key: cell.samples_digest for cell in there if cell.spec.seed == spec.seed}
    for key, digest in spec.fakes.items():
        if key in mine and mine[key] != digest:
            sheet.differs("records", f"fakes of {key}", digest, mine[key])

    every = {(cell.spec.key, cell.samples_digest) for cell in there}
    for key, digest in spec.others.items():  # the record does not say of which seed
        if (key, digest) not in every:
            sheet.skip(f"fakes of another seed of {key}", "no cell of this run folder has these samples")


def _check_detections(sheet: Sheet, recorded: Sequence[Detection], found: Sequence[Detection]) -> None:
    """Each detection of the record against the one that the scores give."""
    again = _by_name(found)
    for name, detection in _by_name(recorded).items():
        other = again.pop(name, None)
        if other is None:
            sheet.differs("detections", name, detection.auroc, "not in the scores")
        else:
            _compare(sheet, name, detection, other)
    for name, detection in again.items():
        sheet.differs("detections", name, "not in the record", detection.auroc)
    if len(recorded) != len(found) and not again:
        sheet.differs("detections", "number of detections", len(recorded), len(found))


def _by_name(detections: Iterable[Detection]) -> dict[str, Detection]:
    """The detections by what names them: "web seen dcgan,wgan all"."""
    found = {}
    for one in detections:
        parts = (one.tier, one.protocol, ",".join(one.fitted_on), one.variant, one.corruption, one.severity)
        found[" ".join(str(part) for part in parts if part)] = one
    return found


def _compare(sheet: Sheet, name: str, recorded: Detection, found: Detection) -> None:
    """All fields of a detection; the first that differs is told."""
    mine, theirs = (_flat(detection.model_dump()) for detection in (recorded, found))
    for field in mine | theirs:
        if not same_number(mine.get(field), theirs.get(field)):
            sheet.differs("detections", f"{name}: {field}", mine.get(field), theirs.get(field))
            return
    sheet.agrees("detections", name)


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, and those of the interval as fields of their own."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        flat |= {f"{name}.{inner}": it for inner, it in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _check_combined(sheet: Sheet, record: JudgeRecord, table: pd.DataFrame, folder: Path, run: RunFolder) -> None:
    """That the scores of a detector which combines others are made of theirs."""
    spec, changes = record.spec, changes_of(folder)
    with sheet.attempt("score files", "scores made of those of the members"):
        files = [run.detector_of(spec.dataset, name, spec.seed, changes) / SCORES for name in spec.members]
        made = combined([read_scores(file) for file in files])
        same = made[PLACE].astype(str).equals(table[PLACE].astype(str)) and bool(
            (made["logit"] - table["logit"]).abs().max() <= OF_SCORES * LIMIT
        )
        sheet.compare("score files", "scores made of those of the members", "the mean", "others", agrees=same)


def check_attack(sheet: Sheet, record: AttackRecord, folder: Path, judges: Mapping[Path, JudgeRecord], run: RunFolder) -> None:
    """That the attacked detectors are those of the run. What attacks did cannot be computed again without attacking.

    judges  those that could be read, by their folder
    """
    for name, digest in record.spec.models.items():
        judge = judges.get(run.detector_of(record.spec.dataset, name, record.spec.seed, changes_of(folder)))
        found = None if judge is None else judge.models.get(CLEAN)
        sheet.compare("models", f"model of {name}", digest, found)
    told = {name for attack in record.attacks for name in (attack.attacked, attack.shown_to)}
    for name in sorted(told - record.spec.models.keys()):
        sheet.differs("models", f"attacks on {name}", "in the record", "not among the attacked detectors")
    if record.attacks:
        sheet.skip("attacks", "they are not carried out again")
