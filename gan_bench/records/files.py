"""Records on disk."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from gan_bench.core.errors import UserError
from gan_bench.core.files import write_text
from gan_bench.records.base import Model, spec_hash
from gan_bench.records.detections import AttackRecord, JudgeRecord
from gan_bench.records.results import CellRecord, ReferenceRecord

AnyRecord = CellRecord | ReferenceRecord | JudgeRecord | AttackRecord


class TableRules(NamedTuple):
    """How a suite wants the tables of its datasets to be read.

    headline     the start of the name of the metric that ranks them
    not_telling  starts of the names of metrics that put damaged images before real ones there; they are marked, never bold
    """

    headline: str
    not_telling: tuple[str, ...] = ()


class Result(NamedTuple):
    """One record that was read from a run folder.

    run    the run folder
    files  those that lie beside the record, by what they show: "samples", "strip", "rows", "neighbours", "history", "explained"
    """

    run: Path
    record: AnyRecord
    files: dict[str, Path]


M = TypeVar("M", bound=Model)


def write_record(path: Path, record: Model) -> None:
    """Write a record as JSON, whole or not at all."""
    write_text(path, record.model_dump_json(indent=2) + "\n")


def read_record(path: Path, model: type[M]) -> M:
    """Read one record. Raises UserError that names the file when it is not one."""
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UserError(f"{path} is not a {model.__name__} of this version of gan-bench: {first}.") from error


def finished(path: Path, model: type[M], spec: Model) -> M | None:
    """The record at `path` if it is there, readable, made from exactly this spec and not failed (a divergence would recur)."""
    try:
        record = read_record(path, model)
    except UserError:
        return None

    same = getattr(record, "spec_hash", None) == spec_hash(spec)
    return record if same and getattr(record, "status", "done") != "failed" else None
