"""The fitted detectors that a run kept: which there are, which is the best, and how one is read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch

from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest
from gan_bench.detectors import DETECTORS, plain
from gan_bench.detectors.base import Detector
from gan_bench.detectors.store import Card, load_detector
from gan_bench.material import critics_of
from gan_bench.records import EVERY, SEEN, Detection, JudgeRecord, read_record
from gan_bench.run_folder import MODEL, RunFolder

log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """A detector of a run, fitted on one tier under SEEN.

    folder  where its files lie
    seen    its numbers on the fakes of all variants together
    """

    run: Path
    folder: Path
    record: JudgeRecord
    tier: str
    seen: Detection

    @property
    def name(self) -> str:
        """As the command line calls it."""
        return self.record.spec.detector

    @property
    def changes(self) -> str:
        """A hash of the changed settings of the cells that it was fitted on; "": there are none."""
        return self.folder.parent.name.partition("@")[2]

    @property
    def merit(self) -> float:
        """The AUROC on the validation fold; -1: there was nothing to validate on."""
        return -1 if self.seen.validate_auroc is None else self.seen.validate_auroc

    def read(self, device: torch.device) -> tuple[Detector, Card]:
        """What was fitted. Raises UserError where its file is absent or was changed."""
        spec, critics = self.record.spec, None
        RunFolder(self.run).check_links(self.folder)
        if DETECTORS.get(plain(spec.detector)).needs_critics:
            critics = critics_of(self.run, spec.dataset, spec.seed, spec.fakes, device)
        return load_detector(self.folder / MODEL.format(self.tier), self.record.models[self.tier], critics, device)


def kept_detectors(run: Path, tier: str) -> list[Kept]:
    """All detectors of a run that were fitted on a tier; records that cannot be read are warned about.

    Raises UserError where there are none.
    """
    if not run.is_dir():
        raise UserError(f"{run} is not a folder; give a run folder such as runs/NAME.")

    found, refused = [], []
    for file in RunFolder(run).record_files("detectors"):
        try:
            record = read_record(file, JudgeRecord)
        except UserError as error:
            refused.append(str(error))
            continue
        seen = [d for d in record.detections if (d.protocol, d.tier, d.variant, d.corruption) == (SEEN, tier, EVERY, "")]
        if seen and (tier in record.models or record.spec.members):
            found.append(Kept(run, file.parent, record, tier, seen[0]))
    if not found and refused:
        raise UserError(f"{refused[0]} Repeat the run with this version, into a new folder.")
    if not found:
        raise UserError(f"{run} keeps no detectors fitted on tier {tier}; `gan-bench run` with --detectors makes them.")
    for sentence in refused:
        log.warning("left out: %s", sentence)
    return found


def panel_of(run: Path, tier: str, dataset: str | None = None, seed: int | None = None) -> list[Kept]:
    """The detectors of one dataset and seed, the best first: by AUROC on the validation fold, the mean over all seeds.

    dataset, seed  None: the only one, the first one

    Those fitted on cells with changed settings only where there are no others. Raises UserError where there are none.
    """
    every = kept_detectors(run, tier)
    datasets = sorted({kept.record.spec.dataset for kept in every})
    if dataset is None and len(datasets) > 1:
        raise UserError(f"{run} has detectors of several datasets; choose one by --dataset: {', '.join(datasets)}.")
    if dataset is not None and dataset not in datasets:
        raise UserError(suggest(dataset, datasets, f"dataset of {run}"))

    every = [kept for kept in every if kept.record.spec.dataset == (dataset or datasets[0])]
    changes = min(kept.changes for kept in every)
    every = [kept for kept in every if kept.changes == changes]
    seeds = sorted({kept.record.spec.seed for kept in every})
    if seed is not None and seed not in seeds:
        raise UserError(f"{run} has no detectors of seed {seed}; it has those of {', '.join(map(str, seeds))}.")

    mine = [kept for kept in every if kept.record.spec.seed == (seeds[0] if seed is None else seed)]
    merits = {one.name: fmean(kept.merit for kept in every if kept.name == one.name) for one in mine}
    return sorted(mine, key=lambda kept: (-merits[kept.name], kept.name))


def chosen(panel: Sequence[Kept], name: str | None) -> Kept:
    """The detector of this name; None: the first. Raises UserError at an unknown name."""
    by_name = {kept.name: kept for kept in panel}
    if name is not None and name not in by_name:
        raise UserError(suggest(name, by_name, f"detector of {panel[0].run}"))
    return panel[0] if name is None else by_name[name]
