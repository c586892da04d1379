"""Everything gan-bench writes down, as pydantic models, and the one way files are written.

A record holds what is needed to doubt its numbers. Numbers stay numbers here; pages round them.
Needs no torch: the leaderboard is built from these alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_bench import BENCHMARK_VERSION
from gan_bench.errors import UserError

SCHEMA_VERSION = 1
FROM_LATENTS = "generate"  # the task of a generator that is given no image


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; renamed onto it when the block ends well, removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)  # JSON has no NaN: what is written can be read


class CellSpec(Model):
    """All that a cell's result depends on. Plain data, so a cell can run anywhere."""

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    variant: str
    seed: int
    preset: str
    tflop: float | None
    kimg: float | None
    seconds: float | None
    steps: int | None = None
    n_fake: int
    n_real: int
    extractors: tuple[str, ...]
    metrics: tuple[str, ...]
    settings: dict[str, float | int | str | bool]


class JudgeSpec(Model):
    """All that a detector's result depends on. `fakes` pins the generators by the digest of their samples."""

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    detector: str
    seed: int
    preset: str
    n_judge: int
    fakes: dict[str, str]


def spec_hash(spec: Model) -> str:
    """SHA-256 of the spec's canonical JSON."""
    return hashlib.sha256(json.dumps(spec.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class Interval(Model):
    low: float
    high: float
    method: str


class MetricValue(Model):
    """One number of one image set. `value` is None where it could not be computed, and `unavailable` says why."""

    name: str  # with extractor and count, e.g. "fd_lite0@64_5k": two values of one name are comparable
    metric: str
    extractor: str
    value: float | None
    higher_is_better: bool
    n_fake: int
    n_real: int
    split: str
    interval: Interval | None = None
    unavailable: str | None = None


class ExtractorInfo(Model):
    digest: str | None
    unavailable: str | None = None


class Environment(Model):
    device: str
    device_name: str
    precision: str
    threads: int
    cpus: int
    platform: str
    python: str
    packages: dict[str, str]
    git_commit: str | None


class Cost(Model):
    """What a cell took. All but tflop, kimg and steps differ from run to run."""

    steps: int
    kimg: float
    tflop: float
    train_seconds: float
    images_per_second: float
    sample_seconds: float
    score_seconds: float
    peak_memory_mb: float


class Record(Model):
    schema_version: int = SCHEMA_VERSION
    benchmark_version: str = BENCHMARK_VERSION
    environment: Environment
    warnings: tuple[str, ...] = ()


class CellRecord(Record):
    """One trained and scored generator."""

    kind: Literal["cell"] = "cell"
    spec: CellSpec
    spec_hash: str
    status: Literal["done", "diverged", "failed"]
    reason: str | None = None
    dataset_digest: str | None = None
    samples_digest: str | None = None
    extractors: dict[str, ExtractorInfo] = {}
    metrics: tuple[MetricValue, ...] = ()
    task: str = FROM_LATENTS  # what the generator starts from: one of gan_bench.tasks
    compiled: bool = False  # by torch.compile
    rows: tuple[str, ...] = ()  # what the rows of rows.png show, from the top; none: there is no such picture
    generator_parameters: int = 0
    discriminator_parameters: int = 0
    cost: Cost | None = None
    title: str = ""
    paper: str = ""


class ReferenceSpec(Model):
    """A row that is no generator: `real`, `noise`, or somebody's scored images."""

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    name: str
    preset: str
    n_fake: int
    n_real: int
    extractors: tuple[str, ...]
    metrics: tuple[str, ...]
    samples_digest: str | None = None  # of an external row


class ReferenceRecord(Record):
    kind: Literal["reference"] = "reference"
    spec: ReferenceSpec
    spec_hash: str
    external: bool = False
    note: str = ""
    dataset_digest: str
    samples_digest: str
    extractors: dict[str, ExtractorInfo] = {}
    metrics: tuple[MetricValue, ...] = ()


class Detection(Model):
    """One detector tested on one variant's fakes under one protocol. Scores: higher = more likely fake."""

    protocol: str
    variant: str
    auroc: float
    auroc_interval: Interval | None
    ap: float
    real_accuracy: float
    fake_accuracy: float
    n_real: int
    n_fake: int


class JudgeRecord(Record):
    """One detector on one dataset."""

    kind: Literal["judge"] = "judge"
    spec: JudgeSpec
    spec_hash: str
    status: Literal["done", "failed"]
    reason: str | None = None
    method: str = ""
    dataset_digest: str | None = None
    n_fit: int = 0
    n_validate: int = 0
    detections: tuple[Detection, ...] = ()
    seconds: float = 0.0


class Plan(Model):
    """One run: what is computed, in this order."""

    benchmark_version: str = BENCHMARK_VERSION
    cells: tuple[CellSpec, ...]
    references: tuple[ReferenceSpec, ...]
    judges: tuple[JudgeSpec, ...]  # `fakes` empty until the cells are done
    device: str
    jobs: int = 1  # cells at a time
    compiled: bool = False  # networks by torch.compile
    strict: bool = False


AnyRecord = CellRecord | ReferenceRecord | JudgeRecord
M = TypeVar("M", bound=Model)


def write_record(path: Path, record: Model) -> None:
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
    if not path.exists():
        return None
    try:
        record = read_record(path, model)
    except UserError:
        return None
    same = getattr(record, "spec_hash", None) == spec_hash(spec)
    return record if same and getattr(record, "status", "done") != "failed" else None


def read_runs(folders: list[Path]) -> list[tuple[Path, AnyRecord]]:
    """All records below the run folders, each with its own folder, in a fixed order.

    Raises UserError when a folder is absent or holds no record.
    """
    models: dict[str, type[AnyRecord]] = {"cells": CellRecord, "references": ReferenceRecord, "detectors": JudgeRecord}
    found: list[tuple[Path, AnyRecord]] = []
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder; give run folders such as runs/NAME.")
        files = [(f, model) for part, model in models.items() for f in sorted((folder / part).rglob("record.json"))]
        if not files:
            raise UserError(f"{folder} holds no records; a run folder has cells/, references/ or detectors/ in it.")
        found += [(file.parent, read_record(file, model)) for file, model in files]
    return found
