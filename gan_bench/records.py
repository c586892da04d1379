"""Everything gan-bench writes down, as pydantic models.

A record holds what is needed to doubt its numbers. Numbers stay numbers here; pages round them.
Needs no torch: the leaderboard is built from these alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_bench.budget import Budget
from gan_bench.core.changes import key_of
from gan_bench.core.digests import json_digest
from gan_bench.core.errors import UserError
from gan_bench.core.files import write_text

# Results with different values of this never share a table. Raise it when a rule, a metric, a dataset or an extractor changes.
BENCHMARK_VERSION = "0.2"
SCHEMA_VERSION = 1
FROM_LATENTS = "generate"  # the task of a generator that is given no image
TASKS = (FROM_LATENTS, "translate", "upscale")  # what a generator starts from; `images.tasks` makes it
DEVICES = ("auto", "cpu", "cuda", "mps")  # kinds of devices that a user may name
PANELS = ("Losses", "D's mean output", "D's accuracy", "Gradient norm", "Images/s")  # of the chart of a training


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)  # JSON has no NaN: what is written can be read


class ScoreSpec(Model):
    """Against what, by what and on how many images a set of images is scored."""

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    preset: str
    n_fake: int
    n_real: int
    extractors: tuple[str, ...]
    metrics: tuple[str, ...]


Setting = float | int | str | bool


class CellSpec(ScoreSpec):
    """All that a cell's result depends on. Plain data, so a cell can run anywhere."""

    variant: str
    seed: int
    budget: Budget
    settings: dict[str, Setting]
    changed: dict[str, Setting] = {}  # those of the settings that differ from the preset's

    @property
    def key(self) -> str:
        """What tells the cells of one run, dataset and seed apart: "dcgan", or with changed settings "dcgan@1a2b3c"."""
        return key_of(self.variant, self.changed)


class ReferenceSpec(ScoreSpec):
    """A row that is no generator: `real`, `noise`, or somebody's scored images."""

    name: str
    samples_digest: str | None = None  # of an external row


class JudgeSpec(Model):
    """All that a detector's result depends on. `fakes`: the key of each cell -> the digest of its samples."""

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    detector: str
    seed: int
    preset: str
    n_judge: int
    fakes: dict[str, str]


def short_count(n: int) -> str:
    """5000 -> "5k", 256 -> "256": as the names of metrics have it."""
    return f"{n // 1000}k" if n >= 1000 and n % 1000 == 0 else str(n)


def spec_hash(spec: Model) -> str:
    """SHA-256 of the spec's canonical JSON."""
    return json_digest(spec.model_dump(mode="json"))


class Interval(Model):
    low: float
    high: float
    method: str


class MetricValue(Model):
    """One number of one image set. `value` is None where it could not be computed, and `unavailable` says why.

    name         with extractor and count, such as "fd_lite0@64_5k": two values of one name are comparable
    least, most  the range that the number can have; None: no bound
    """

    name: str
    metric: str
    extractor: str
    value: float | None
    higher_is_better: bool
    n_fake: int
    n_real: int
    split: str
    least: float | None = None
    most: float | None = None
    interval: Interval | None = None
    unavailable: str | None = None


class ExtractorInfo(Model):
    digest: str | None
    unavailable: str | None = None


class Environment(Model):
    """What may change the last digits of a number, and with them a training.

    instructions  the vector instructions that PyTorch's own kernels use, and those for bfloat16, such as "AVX512 avx512_bf16"
    kernels       the libraries that compute matrix products and convolutions
    threads       how many threads a sum may be divided among
    """

    device: str
    device_name: str
    instructions: str = "unknown"  # in records of rules 0.1
    kernels: str = "unknown"
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
    task: str = FROM_LATENTS  # what the generator starts from: one of TASKS
    trained_against: tuple[str, ...] = ()  # extractors that are part of its loss: their metrics flatter it
    compiled: bool = False  # by torch.compile
    rows: tuple[str, ...] = ()  # what the rows of rows.png show, from the top; none: there is no such picture
    curves: dict[str, str] = {}  # column of history.csv -> which of PANELS shows it
    generator_parameters: int = 0
    discriminator_parameters: int = 0
    cost: Cost | None = None
    title: str = ""
    paper: str = ""


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
    files  those that lie beside the record, by what they show: "samples", "strip", "rows", "neighbours", "history"
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
