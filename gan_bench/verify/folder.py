"""`gan-bench verify`: reads the records of a run folder, has each one checked, and writes what was found beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import torch

import gan_bench
from gan_bench.core.digests import json_digest, sha256_of
from gan_bench.core.errors import CannotWrite, UserError
from gan_bench.core.progress import bar
from gan_bench.device import environment
from gan_bench.leaderboard.rank import NO_RULES
from gan_bench.records import (
    BENCHMARK_VERSION,
    AnyRecord,
    AttackRecord,
    CellRecord,
    Contents,
    JudgeRecord,
    Plan,
    ReferenceRecord,
    Verification,
    read_contents,
    write_record,
)
from gan_bench.run_folder import PARTS, RECORD, SAMPLES, SHOWN, RunFolder, all_rules, changes_of
from gan_bench.verify.cells import check_cell, check_reference
from gan_bench.verify.detectors import check_attack, check_detector
from gan_bench.verify.ledger import Ledger, Sheet
from gan_bench.verify.plan import check_complete, check_content, check_planned, read_plan
from gan_bench.verify.retrain import check_training

log = logging.getLogger(__name__)
LOOKED_INTO = {SAMPLES, SHOWN["statistics"]}  # by other checks, which tell what of their content differs


@dataclass(frozen=True)
class VerifyRequest:
    """What to verify.

    redraw   draw the samples again from the kept generators
    retrain  the folders of cells to train again, as paths or relative to the run folder
    """

    run: Path
    redraw: bool = False
    retrain: tuple[Path, ...] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def verify(request: VerifyRequest) -> Verification:
    """Check everything, and write `verification.json` into the run folder.

    Raises UserError where the folder is absent or holds no records, or a cell to train again is none of its cells.
    """
    return Inspection(request).verification()


class Inspection:
    """One verification while it goes on."""

    def __init__(self, request: VerifyRequest) -> None:
        if not request.run.is_dir():
            raise UserError(f"{request.run} is not a folder; give a run folder such as runs/NAME.")
        self.request, self.run, self.ledger = request, RunFolder(request.run), Ledger(request.run)

        self.sheets: dict[Path, Sheet] = {}
        self.contents: dict[Path, Contents[AnyRecord]] = {}
        for part, model in PARTS.items():
            files, links = self.run.listed(part)
            for file in files:
                self._read(part, file, model)
            for link in links:
                self.ledger.sheet(part, link).differs("links", "a link", "a file of the run", "not followed")
        if not self.sheets:
            raise UserError(f"{request.run} holds no records; a run folder has cells/, references/ or detectors/ in it.")
        self.retrained = [self._cell_in(path) for path in request.retrain]

    def _read(self, part: str, file: Path, model: type[AnyRecord]) -> None:
        sheet = self.sheets[file] = self.ledger.sheet(part, file)
        with sheet.attempt("records", "the record"):
            self.contents[file] = read_contents(file, model)
            sheet.agrees("records", "the record")  # until something differs

    def _cell_in(self, path: Path) -> Path:
        """The file of the record in a cell's folder."""
        for folder in (self.run.path / path, path):
            file = folder / RECORD
            if file in self.contents and isinstance(self.contents[file].record, CellRecord):
                return file
        raise UserError(f"--retrain {path} is no cell of {self.run.path}; give one such as cells/mnist/dcgan/seed-0.")

    @cached_property
    def records(self) -> dict[Path, AnyRecord]:
        """Those that could be read, by file."""
        return {file: contents.record for file, contents in self.contents.items()}

    def verification(self) -> Verification:
        """All checks, and what they found."""
        plan = read_plan(self.ledger, self.run)
        with _quiet(), bar("verifying", total=len(self.contents), unit="records") as advance:
            for file, contents in self.contents.items():
                log.info("verifying %s", file.parent.relative_to(self.run.path))
                self._check(file, contents, None if plan is None else plan.record)
                advance(1)

        if plan is not None:
            check_complete(self.ledger, self.run, plan.record, self.records)
        rules = all_rules([self.run.path])
        for file in self.retrained:
            record = self._cell(file)
            headline = rules.get(record.spec.dataset, NO_RULES).headline
            check_training(self.sheets[file], record, self._siblings(record), headline, self.request.device)
        return self._written()

    def _check(self, file: Path, contents: Contents[AnyRecord], plan: Plan | None) -> None:
        """One record and what lies beside it."""
        sheet, record = self.sheets[file], contents.record
        check_record(sheet, contents)
        odd = [one.name for one in sorted(file.parent.iterdir()) if not self._is_ours(one)]
        if odd:
            what = "links out of the run folder, or no files: not followed"
            sheet.differs("records", ", ".join(odd), "files of the run", what)
            return
        with sheet.attempt("records", "where it lies"):
            if file.parent != self._folder_of(record, file.parent):
                sheet.differs("records", "the folder", str(file.parent.relative_to(self.run.path)), "another, by its spec")
        if not _of_these_rules(record):
            sheet.skip("all numbers", f"this version of gan-bench computes by rules {BENCHMARK_VERSION}")
            return
        if plan is not None:
            check_planned(sheet, record, plan)
        for name in sorted(record.files.keys() - LOOKED_INTO):
            with sheet.attempt("files", name):
                sheet.compare("files", name, record.files[name], sha256_of(file.parent / name))
        with sheet.attempt("records", "what lies beside it"):
            self._check_beside(sheet, contents, file.parent)

    def _is_ours(self, path: Path) -> bool:
        """Whether something beside a record may be opened: no link leads out of the run folder, and it is no pipe."""
        is_special = path.exists() and not path.is_file() and not path.is_dir()
        return not is_special and (not path.is_symlink() or self.run.holds(path))

    def _check_beside(self, sheet: Sheet, contents: Contents[AnyRecord], folder: Path) -> None:
        device, redraw = self.request.device, self.request.redraw
        match contents.record:
            case CellRecord() as record:
                check_cell(sheet, record, contents.data["spec"], folder, device, redraw)
            case ReferenceRecord() as record:
                check_reference(sheet, record, folder, device, redraw)
            case JudgeRecord() as record:
                check_detector(sheet, record, folder, self.run, self._cells())
            case AttackRecord() as record:
                judges = {file.parent: one for file, one in self.records.items() if isinstance(one, JudgeRecord)}
                check_attack(sheet, record, folder, judges, self.run)

    def _folder_of(self, record: AnyRecord, folder: Path) -> Path:
        """Where a record with this spec belongs; of somebody's images, whose names became names of files, where it is."""
        run = self.run
        match record:
            case CellRecord():
                return run.cell(record.spec)
            case ReferenceRecord():
                if not record.external:
                    return run.reference(record.spec)
                dataset, entry = record.spec.dataset, folder if record.seed is None else folder.parent
                is_there = entry in run.externals(dataset)  # under the name of this version, or of an older one
                return run.external_set(entry if is_there else run.external(dataset, record.spec.name), record.seed)
            case JudgeRecord():
                return run.detector_of(record.spec.dataset, record.spec.detector, record.spec.seed, changes_of(folder))
            case AttackRecord():
                return run.attacks_of(record.spec.dataset, record.spec.seed, changes_of(folder))

    def _cells(self) -> list[CellRecord]:
        return [record for record in self.records.values() if isinstance(record, CellRecord)]

    def _cell(self, file: Path) -> CellRecord:
        record = self.records[file]
        assert isinstance(record, CellRecord), "_cell_in looked"
        return record

    def _siblings(self, record: CellRecord) -> list[CellRecord]:
        return [one for one in self._cells() if (one.spec.dataset, one.spec.key) == (record.spec.dataset, record.spec.key)]

    def _written(self) -> Verification:
        verified = [self.sheets[file].verified(record.content_digest) for file, record in self.records.items()]
        found = Verification(
            gan_bench_version=gan_bench.__version__, at=datetime.now(UTC), environment=environment(self.request.device),
            redrawn=self.request.redraw, retrained=tuple(self.sheets[file].file for file in self.retrained),
            counts=self.ledger.counts, verified=tuple(one for one in verified if one is not None),
            findings=tuple(self.ledger.findings), unchecked=tuple(self.ledger.unchecked),
            remarks=tuple(dict.fromkeys(self.ledger.remarks)),
        )  # fmt: skip
        try:
            write_record(self.run.verification, found)
        except CannotWrite as error:
            log.warning("%s What was found is printed only.", error)
        return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the scorer's warnings, which were given when the records were made."""
    scorer = logging.getLogger("gan_bench.scorer")
    before = scorer.level
    scorer.setLevel(logging.ERROR)
    try:
        yield
    finally:
        scorer.setLevel(before)


def check_record(sheet: Sheet, contents: Contents[AnyRecord]) -> None:
    """What a record says of itself: its digest, its spec's hash, its rules."""
    record, data = contents.record, contents.data
    check_content(sheet, contents)
    if not any(name.startswith("spec.") for name in contents.unknown) and record.spec_hash != json_digest(data["spec"]):
        sheet.differs("records", "spec_hash", record.spec_hash, json_digest(data["spec"]))
    for where, version in (("", record.benchmark_version), (" of the spec", record.spec.benchmark_version)):
        if version != BENCHMARK_VERSION:
            sheet.differs("records", f"rules{where}", version, BENCHMARK_VERSION)


def _of_these_rules(record: AnyRecord) -> bool:
    return record.benchmark_version == record.spec.benchmark_version == BENCHMARK_VERSION
