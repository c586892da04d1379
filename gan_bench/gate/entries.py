"""What is compared: a generator on a dataset with all its trainings, from a run, from samples, or from a function."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_bench import suites
from gan_bench.budget import Budget, Preset
from gan_bench.core.changes import label_of
from gan_bench.core.errors import UserError, shown
from gan_bench.datasets import DATASETS
from gan_bench.external import ScoreRequest, check_scored, fit, score_path
from gan_bench.images.arrays import Range, form_of
from gan_bench.images.convert import are_points
from gan_bench.images.sets import LazyImages, load_if_small
from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.rank import choose_headline
from gan_bench.records import FROM_LATENTS, CellRecord, MetricValue, Model, ReferenceRecord, ReferenceSpec, TableRules
from gan_bench.references import Reference, score_reference
from gan_bench.run_folder import read_runs
from gan_bench.scorer import scorer_for

NO_RULES = TableRules(headline="")
Record = CellRecord | ReferenceRecord


class Training(Model):
    """One training, or one draw of samples where nothing is known of a training.

    seed  None: it is not one of a run
    """

    seed: int | None
    samples_digest: str | None
    metrics: tuple[MetricValue, ...]


class Entry(Model):
    """A generator on a dataset.

    extractors  as a column names them -> the digest of their weights
    testbed     what may change the last digits of a number
    broken      a sentence for each training that failed or diverged
    """

    name: str
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

    def values(self, column: str) -> dict[int | None, MetricValue]:
        """Seed -> the number of a column without its count; seeds that have none are left out."""
        return {
            training.seed: metric
            for training in self.trainings
            for metric in training.metrics
            if bare(metric) == column and metric.value is not None
        }

    def primary(self) -> str:
        """The column that decides: the suite's headline, unless the entry was trained against its extractor."""
        metrics = {
            column_of(m): name for name, m in self.metrics().items() if m.extractor.split("@")[0] not in self.trained_against
        }
        chosen = choose_headline(list(metrics), suites.table_rules().get(self.dataset, NO_RULES))
        if chosen is None:
            raise UserError(f"{self.title} has no metric that could decide.")
        return metrics[chosen]


def bare(metric: MetricValue) -> str:
    """The name of a metric's column without the count: "fd_lite0@64_5k" -> "fd_lite0@64"."""
    return f"{metric.metric}_{metric.extractor}"


@dataclass(frozen=True)
class Source:
    """Where images come from, as the command line has it: a run folder, images, or a function.

    path         a run folder; or what `gan-bench score` reads
    generator    "FILE:FUNCTION"
    seeds, n     of a function: how often it is called, with the seeds 0, 1, ..., and for how many images
    """

    path: Path | None
    generator: str | None
    dataset: str | None
    preset: Preset
    n: int | None = None
    seeds: int = 1
    value_range: Range | None = None
    metrics: list[str] | None = None
    extractors: list[str] | None = None


def entries_of(source: Source, device: torch.device) -> list[Entry]:
    """The entries of a source. Raises UserError where there are none, or something is wrong with it."""
    if (source.path is None) == (source.generator is None):
        raise UserError("give either a run folder or samples, or --generator FILE:FUNCTION.")
    if source.path is not None and (source.path / "plan.json").is_file():
        return of_run(source.path, source.dataset)
    if source.dataset is None:
        raise UserError("give --dataset: what the images are to be compared with.")
    return [of_function(source, device) if source.generator else of_samples(source, device)]


def of_run(folder: Path, dataset: str | None = None) -> list[Entry]:
    """Each variant of a run on each dataset. Raises UserError where no cell is finished."""
    groups: dict[tuple[str, str], list[CellRecord]] = {}
    for result in read_runs([folder]):
        record = result.record
        if isinstance(record, CellRecord) and dataset in (None, record.spec.dataset):
            groups.setdefault((record.spec.dataset, record.spec.key), []).append(record)

    found = [_of_cells(cells) for cells in groups.values()]
    if not any(entry.trainings for entry in found):
        raise UserError(f"{folder} has no finished cell{f' of {dataset}' if dataset else ''}.")
    return found


