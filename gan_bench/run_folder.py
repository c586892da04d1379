"""What lies where in a run folder: paths, lock, log, reading. No other file knows these names.

runs/<name>/plan.json  run.log
  cells/<dataset>/<key>/seed-<k>/            a trained generator, its samples and its record; <key>: see `CellSpec.key`
  references/<dataset>/<name>/               a row that is no generator
  detectors/<dataset>/<detector>/seed-<k>/   a detector's record, its scores, and what was fitted for each tier;
                                             <detector>@<hash> for changed settings
  attacks/<dataset>/seed-<k>/                what attacks on these detectors did
  deliveries/<dataset>/seed-<k>.parquet      what was done to each image that they saw
  leaderboard/                               the pages
"""

from __future__ import annotations

import contextlib
import logging
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
    finished,
    read_record,
    write_record,
)  # fmt: skip

RECORD, GENERATOR, SAMPLES, SCORES = "record.json", "generator.safetensors", "samples.npz", "scores.parquet"
DISCRIMINATOR, MODEL = "discriminator.safetensors", "model-{}.safetensors"  # of a cell; of a detector, for each tier
SHOWN = {  # what the leaderboard may show of a cell, by what it shows
    "samples": "samples.png",
    "strip": "strip.png",
    "rows": "rows.png",
    "neighbours": "neighbours.png",
    "history": "history.csv",
    "explained": "explained.png",
}


class RunFolder:
    """The paths of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.leaderboard = path / "leaderboard"
        self._plan = path / "plan.json"

    def cell(self, spec: CellSpec) -> Path:
        """The folder of one trained generator."""
        return self.cell_of(spec.dataset, spec.key, spec.seed)

    def cell_of(self, dataset: str, key: str, seed: int) -> Path:
        """The folder of the cell with this key."""
        return self.path / "cells" / dataset / key / f"seed-{seed}"

    def reference(self, spec: ReferenceSpec) -> Path:
        """The folder of a row that is no generator."""
        return self.path / "references" / spec.dataset / spec.name

    def external(self, dataset: str, name: str) -> Path:
        """The folder of somebody's scored images; `name` must be safe as the name of a file."""
        return self.path / "references" / dataset / f"external-{name}"

    def detector(self, spec: JudgeSpec, cells: Iterable[CellSpec]) -> Path:
        """The folder of one fitted detector. Sets of cells of which some have changed settings have folders of their own.

        cells  those that the plan has of its dataset and seed; they count even if their training fails, so that the
               folder stays the same when a later run repairs them
        """
        name = spec.detector.replace(":", "-").replace("/", "-") + _changes(cells)
        return self.path / "detectors" / spec.dataset / name / f"seed-{spec.seed}"

    def detector_records(self) -> list[Path]:
        """The record of each fitted detector, sorted."""
        return sorted((self.path / "detectors").rglob(RECORD))

    def attacks(self, spec: AttackSpec, cells: Iterable[CellSpec]) -> Path:
        """The folder of the attacks on the detectors of one dataset and seed; `cells` as for `detector`."""
        return self.path / "attacks" / spec.dataset / f"seed-{spec.seed}{_changes(cells)}"

    def deliveries(self, dataset: str, seed: int, cells: Iterable[CellSpec]) -> Path:
        """The manifest of what was done to each image that its detectors saw; `cells` as for `detector`."""
        return self.path / "deliveries" / dataset / f"seed-{seed}{_changes(cells)}.parquet"

    def finished_cell(self, spec: CellSpec) -> CellRecord | None:
        """The record of a cell that was trained and scored from exactly this spec."""
        return finished(self.cell(spec) / RECORD, CellRecord, spec)

    @property
    def is_one(self) -> bool:
        """Whether a run was ever begun here."""
        return self._plan.is_file()

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
            write_record(self._plan, plan)
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
        if not self._plan.exists():
            return
        before = read_record(self._plan, Plan)
        if _track(before) != _track(plan):
            raise UserError(
                f"the output folder {self.path} holds a run of {_track(before)}, not of {_track(plan)}; choose another --out."
            )


def _changes(cells: Iterable[CellSpec]) -> str:
    """What is added to a name where some of these cells have changed settings; "" where none have."""
    cells = list(cells)
    return f"@{short_hash(sorted(cell.key for cell in cells))}" if any(cell.changed for cell in cells) else ""


def _track(plan: Plan) -> str:
    """What all runs of one folder share, in words. A preset's name does not pin its limits, which a release may change."""
    spec = plan.cells[0]
    limits = ", ".join(f"{limit:.12g} {name}" for name, limit in asdict(spec.budget).items() if limit is not None)
    return f"budget {spec.preset} ({limits}) of gan-bench rules {plan.benchmark_version}"


def read_runs(folders: Sequence[Path]) -> list[Result]:
    """All records of the run folders, in a fixed order.

    Raises UserError when no folder is given, or one is absent, holds no record or an unreadable one.
    """
    if not folders:
        raise UserError("no run folder given; give run folders such as runs/NAME.")
    return [result for folder in folders for result in _read_run(folder)]


def _read_run(folder: Path) -> list[Result]:
    models: dict[str, type[AnyRecord]] = {
        "cells": CellRecord, "references": ReferenceRecord, "detectors": JudgeRecord, "attacks": AttackRecord,
    }  # fmt: skip
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give run folders such as runs/NAME.")

    results = []
    for part, model in models.items():
        for file in sorted((folder / part).rglob(RECORD)):
            beside = {what: file.parent / name for what, name in SHOWN.items()}
            files = {what: path for what, path in beside.items() if path.is_file()}
            results.append(Result(folder, read_record(file, model), files))

    if not results:
        raise UserError(f"{folder} holds no records; a run folder has cells/, references/ or detectors/ in it.")
    return results
