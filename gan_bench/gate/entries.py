"""What is compared: a generator on a dataset, with all its trainings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import Field

from gan_bench.budget import Budget
from gan_bench.core.changes import label_of
from gan_bench.core.errors import UserError
from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.rank import NO_RULES, choose_headline
from gan_bench.records import CellRecord, MetricValue, Model, ReferenceRecord, TableRules
from gan_bench.run_folder import read_runs

Numbers = Mapping[int | None, MetricValue]  # seed -> the number of a column


class Training(Model):
    """One training, or one draw of samples where nothing is known of a training.

    seed    None: it is not one of a run
    shares  column without its count -> what each sample adds to the number, as `gate/samples.py` packs it; of a run: {}
    """

    seed: int | None
    samples_digest: str | None
    metrics: tuple[MetricValue, ...]
    shares: dict[str, str] = {}


class Subject(Model):
    """A generator on a dataset.

    name        as the leaderboard calls it, with changed settings
    variant     without them; "": it is not of a run
    extractors  as a column names them -> the digest of their weights
    testbed     what may change the last digits of a number
    broken      a sentence for each training that failed or diverged
    rules       how the dataset's table is read; a baseline keeps the column that decides instead
    """

    name: str
    variant: str = ""
    dataset: str
    dataset_digest: str | None
    task: str
    preset: str
    budget: Budget | None = None
    settings: dict[str, Any] = {}
    extractors: dict[str, str] = {}
    trained_against: tuple[str, ...] = ()
    testbed: dict[str, str] = {}
    trainings: tuple[Training, ...]
    broken: tuple[str, ...] = ()
    rules: TableRules = Field(default=NO_RULES, exclude=True)

    @property
    def title(self) -> str:
        """As reports call it."""
        return f"{self.dataset} {self.name}"

    def metrics(self) -> dict[str, MetricValue]:
        """Column without its count, such as "fd_lite0@64" -> the first value that it has."""
        found: dict[str, MetricValue] = {}
        for training in self.trainings:
            for metric in training.metrics:
                if metric.value is not None:
                    found.setdefault(bare(metric), metric)
        return found

    def values(self, column: str) -> Numbers:
        """Seed -> the number of a column without its count; seeds that have none are left out."""
        return {
            training.seed: metric
            for training in self.trainings
            for metric in training.metrics
            if bare(metric) == column and metric.value is not None
        }

    def listed(self, column: str) -> list[float]:
        """The values of a column without its count, one for each seed that has one."""
        return [metric.value for metric in self.values(column).values() if metric.value is not None]

    def mean(self, column: str) -> float:
        """Their mean; not a number where there are none."""
        values = self.listed(column)
        return fmean(values) if values else math.nan

    def primary(self) -> str:
        """The column that decides: the suite's headline, unless the entry was trained against its extractor."""
        metrics = {
            column_of(m): name for name, m in self.metrics().items() if m.extractor.split("@")[0] not in self.trained_against
        }
        chosen = choose_headline(list(metrics), self.rules)
        if chosen is None:
            raise UserError(f"{self.title} has no metric that could decide.")
        return metrics[chosen]


def bare(metric: MetricValue) -> str:
    """The name of a metric's column without the count: "fd_lite0@64_5k" -> "fd_lite0@64"."""
    return metric.bare_name


def of_run(folder: Path, dataset: str | None = None) -> list[Subject]:
    """Each variant of a run on each dataset. Raises UserError where no cell is finished."""
    runs = read_runs([folder], needed=True)
    groups: dict[tuple[str, str], list[CellRecord]] = {}
    for result in runs.results:
        record = result.record
        if isinstance(record, CellRecord) and dataset in (None, record.spec.dataset):
            groups.setdefault((record.spec.dataset, record.spec.key), []).append(record)

    found = [_of_cells(cells, runs.rules) for cells in groups.values()]
    if not any(entry.trainings for entry in found):
        raise UserError(f"{folder} has no finished cell{f' of {dataset}' if dataset else ''}.")
    return found


def _of_cells(cells: Sequence[CellRecord], rules: Mapping[str, TableRules]) -> Subject:
    done = sorted((cell for cell in cells if cell.status == "done"), key=lambda cell: cell.spec.seed)
    one = (done or cells)[0]
    return Subject(
        name=label_of(one.spec.variant, one.spec.changed), variant=one.spec.variant, task=one.task, budget=one.spec.budget,
        settings=one.spec.settings, trained_against=one.trained_against,
        trainings=tuple(
            Training(seed=cell.spec.seed, samples_digest=cell.samples_digest, metrics=cell.metrics) for cell in done
        ),
        broken=tuple(f"seed {c.spec.seed} {c.status}: {c.reason}" for c in cells if c.status != "done"),
        **common_fields(one, rules),
    )  # fmt: skip


def common_fields(record: CellRecord | ReferenceRecord, rules: Mapping[str, TableRules]) -> dict[str, Any]:
    """The fields of a Subject that any record gives. `rules`: by dataset."""
    where = record.environment
    return {
        "dataset": record.spec.dataset, "dataset_digest": record.dataset_digest, "preset": record.spec.preset,
        "rules": rules.get(record.spec.dataset, NO_RULES),
        "extractors": {name: info.digest for name, info in record.extractors.items() if info.digest is not None},
        "testbed": {
            "device": where.device_name, "instructions": where.instructions, "kernels": where.kernels,
            "threads": str(where.threads), "torch": where.packages.get("torch", "unknown"),
        },
    }  # fmt: skip


def matched(old: Sequence[Subject], new: Sequence[Subject]) -> Iterator[tuple[Subject, Subject | None]]:
    """Each old subject with the new one of its dataset that belongs to it; None: there is none.

    It has the same name; else it is the only one of the same variant, whose settings are what was changed; else it is the only
    one of the dataset, if one of both is not of a run.
    """
    for subject in old:
        same = [one for one in new if one.dataset == subject.dataset]
        rivals = [one for one in old if one.dataset == subject.dataset]
        named = [one for one in same if one.name == subject.name]
        changed = [one for one in same if one.variant == subject.variant != ""]
        outside = same if "" in {subject.variant, *(one.variant for one in same)} and len(rivals) == 1 else []
        yield subject, next((found[0] for found in (named, changed, outside) if len(found) == 1), None)
