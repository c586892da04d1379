"""What lies where in a run folder: paths, lock, log, reading. No other file knows these names.

runs/<name>/plan.json  run.log  verification.json
  cells/<dataset>/<key>/seed-<k>/            a trained generator, its samples and its record; <key>: see `CellSpec.key`
  references/<dataset>/<name>/               a row that is no generator; external-<name>/ is somebody's, with a folder
                                             seed-<k>/ for each draw of their generator
  detectors/<dataset>/<detector>/seed-<k>/   a detector's record, its scores, and what was fitted for each tier;
                                             <detector>@<hash> for changed settings
  attacks/<dataset>/seed-<k>/                what attacks on these detectors did
  deliveries/<dataset>/seed-<k>.parquet      what was done to each image that they saw
  tensorboard/<dataset>/<key>/seed-<k>/      the course of a training, where `--log tensorboard` asked for it
  leaderboard/                               the pages
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import filelock

from gan_bench.core.changes import short_hash
from gan_bench.core.errors import UserError
from gan_bench.records import (
    AnyRecord,
    AttackRecord,
    AttackSpec,
    CellRecord,
    CellSpec,
    JudgeRecord,
    JudgeSpec,
    Plan,
    ReferenceRecord,
    ReferenceSpec,
    Result,
    TableRules,
    Verification,
    finished,
    read_contents,
    read_record,
    write_record,
)  # fmt: skip

RECORD, SAMPLES, SCORES = "record.json", "samples.npz", "scores.parquet"
GENERATOR, DISCRIMINATOR, INVERSE = "generator.safetensors", "discriminator.safetensors", "inverse.safetensors"  # of a cell
MODEL = "model-{}.safetensors"  # of a detector, for each tier
SHOWN = {  # what the leaderboard may show of a cell, by what it shows
    "samples": "samples.png", "strip": "strip.png", "rows": "rows.png", "neighbours": "neighbours.png",
    "history": "history.csv", "explained": "explained.png",
}  # fmt: skip
PARTS: dict[str, type[AnyRecord]] = {
    "cells": CellRecord, "references": ReferenceRecord, "detectors": JudgeRecord, "attacks": AttackRecord,
}  # fmt: skip
MOST_TOLD = 3  # unreadable records in one sentence
log = logging.getLogger(__name__)


class RunFolder:
    """The paths of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.leaderboard = path / "leaderboard"
        self.plan = path / "plan.json"
        self.verification = path / "verification.json"

    def cell(self, spec: CellSpec) -> Path:
        """The folder of one trained generator."""
        return self.cell_of(spec.dataset, spec.key, spec.seed)

    def cell_of(self, dataset: str, key: str, seed: int) -> Path:
        """The folder of the cell with this key."""
        return self.path / "cells" / below(dataset) / key / f"seed-{seed}"

    def training_log(self, spec: CellSpec) -> Path:
        """The folder of the log of one training: `tensorboard --logdir RUN/tensorboard` shows all of them."""
        return self.path / "tensorboard" / self.cell(spec).relative_to(self.path / "cells")

    def reference(self, spec: ReferenceSpec) -> Path:
        """The folder of a row that is no generator."""
        return self.path / "references" / below(spec.dataset) / spec.name

    def external(self, dataset: str, name: str) -> Path:
        """The folder of somebody's entry; `name` must be safe as the name of a file."""
        return self.path / "references" / below(dataset) / f"external-{name}"

    def external_set(self, dataset: str, name: str, seed: int | None) -> Path:
        """The folder of one scored set of images of somebody's entry; `seed`: that of their generator, if it is known."""
        entry = self.external(dataset, name)
        return entry if seed is None else entry / f"seed-{seed}"

    def detector(self, spec: JudgeSpec, cells: Iterable[CellSpec]) -> Path:
        """The folder of one fitted detector. Sets of cells of which some have changed settings have folders of their own.

        cells  those that the plan has of its dataset and seed; they count even if their training fails, so that the
               folder stays the same when a later run repairs them
        """
        return self.detector_of(spec.dataset, spec.detector, spec.seed, _changes(cells))

    def detector_of(self, dataset: str, detector: str, seed: int, changes: str = "") -> Path:
        """The folder of the detector of this name; `changes` as `changes_of` gives them."""
        name = detector.replace(":", "-").replace("/", "-") + changes
        return self.path / "detectors" / below(dataset) / name / f"seed-{seed}"

    def attacks_of(self, dataset: str, seed: int, changes: str = "") -> Path:
        """The folder of the attacks on the detectors of this seed; `changes` as `changes_of` gives them."""
        return self.path / "attacks" / below(dataset) / f"seed-{seed}{changes}"

    def attacks(self, spec: AttackSpec, cells: Iterable[CellSpec]) -> Path:
        """The folder of the attacks on the detectors of one dataset and seed; `cells` as for `detector`."""
        return self.attacks_of(spec.dataset, spec.seed, _changes(cells))

    def deliveries(self, dataset: str, seed: int, cells: Iterable[CellSpec]) -> Path:
        """The manifest of what was done to each image that its detectors saw; `cells` as for `detector`."""
        return self.path / "deliveries" / below(dataset) / f"seed-{seed}{_changes(cells)}.parquet"

    def finished_cell(self, spec: CellSpec) -> CellRecord | None:
        """The record of a cell that was trained and scored from exactly this spec."""
        return finished(self.cell(spec) / RECORD, CellRecord, spec)

    def record_files(self, part: str) -> list[Path]:
        """The files of the records of one of PARTS, sorted; they may be unreadable."""
        return sorted((self.path / part).rglob(RECORD))

    @property
    def is_one(self) -> bool:
        """Whether a run was ever begun here."""
        return self.plan.is_file()

    @property
    def has_records(self) -> bool:
        """Whether anything was kept here, readable or not."""
        return any(self.record_files(part) for part in PARTS)

    @property
    def takes_entries(self) -> bool:
        """Whether an entry may be put here: into a run folder, or into a new or an empty one, and it is writable."""
        there = next(folder for folder in (self.path.absolute(), *self.path.absolute().parents) if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            return False
        return not self.path.exists() or not any(self.path.iterdir()) or self.is_one or self.has_records

    @contextlib.contextmanager
    def owned(self, plan: Plan) -> Iterator[None]:
        """Hold the folder for this plan alone, and write the plan into it.

        Raises UserError when the folder is not writable, in use, or holds a run of another budget or of other rules.
        """
        self._make_writable()
        lock = filelock.FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise UserError(
                f"the output folder {self.path} belongs to a run that is still going on; wait for it or choose another --out."
            ) from error

        try:
            self._check_track(plan)
            for half_written in self.path.rglob(".*.tmp"):  # what a killed run was writing
                half_written.unlink()
            write_record(self.plan, plan.model_copy(update={"rules": rules_in([self.path]) | plan.rules}))
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def logged(self) -> Iterator[None]:
        """Append every message of this block to the run's log."""
        handler = logging.FileHandler(self.path / "run.log")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        package = logging.getLogger("gan_bench")
        package.addHandler(handler)
        try:
            yield
        finally:
            package.removeHandler(handler)
            handler.close()

    def _make_writable(self) -> None:
        probe = self.path / ".writable"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise UserError(
                f"the output folder {self.path} is not writable ({error.strerror}); choose another with --out."
            ) from error

    def _check_track(self, plan: Plan) -> None:
        if not self.plan.exists():
            return
        before = read_record(self.plan, Plan)
        if _track(before) != _track(plan):
            raise UserError(
                f"the output folder {self.path} holds a run of {_track(before)}, not of {_track(plan)}; choose another --out."
            )


def below(dataset: str) -> str:
    """What the folder of a dataset is called: "images:photos-32-1a2b3c4d" has a colon, which some systems do not allow."""
    return dataset.partition(":")[2] or dataset


def rules_in(folders: Iterable[Path]) -> dict[str, TableRules]:
    """dataset -> how its table is read, as the plans of run folders say it; none of a plan that cannot be read."""
    found: dict[str, TableRules] = {}
    for folder in folders:
        with contextlib.suppress(UserError):
            found |= read_record(RunFolder(folder).plan, Plan).rules
    return found


def _changes(cells: Iterable[CellSpec]) -> str:
    """What is added to a name where some of these cells have changed settings; "" where none have."""
    cells = list(cells)
    return f"@{short_hash(sorted(cell.key for cell in cells))}" if any(cell.changed for cell in cells) else ""


def _track(plan: Plan) -> str:
    """What all runs of one folder share, in words. A preset's name does not pin its limits, which a release may change."""
    spec = plan.cells[0]
    limits = ", ".join(f"{limit:.12g} {name}" for name, limit in asdict(spec.budget).items() if limit is not None)
    return f"budget {spec.preset} ({limits}) of gan-bench rules {plan.benchmark_version}"


def changes_of(folder: Path) -> str:
    """What the name of a detector's or an attack's folder has of changed settings, such as "@1a2b3c"; "": nothing."""
    named = folder if "@" in folder.name else folder.parent
    return "".join(named.name.partition("@")[1:])


def read_runs(folders: Sequence[Path]) -> list[Result]:
    """All readable records of the run folders, in a fixed order. What is wrong with the others is logged as a warning for each.

    Raises UserError when no folder is given, or one is absent or holds no readable record.
    """
    if not folders:
        raise UserError("no run folder given; give run folders such as runs/NAME.")
    return [result for folder in folders for result in _read_run(folder)]


def _read_run(folder: Path) -> list[Result]:
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give run folders such as runs/NAME.")

    run = RunFolder(folder)
    verification = _verification_of(run)
    results, refused = [], []
    for part, model in PARTS.items():
        for file in run.record_files(part):
            try:
                contents = read_contents(file, model)
            except UserError as error:
                refused.append(str(error))
                continue
            _warn_of(file, contents.doubts)
            beside = {what: file.parent / name for what, name in SHOWN.items()}
            files = {what: path for what, path in beside.items() if path.is_file()}
            results.append(Result(folder, contents.record, files, verification))

    if not results:
        raise UserError(_none_of(folder, refused))
    for sentence in refused:
        log.warning("left out: %s", sentence)
    return results


def _verification_of(run: RunFolder) -> Verification | None:
    """What `gan-bench verify` wrote; None where it did not, or somebody edited it, which is warned about."""
    if not run.verification.exists():
        return None
    try:
        contents = read_contents(run.verification, Verification)
    except UserError as error:
        log.warning("%s Nothing counts as verified.", error)
        return None
    _warn_of(run.verification, contents.doubts)
    return None if contents.edited else contents.record


def _warn_of(file: Path, doubts: Sequence[str]) -> None:
    for doubt in doubts:
        log.warning("%s %s.", file, doubt)


def _none_of(folder: Path, refused: Sequence[str]) -> str:
    """Why a run folder has nothing to show."""
    if not refused:
        return f"{folder} holds no records; a run folder has cells/, references/ or detectors/ in it."
    more = len(refused) - MOST_TOLD
    return " ".join([*refused[:MOST_TOLD], f"So it is with {more} more." if more > 0 else ""]).strip()
