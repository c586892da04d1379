"""Whether the files that a record names are beside it, as they were written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gan_bench.core.digests import sha256_of, sha256_or_none
from gan_bench.core.files import cannot_write
from gan_bench.records import AnyRecord, CellRecord, CellSpec, JudgeRecord
from gan_bench.run_folder.paths import MODEL, RECORD, SAMPLES, SCORES, SHOWN, RunFolder

OF_TRAINING = (SHOWN["history"], SHOWN["strip"])
BESIDE = (SAMPLES, *(name for name in SHOWN.values() if name != RECORD))  # what `Record.files` may have


def digests_in(folder: Path) -> dict[str, str]:
    """Name -> SHA-256 of the samples and of what pages may show, as far as they are in a record's folder."""
    return {name: sha256_of(folder / name) for name in BESIDE if (folder / name).is_file()}


def remove_beside(folder: Path) -> None:
    """Remove the samples and what pages may show: it was of another training. Raises CannotWrite."""
    for name in BESIDE:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(folder / name, error) from error


def lost_files(folder: Path, record: AnyRecord) -> list[str]:
    """The names of the files that a record has a digest of and that are absent, or not what was written."""
    return [name for name, digest in _named(record).items() if sha256_or_none(folder / name) != digest]


def needs_training(record: CellRecord, lost: Iterable[str]) -> bool:
    """Whether a cell that lost these files must be trained again: its networks make all others."""
    return not {*record.weights, *OF_TRAINING}.isdisjoint(lost)


def state_of(run: RunFolder, spec: CellSpec) -> str:
    """What a cell is where nothing must be trained: "done", or "repair" where it lost what its networks make; else ""."""
    record = run.finished_cell(spec)
    lost = [] if record is None else lost_files(run.cell(spec), record)
    if record is None or needs_training(record, lost):
        return ""
    return "repair" if lost else "done"


def _named(record: AnyRecord) -> dict[str, str]:
    if isinstance(record, CellRecord):
        return record.weights | record.files
    if isinstance(record, JudgeRecord):
        scores = {SCORES: record.scores_digest} if record.scores_digest else {}
        return {MODEL.format(tier): digest for tier, digest in record.models.items()} | scores | record.files
    return record.files
