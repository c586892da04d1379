"""What is to be computed, as plain data: a result depends on its spec alone."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from gan_bench.budget import Budget
from gan_bench.core.changes import key_of
from gan_bench.core.digests import json_digest
from gan_bench.records.base import BENCHMARK_VERSION, Model, Written


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


class CodeFile(Model):
    """A Python file, with its digest, so that `sha256sum` tells whether a file is this one."""

    sha256: str
    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """The file with this text."""
        return cls(sha256=sha256(text.encode()).hexdigest(), text=text)

    @model_validator(mode="after")
    def _matches(self) -> Self:
        if self.sha256 != sha256(self.text.encode()).hexdigest():
            raise ValueError("its text does not have its sha256")
        return self


class Code(Model):
    """A variant's own code, where it is no member of the registry: a user's file.

    file    its name
    member  the class in it
    files   path -> the file itself, and every module beside it that it imports
    """

    file: str
    member: str
    files: dict[str, CodeFile]

    @property
    def digest(self) -> str:
        """SHA-256 of which files these are; the class does not matter."""
        return json_digest({path: file.sha256 for path, file in self.files.items()})


class CellSpec(ScoreSpec):
    """All that a cell's result depends on. Plain data, so a cell can run anywhere.

    code  of a variant that a user's file holds; None: the variant is a member of the registry
    """

    variant: str
    seed: int
    budget: Budget
    settings: dict[str, Setting]
    changed: dict[str, Setting] = {}  # those of the settings that differ from the preset's
    code: Code | None = None

    @model_serializer(mode="wrap")
    def _without_absent_code(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Specs without code have the hashes that they had before there was such a field."""
        data: dict[str, Any] = plain(self)
        if self.code is None:
            data.pop("code", None)
        return data

    @property
    def key(self) -> str:
        """What tells the cells of one run, dataset and seed apart: "dcgan", or with changed settings "dcgan@1a2b3c"."""
        return key_of(self.variant, self.changed)


class ReferenceSpec(ScoreSpec):
    """A row that is no generator: `real`, `noise`, or somebody's scored images."""

    name: str
    samples_digest: str | None = None  # of an external row


class JudgeSpec(Model):
    """All that a detector's result depends on.

    n_judge   how many reals the folds are made of
    n_shown   how many images a network is shown in one fit, at most
    thorough  whether detectors whose fits take long are fitted for every protocol
    fakes     the key of each cell of the seed -> the digest of its samples
    others    the same for the cells of another seed, whose fakes are only tested on
    members   the detectors that it combines, if it does
    """

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    detector: str
    seed: int
    preset: str
    n_judge: int
    n_shown: int
    thorough: bool = False
    fakes: dict[str, str] = {}
    others: dict[str, str] = {}
    members: tuple[str, ...] = ()


class AttackSpec(Model):
    """All that the attacks on the detectors of one dataset and seed depend on.

    n       how many fakes and how many reals are attacked
    models  detector -> the digest of the file that it was read from
    """

    benchmark_version: str = BENCHMARK_VERSION
    dataset: str
    seed: int
    preset: str
    n: int
    models: dict[str, str] = {}


class TableRules(NamedTuple):
    """How a suite wants the tables of its datasets to be read.

    headline     the start of the name of the metric that ranks them
    not_telling  starts of the names of metrics that put damaged images before real ones there; they are marked, never bold
    """

    headline: str
    not_telling: tuple[str, ...] = ()


class Plan(Written):
    """One run: what is computed, in this order.

    rules  dataset -> how its table is read, where its suite is not one of gan-bench; those of earlier plans of the folder too
    """

    benchmark_version: str = BENCHMARK_VERSION
    cells: tuple[CellSpec, ...]
    references: tuple[ReferenceSpec, ...]
    judges: tuple[JudgeSpec, ...]  # `fakes` empty until the cells are done
    attacked: int = 0  # images of each class that are attacked; 0: no attacks
    device: str
    jobs: int = 1  # cells at a time
    compiled: bool = False  # networks by torch.compile
    strict: bool = False
    rules: dict[str, TableRules] = {}
