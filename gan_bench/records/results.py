"""What was computed of a generator, or of images that stand in for one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gan_bench.records.base import BENCHMARK_VERSION, FROM_LATENTS, Interval, Model, Written
from gan_bench.records.specs import CellSpec, ReferenceSpec, Setting

FileName = Annotated[str, Field(pattern=r"^\w[^/\\]*$")]  # in the record's own folder, whoever wrote the record
ASKED = "asked for"  # how samples got their classes, where no classifier gave them


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

    @property
    def bare_name(self) -> str:
        """The name without the count: "fd_lite0@64_5k" -> "fd_lite0@64"."""
        return f"{self.metric}_{self.extractor}"


class ExtractorInfo(Model):
    """What an extractor was. accuracy: of one that was trained on the dataset, on its test split, 0 to 1."""

    digest: str | None
    unavailable: str | None = None
    accuracy: float | None = None


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


class Record(Written):
    """files: name of a file that was written beside the record -> its SHA-256; those that have no field of their own."""

    benchmark_version: str = BENCHMARK_VERSION
    environment: Environment
    warnings: tuple[str, ...] = ()
    files: dict[FileName, str] = {}


class CellRecord(Record):
    """One trained and scored generator.

    weights         name of a file with a network's weights -> its SHA-256; empty in records of schema 1
    moments         thousands of real images that had been shown to D at each row of strip.png, from the top
    class_rows      the class of each row of classes.png, from the top; none: there is no such picture
    classed_by      how the samples got into these rows: "asked for", or the name of the classifier; "": there are none
    paper_settings  the paper's own values of settings, as the variant states them
    source          the module of a variant of the registry, such as "gan_bench.generators.dcgan"; "": the spec has its code
    source_digest   SHA-256 of that module's file

    All but `weights` are empty in records of schema 1 to 3.
    """

    kind: Literal["cell"] = "cell"
    spec: CellSpec
    spec_hash: str
    status: Literal["done", "diverged", "failed"]
    reason: str | None = None
    dataset_digest: str | None = None
    samples_digest: str | None = None
    weights: dict[FileName, str] = {}
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
    moments: tuple[float, ...] = ()
    class_rows: tuple[str, ...] = ()
    classed_by: str = ""
    paper_settings: dict[str, Setting] = {}
    source: str = ""
    source_digest: str = ""


class ReferenceRecord(Record):
    """A row that is no generator of this run.

    external  it is of somebody's images
    seed      what somebody's generator was called with; None: no seed is known
    """

    kind: Literal["reference"] = "reference"
    spec: ReferenceSpec
    spec_hash: str
    external: bool = False
    seed: int | None = None
    note: str = ""
    dataset_digest: str
    samples_digest: str
    extractors: dict[str, ExtractorInfo] = {}
    metrics: tuple[MetricValue, ...] = ()
