"""What lies where in a run folder. No other package knows these names.

runs/<name>/plan.json  run.log  verification.json
  cells/<dataset>/<key>/seed-<k>/            a trained generator, its samples and its record; <key>: see `CellSpec.key`
  references/<dataset>/<name>/               a row that is no generator; external-<name>-<hash>/ is somebody's, with a folder
                                             seed-<k>/ for each draw of their generator; older versions wrote no hash
  detectors/<dataset>/<detector>/seed-<k>/   a detector's record, its scores, and what was fitted for each tier;
                                             <detector>@<hash> for changed settings
  attacks/<dataset>/seed-<k>/                what attacks on these detectors did
  deliveries/<dataset>/seed-<k>.parquet      what was done to each image that they saw
  tensorboard/<dataset>/<key>/seed-<k>/      the course of a training, where `--log tensorboard` asked for it
  leaderboard/                               the pages
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from gan_bench.core.changes import short_hash
from gan_bench.core.errors import UserError
from gan_bench.core.names import hashed_slug
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
    finished,
)
from gan_bench.run_folder.owner import held

RECORD, SAMPLES, SCORES = "record.json", "samples.npz", "scores.parquet"
GENERATOR, DISCRIMINATOR, INVERSE = "generator.safetensors", "discriminator.safetensors", "inverse.safetensors"  # of a cell
EXTERNAL = "external-"  # how the folder of somebody's entry begins
MODEL = "model-{}.safetensors"  # of a detector, for each tier
SHOWN = {  # what the leaderboard may show of a record, by what it shows
    "record": RECORD, "statistics": "statistics.json", "samples": "samples.png", "strip": "strip.png", "rows": "rows.png",
    "neighbours": "neighbours.png", "walk": "walk.png", "classes": "classes.png", "history": "history.csv",
    "explained": "explained.png",
}  # fmt: skip
PARTS: dict[str, type[AnyRecord]] = {
    "cells": CellRecord, "references": ReferenceRecord, "detectors": JudgeRecord, "attacks": AttackRecord,
}  # fmt: skip


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
        """The folder of somebody's entry, whatever it is called: no two names have one folder."""
        return self.path / "references" / below(dataset) / f"{EXTERNAL}{hashed_slug(name)}"

    def external_set(self, entry: Path, seed: int | None) -> Path:
        """The folder of one scored set of images in that of an entry; `seed`: that of their generator, if it is known."""
        return entry if seed is None else entry / f"seed-{seed}"

    def externals(self, dataset: str) -> list[Path]:
        """The folders of all of somebody's entries on a dataset, sorted."""
        return sorted((self.path / "references" / below(dataset)).glob(f"{EXTERNAL}*"))

    def own_rows(self, dataset: str) -> set[str]:
        """The names of the run's own rows on a dataset: its variants, without changed settings, and its reference rows."""
        found = [file.name.partition("@")[0] for file in (self.path / "cells" / below(dataset)).glob("*")]
        found += [file.name for file in (self.path / "references" / below(dataset)).glob("*")]
        return {name for name in found if not name.startswith((EXTERNAL, "."))}

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
        """The files of the records of one of PARTS, sorted; they may be unreadable. See `listed`."""
        return self.listed(part)[0]

    def listed(self, part: str) -> tuple[list[Path], list[Path]]:
        """The files of the records of a part, and the links in it that are not followed, each sorted.

        Of a link to a folder nothing is read; a record may be a link to a file within the run folder.
        """
        top = self.path / part
        files: list[Path] = []
        links: list[Path] = []
        if not self.holds(top):
            return [], [top]
        for place, folders, names in os.walk(top):
            folder = Path(place)
            folders[:] = [name for name in folders if not name.startswith(".")]  # what is being written
            links += [folder / name for name in folders if (folder / name).is_symlink()]
            if RECORD in names or RECORD in folders:
                is_ours = not (folder / RECORD).is_symlink() or self.holds(folder / RECORD)
                (files if is_ours else links).append(folder / RECORD)
        return sorted(files), sorted(dict.fromkeys(links))

    def check_links(self, folder: Path) -> None:
        """Raises UserError where a link leads out of the run folder: this folder of it, or a file in there."""
        for path in (folder, *sorted(folder.glob("*"))):
            if not self.holds(path):
                raise UserError(f"{path} is a link to a place outside {self.path}, and not followed; put a copy in its place.")

    def holds(self, path: Path) -> bool:
        """Whether a path lies in this folder, and no link leads out of it."""
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path))

    @property
    def is_one(self) -> bool:
        """Whether a run was ever begun here."""
        return self.plan.is_file()

    @property
    def has_records(self) -> bool:
        """Whether anything was kept here, readable or not."""
        return any(self.record_files(part) for part in PARTS)

    @property
    def is_read_only(self) -> bool:
        """Whether files cannot be put here, or the folder cannot be made."""
        return self._there.is_dir() and not os.access(self._there, os.W_OK)

    @property
    def takes_entries(self) -> bool:
        """Whether an entry may be put here: into a run folder, or into a new or an empty one, and it is writable."""
        if not self._there.is_dir() or self.is_read_only:
            return False
        return not self.path.exists() or not any(self.path.iterdir()) or self.is_one or self.has_records

    @property
    def _there(self) -> Path:
        """The folder itself, or what is there of the path to it."""
        return next(folder for folder in (self.path.absolute(), *self.path.absolute().parents) if os.path.lexists(folder))

    def owned(self, plan: Plan) -> AbstractContextManager[None]:
        """Hold the folder for this plan alone, write the plan into it, and every message of this block into the run's log.

        Raises UserError when the folder is not writable, in use, or holds a run of another budget or of other rules.
        """
        return held(self.path, self.plan, self.path / "run.log", plan)


def run_of_cell(cell: Path) -> RunFolder:
    """The run folder that a cell lies in, by its path RUN/cells/DATASET/KEY/seed-K; of one that lies elsewhere, itself."""
    above = Path(os.path.normpath(cell.absolute())).parents
    return RunFolder(above[3] if len(above) > 3 and above[2].name == "cells" else cell)


def below(dataset: str) -> str:
    """What the folder of a dataset is called: "images:photos-32-1a2b3c4d" has a colon, which some systems do not allow."""
    return dataset.partition(":")[2] or dataset


def changes_of(folder: Path) -> str:
    """What the name of a detector's or an attack's folder has of changed settings, such as "@1a2b3c"; "": nothing."""
    named = folder if "@" in folder.name else folder.parent
    return "".join(named.name.partition("@")[1:])


def _changes(cells: Iterable[CellSpec]) -> str:
    """What is added to a name where some of these cells have changed settings; "" where none have."""
    cells = list(cells)
    return f"@{short_hash(sorted(cell.key for cell in cells))}" if any(cell.changed for cell in cells) else ""
