"""The judges of one dataset and seed: every detector is fitted, tested and recorded, then attacked where that is asked for.

They look at the same images, so they share one process, and what does not change between detectors is made once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import torch
from torch import Tensor

from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import CannotWrite, UserError, shown
from gan_bench.core.progress import part
from gan_bench.detectors import AUGMENTED, DETECTORS, plain
from gan_bench.detectors.attacks import cross_attack
from gan_bench.detectors.audit import audit
from gan_bench.detectors.base import Detector
from gan_bench.detectors.corruptions.manifest import read_manifest, write_manifest
from gan_bench.detectors.delivery import FIT, TEST, VALIDATE, Delivery
from gan_bench.detectors.examine import Examination, Files
from gan_bench.detectors.scores import combined, detections_of, read_scores, write_scores
from gan_bench.detectors.store import load_detector
from gan_bench.device import environment
from gan_bench.material import make_material
from gan_bench.records import (
    CLEAN,
    EVERY,
    SEEN,
    AttackRecord,
    AttackSpec,
    CellRecord,
    CellSpec,
    Detection,
    JudgeRecord,
    JudgeSpec,
    Plan,
    finished,
    spec_hash,
    write_record,
)  # fmt: skip
from gan_bench.run_folder import MODEL, RECORD, SCORES, SHOWN, RunFolder, digests_in, lost_files

log = logging.getLogger(__name__)
R = TypeVar("R", JudgeRecord, AttackRecord)


def panels(plan: Plan) -> list[tuple[JudgeSpec, ...]]:
    """The judges of a plan that share their images: those of one dataset and seed."""
    groups: dict[tuple[str, int], list[JudgeSpec]] = {}
    for spec in plan.judges:
        groups.setdefault((spec.dataset, spec.seed), []).append(spec)
    return [tuple(group) for group in groups.values()]


def run_panel(plan: Plan, folder: RunFolder, specs: Sequence[JudgeSpec]) -> list[JudgeRecord | AttackRecord]:
    """The records of all judges of one dataset and seed; none where no cell is finished. A bug becomes a record."""
    panel = Panel(plan, folder, specs)
    if not panel.cells:
        return []

    records: list[JudgeRecord | AttackRecord] = []
    for spec in sorted(specs, key=lambda spec: DETECTORS.get(plain(spec.detector)).combines):  # these need the others' scores
        with part("judging", f"{spec.dataset} {spec.detector}"):
            records.append(panel.judged(spec, [record for record in records if isinstance(record, JudgeRecord)]))
    if plan.attacked:
        with part("judging", f"{specs[0].dataset}: attacks on detectors"):
            records.append(panel.attacked([record for record in records if isinstance(record, JudgeRecord)]))
    panel.keep_manifest()
    return records


@dataclass
class Panel:
    """The finished cells of one dataset and seed, and the images that all of its judges see."""

    plan: Plan
    folder: RunFolder
    specs: Sequence[JudgeSpec]

    def __post_init__(self) -> None:
        self.dataset, self.seed, self.n_judge = self.specs[0].dataset, self.specs[0].seed, self.specs[0].n_judge
        self.device, self._n_kept = torch.device(self.plan.device), 0
        self.planned = [cell for cell in self.plan.cells if cell.dataset == self.dataset]
        self.cells = dict(self._finished(self.seed))
        seeds = sorted({cell.seed for cell in self.planned})
        after = seeds[(seeds.index(self.seed) + 1) % len(seeds)]
        self.other_seed = None if after == self.seed else after
        self.others = {} if self.other_seed is None else dict(self._finished(self.other_seed))

    def _finished(self, seed: int) -> Iterator[tuple[str, CellRecord]]:
        for cell in self.planned:
            record = self.folder.finished_cell(cell) if cell.seed == seed else None
            if record is not None and record.status == "done":
                yield cell.key, record

    @cached_property
    def delivery(self) -> Delivery:
        """The images, drawn when the first judge needs them."""
        cells, others = (
            {key: self.folder.cell(record.spec) for key, record in records.items()} for records in (self.cells, self.others)
        )
        material = make_material(self.dataset, self.n_judge, cells, others, self.other_seed, self.device)
        return Delivery(material, self.seed)

    def judged(self, spec: JudgeSpec, before: Sequence[JudgeRecord]) -> JudgeRecord:
        """The record of one judge; `before`: those of the judges that it may combine."""
        combines = DETECTORS.get(plain(spec.detector)).combines
        members = tuple(r.spec.detector for r in before if r.status == "done") if combines else ()
        fakes, others = ({key: r.samples_digest or "" for key, r in cells.items()} for cells in (self.cells, self.others))
        spec = spec.model_copy(update={"fakes": fakes, "others": others, "members": members})
        folder = self._folder(spec)
        make = partial(self._combine if combines else self._examine, spec, folder)
        return self._kept(folder, JudgeRecord, spec, make, f"{spec.dataset} detector {spec.detector}")

    def _kept(
        self, folder: Path, kind: type[R], spec: JudgeSpec | AttackSpec, make: Callable[[], dict[str, Any]], what: str
    ) -> R:
        """The finished record in a folder, or a new one with the fields that `make` gives; what it raises becomes a record."""
        done = finished(folder / RECORD, kind, spec)
        lost = [] if done is None else lost_files(folder, done)
        if done is not None and not lost and self._manifest is not None:
            return done
        if lost:
            log.warning("%s: made again, since these files are missing or damaged: %s", what, ", ".join(lost))

        started = time.monotonic()
        try:
            fields = {"status": "done", **make()}
        except CannotWrite:
            raise  # the disk is at fault, and would be for every judge
        except Exception as error:
            log.exception("%s failed", what)
            fields = {"status": "failed", "reason": shown(error)}
        fields |= {"seconds": time.monotonic() - started, "files": digests_in(folder)}
        if not self._manifest_is_lost:
            self.keep_manifest()
        record = kind(environment=environment(self.device), spec=spec, spec_hash=spec_hash(spec), **fields)  # type: ignore[arg-type]
        write_record(folder / RECORD, record)
        return record

    def _folder(self, spec: JudgeSpec) -> Path:
        return self.folder.detector(spec, self.judged_cells)

    @property
    def judged_cells(self) -> list[CellSpec]:
        """The cells whose fakes are judged, finished or not."""
        return [cell for cell in self.planned if cell.seed == self.seed]

    def keep_manifest(self) -> None:
        """Write what was done to each image that was handed out, beside what an earlier run did to others."""
        if "delivery" not in vars(self) or len(self.delivery.manifests) == self._n_kept:  # a cached property: nothing needed it
            return
        before = {} if self._manifest is None else dict(iter(self._manifest.groupby("images", sort=False)))
        found = {str(name): rows for name, rows in before.items()} | self.delivery.manifests
        write_manifest(pd.concat(found.values(), ignore_index=True), self._manifest_file)
        self._n_kept = len(self.delivery.manifests)

    @property
    def _manifest_file(self) -> Path:
        return self.folder.deliveries(self.dataset, self.seed, self.judged_cells)

    @cached_property
    def _manifest(self) -> pd.DataFrame | None:
        """What an earlier run did to images. None: there is none, or it is damaged, so that all judges have to look again."""
        if not self._manifest_file.exists():
            return None
        try:
            return read_manifest(self._manifest_file)
        except UserError as error:
            log.warning("%s; the detectors are judged again, which makes it anew.", str(error).rstrip("."))
            return None

    @cached_property
    def _manifest_is_lost(self) -> bool:
        """Whether judges are finished and it is gone. It is then written after the last of them: a part of it would pass for
        whole if this run were killed."""
        return self._manifest is None and any((self._folder(spec) / RECORD).exists() for spec in self.specs)

    def _examine(self, spec: JudgeSpec, folder: Path) -> dict[str, Any]:
        """Fit and test a detector; returns the fields of its record."""
        detector = DETECTORS.create(plain(spec.detector), seed=spec.seed, device=self.device, n_shown=spec.n_shown)
        examination = Examination(detector, self.delivery, spec, Files(folder, MODEL, SHOWN["explained"]))
        examination.run(then=audit)

        fields = self._scored(spec, folder, pd.concat(examination.rows, ignore_index=True))
        for checkpoint in folder.glob("fit-*.pt"):
            checkpoint.unlink()
        return {
            **fields, "method": method_of(spec, detector.method), "models": examination.models, "cues": examination.cues,
            "explained": examination.explained,
        }  # fmt: skip

    def _combine(self, spec: JudgeSpec, folder: Path) -> dict[str, Any]:
        """The same for a judge that fits nothing: its scores are made of those of its members."""
        if len(spec.members) < 2:
            raise ValueError(f"{spec.detector} combines other detectors, and {len(spec.members)} of them can be used")
        files = [self._folder(spec.model_copy(update={"detector": name})) / SCORES for name in spec.members]
        fields = self._scored(spec, folder, combined([read_scores(file) for file in files]))
        return {**fields, "method": f"{DETECTORS.get(plain(spec.detector)).method} ({', '.join(spec.members)})"}

    def _scored(self, spec: JudgeSpec, folder: Path, table: pd.DataFrame) -> dict[str, Any]:
        """Write the scores; returns the fields that follow from them."""
        write_scores(table, folder / SCORES)
        material, detections = self.delivery.material, tuple(detections_of(table, spec.seed))
        log.info("%s %s: %s", spec.dataset, spec.detector, summary(detections))
        return {
            "dataset_digest": material.dataset_digest, "n_fit": len(material.real[FIT]),
            "n_validate": len(material.real[VALIDATE]), "scores_digest": sha256_of(folder / SCORES), "detections": detections,
        }  # fmt: skip

    def attacked(self, judges: Sequence[JudgeRecord]) -> AttackRecord:
        """The record of the attacks on all of these that were fitted on CLEAN."""
        models = {record.spec.detector: record.models[CLEAN] for record in judges if CLEAN in record.models}
        spec = AttackSpec(
            dataset=self.dataset, seed=self.seed, preset=judges[0].spec.preset, n=self.plan.attacked, models=models
        )  # fmt: skip
        make = partial(self._attack, [record for record in judges if CLEAN in record.models])
        folder = self.folder.attacks(spec, self.judged_cells)
        return self._kept(folder, AttackRecord, spec, make, f"{self.dataset}: the attacks on detectors")

    def _attack(self, judges: Sequence[JudgeRecord]) -> dict[str, Any]:
        """Attack these detectors; returns the fields of the record."""
        targets = {record.spec.detector: self._target(record) for record in judges}
        attacks, flags = cross_attack(targets, *self._victims(), seed=self.seed)
        log.info("%s: attacked %s", self.dataset, ", ".join(flags))
        return {"attacks": tuple(attacks), "flags": flags}

    def _target(self, record: JudgeRecord) -> tuple[Detector, float]:
        """A detector as it was kept, and its threshold."""
        file = self._folder(record.spec) / MODEL.format(CLEAN)
        critics = self.delivery.material.critics
        detector, card = load_detector(file, record.models[CLEAN], critics, self.device)
        return detector, card.threshold

    def _victims(self) -> tuple[Tensor, Tensor]:
        """The reals and the fakes that are attacked, as many of each; of fakes as many of each variant."""
        material, n = self.delivery.material, self.plan.attacked
        each = -(-n // len(material.fakes))
        fakes = torch.cat([folds[TEST][:each] for folds in material.fakes.values()])
        return material.real[TEST][:n], fakes[:n]


def summary(detections: Iterable[Detection]) -> str:
    """The AUROC of each tier under SEEN, over all variants, for the log."""
    found = [d for d in detections if d.protocol == SEEN and d.variant == EVERY]
    return "seen " + "  ".join(f"{d.tier} AUROC {d.auroc:.3f}" for d in found)


def method_of(spec: JudgeSpec, method: str) -> str:
    """One line on what was fitted, and on what."""
    return f"{method}; fitted also on blurred and compressed copies" if spec.detector.endswith(AUGMENTED) else method