def _of_cells(cells: Sequence[CellRecord]) -> Entry:
    done = sorted((cell for cell in cells if cell.status == "done"), key=lambda cell: cell.spec.seed)
    one = (done or cells)[0]
    return Entry(
        name=label_of(one.spec.variant, one.spec.changed), task=one.task, budget=one.spec.budget, settings=one.spec.settings,
        trained_against=one.trained_against, trainings=tuple(_training(cell, cell.spec.seed) for cell in done),
        broken=tuple(f"seed {c.spec.seed} {c.status}: {c.reason}" for c in cells if c.status != "done"), **_common(one),
    )  # fmt: skip


def _training(record: Record, seed: int | None) -> Training:
    return Training(seed=seed, samples_digest=record.samples_digest, metrics=record.metrics)


def _common(record: Record) -> dict[str, Any]:
    where = record.environment
    return {
        "dataset": record.spec.dataset, "dataset_digest": record.dataset_digest, "preset": record.spec.preset,
        "extractors": {name: info.digest for name, info in record.extractors.items() if info.digest is not None},
        "testbed": {
            "device": where.device_name, "instructions": where.instructions, "kernels": where.kernels,
            "threads": str(where.threads), "torch": where.packages.get("torch", "unknown"),
        },
    }  # fmt: skip


def of_samples(source: Source, device: torch.device) -> Entry:
    """Somebody's images, as one draw of a generator that nothing else is known of."""
    assert source.path is not None and source.dataset is not None
    request = ScoreRequest(
        source.path, source.dataset, source.preset, source.n, source.value_range, source.extractors, source.metrics
    )
    record = score_path(request, device)
    return Entry(name="samples", task=FROM_LATENTS, trainings=(_training(record, None),), **_common(record))


def of_function(source: Source, device: torch.device) -> Entry:
    """What somebody's function draws, once for each seed."""
    assert source.generator is not None and source.dataset is not None
    draw, n = load_function(source.generator), source.n or source.preset.n_fake
    records = [_score_drawn(draw, n, seed, source, device) for seed in range(source.seeds)]
    trainings = tuple(_training(record, seed) for seed, record in enumerate(records))
    return Entry(name="generator", task=FROM_LATENTS, trainings=trainings, **_common(records[0]))


Draw = Callable[[int, int], Any]


def load_function(text: str) -> Draw:
    """ "my_gan.py:load" -> the function. Raises UserError where the file or the function is absent, or the file fails."""
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        raise UserError(f"--generator {text!r} is not FILE:FUNCTION with a file that exists, such as my_gan.py:load.")

    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # as `python my_gan.py` would have it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} fails on import: {shown(error)}") from error
    finally:
        sys.path.pop(0)

    found = getattr(module, name, None)
    if not callable(found):
        raise UserError(f"{path} has no function {name!r}.")
    return found  # type: ignore[no-any-return]


def _score_drawn(draw: Draw, n: int, seed: int, source: Source, device: torch.device) -> ReferenceRecord:
    """The record of n images of a function. Raises UserError where it fails, or returns what are not n images."""
    assert source.dataset is not None
    what = f"{source.generator}({n}, {seed})"
    try:
        array = torch.as_tensor(draw(n, seed)).detach().cpu()
    except Exception as error:
        raise UserError(f"{what} fails: {shown(error)}") from error
    if array.ndim == 0 or len(array) != n:
        raise UserError(f"{what} returns {len(array) if array.ndim else 0:,} images, not {n:,}.")

    target = DATASETS.create(source.dataset)
    form = form_of(array.shape, array.dtype, source.value_range, are_points(target.image_shape))
    images = load_if_small(fit(LazyImages.of(form.at_rest(array)), target, what))
    extractors, metrics = suites.measured_by(source.dataset, source.extractors, source.metrics)
    spec = ReferenceSpec(
        dataset=source.dataset, name=what, preset=source.preset.name, n_fake=n, n_real=source.preset.n_real,
        extractors=extractors, metrics=metrics,
    )  # fmt: skip
    record = score_reference(spec, Reference(what, images, None), scorer_for(spec, device), device, external=True)
    check_scored(record.metrics, n)
    return record


def matched(old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[tuple[Entry, Entry | None]]:
    """Each old entry with the new one that belongs to it: of the same dataset and name, or the only one of the dataset where
    one of both is not of a run; None: there is none.
    """
    for entry in old:
        same = [one for one in new if one.dataset == entry.dataset]
        named = [one for one in same if one.name == entry.name]
        alone = len(same) == 1 and sum(one.dataset == entry.dataset for one in old) == 1
        outside = alone and (same[0].budget is None or entry.budget is None)
        yield entry, named[0] if named else same[0] if outside else None
