"""Score images that somebody else made."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gan_bench.budget import Preset, parse_preset
from gan_bench.core.errors import UserError
from gan_bench.core.folders import replaced
from gan_bench.core.names import check_entry_name
from gan_bench.core.remarks import Tell, once_each, to_log
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.generators import VARIANTS
from gan_bench.images import convert
from gan_bench.images.arrays import Range
from gan_bench.images.below import named
from gan_bench.images.files import Found, open_images
from gan_bench.images.fit import fit, tell_oddities
from gan_bench.images.sets import LazyImages, load_if_small
from gan_bench.records import (
    BENCHMARK_VERSION,
    EVERY,
    CellRecord,
    MetricValue,
    ReferenceRecord,
    ReferenceSpec,
    ScoreSpec,
    read_record,
)
from gan_bench.references import REFERENCES, Measured, Reference, measure_reference, write_reference
from gan_bench.run_folder import RECORD, RunFolder, read_runs
from gan_bench.scorer import SetScorer, scorer_for
from gan_bench.settings import measured_by

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scoring:
    """How somebody's images are scored.

    n            how many of them, chosen by a fixed shuffle; None: all, or of a function the preset's number
    value_range  what is black and what is white in an array of floats
    extractors, metrics  None: those of the dataset's suite
    strict       whether an extractor without weights is an error
    name         what records call the images; None: by where they come from
    most         where n is None: of more images only so many, as other entries of a run have; None: no limit
    """

    dataset: str
    preset: Preset
    device: torch.device
    n: int | None = None
    value_range: Range | None = None
    extractors: list[str] | None = None
    metrics: list[str] | None = None
    strict: bool = False
    name: str | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        """Raises UserError at a name that no entry can have."""
        if self.name is not None:
            check_entry_name(self.name, _made_by_us())


def measure_path(path: Path, scoring: Scoring) -> Measured:
    """Score the images at a path, and keep nothing of it. Raises UserError for whatever is wrong with them."""
    dataset = DATASETS.create(scoring.dataset)
    tell = once_each(to_log(log, str(path)))

    found = open_images(path, scoring.value_range, convert.are_points(dataset.image_shape))
    for warning in found.warnings:
        tell(logging.WARNING, warning)
    lazy, labels = _chosen(found, path, scoring, dataset)
    images = load_if_small(fit(lazy, dataset, tell))
    return measure_images(Reference(f"scored from {path.name}", images, labels), str(path), scoring, tell)


def measure_images(row: Reference, name: str, scoring: Scoring, tell: Tell) -> Measured:
    """Score somebody's images, which are in the dataset's shape. `name`: what records call them where `scoring` has none.

    Raises UserError where no number can be computed of them.
    """
    extractors, metrics = measured_by(scoring.dataset, scoring.extractors, scoring.metrics)
    name = name if scoring.name is None else scoring.name
    spec = ReferenceSpec(
        dataset=scoring.dataset, name=name, preset=scoring.preset.name, n_fake=len(row.images),
        n_real=scoring.preset.n_real, extractors=extractors, metrics=metrics, samples_digest=convert.digest(row.images),
    )  # fmt: skip
    scorer = scorer_for(spec, scoring.device, scoring.strict)

    tell_oddities(row.images, scorer.real.images, tell)
    measured = measure_reference(spec, row, scorer, scoring.device, external=True)
    check_scored(measured.record.metrics, len(row.images), scorer, row.labels is not None)
    return measured


def _chosen(found: Found, path: Path, scoring: Scoring, dataset: Dataset) -> tuple[LazyImages, Tensor | None]:
    """The images to score and their classes. Raises UserError when there are fewer than were asked for."""
    images = found.images
    labels = None if found.classes is None else labels_of(found.classes, dataset, str(path))
    n = scoring.n or min(len(images), scoring.most or len(images))
    if len(images) < n:
        raise UserError(f"{path} holds {len(images):,} images and {n:,} were asked for.")

    if scoring.n is None and scoring.most is not None:
        _tell_count(path, len(images), scoring.most)
    if n == len(images):
        return images, labels
    chosen = torch.randperm(len(images), generator=stream(0, "external"))[:n].sort().values
    return images[chosen], None if labels is None else labels[chosen]


def _tell_count(path: Path, n: int, most: int) -> None:
    """Say where more or fewer images were found than other entries have."""
    if n > most:
        log.info("%s: %s of its %s images are scored, as many as other entries have.", path, f"{most:,}", f"{n:,}")
    if n < most:
        alone = "numbers of other counts stand in columns of their own"
        log.warning("%s: it holds %s images, and other entries have %s; %s.", path, f"{n:,}", f"{most:,}", alone)


def like_entries(scoring: Scoring, run: RunFolder, any_budget: bool) -> Scoring:
    """The same, and what it leaves open as a run has it for most entries of the dataset, so that one more shares their columns.

    any_budget  whether the budget is open as well; else entries of another one do not count
    """
    way = _usual_way(run, scoring.dataset, None if any_budget else scoring.preset.name)
    if way is None:
        return scoring

    liked = replace(
        scoring, preset=parse_preset(way.preset), most=way.n_fake,
        extractors=scoring.extractors or list(way.extractors), metrics=scoring.metrics or list(way.metrics),
    )  # fmt: skip
    log.info(
        "scored as other entries of %s: budget %s, %s images, extractors %s, metrics %s",
        run.path, way.preset, f"{scoring.n or way.n_fake:,}", ",".join(liked.extractors or ()), ",".join(liked.metrics or ()),
    )  # fmt: skip
    return liked


def _usual_way(run: RunFolder, dataset: str, preset: str | None) -> ScoreSpec | None:
    """How most trained variants of a dataset are scored; without any, most reference rows, else most of somebody's entries."""
    if not run.has_records:
        return None

    found = [result.record for result in read_runs([run.path], needed=True).results]
    scored = [
        record for record in found
        if isinstance(record, CellRecord | ReferenceRecord) and record.metrics and record.spec.dataset == dataset
        and preset in (None, record.spec.preset) and record.spec.benchmark_version == BENCHMARK_VERSION
    ]  # fmt: skip
    cells = [record for record in scored if isinstance(record, CellRecord)]
    rows = [record for record in scored if isinstance(record, ReferenceRecord) and not record.external]
    ways = Counter(map(_way_of, cells or rows or scored))
    return ways.most_common(1)[0][0] if ways else None


def _way_of(record: CellRecord | ReferenceRecord) -> ScoreSpec:
    """How it was scored, without the extractors that were not available."""
    spec, known = record.spec, record.extractors
    absent = {name for name, info in known.items() if info.unavailable is not None}
    return ScoreSpec(
        dataset=spec.dataset, preset=spec.preset, n_fake=spec.n_fake, n_real=spec.n_real,
        extractors=tuple(name for name in spec.extractors if name not in absent), metrics=spec.metrics,
    )  # fmt: skip


def check_entry(run: RunFolder, dataset: Dataset, name: str) -> None:
    """Raises UserError where no entry of this name and dataset can be put into a run folder, which may be new."""
    check_entry_name(name, [*_made_by_us(), *sorted(run.own_rows(dataset.name))])
    if not dataset.in_runs:
        raise UserError(f"--name puts an entry beside the generators of a dataset, and no run has any of {dataset.name}.")
    if run.is_read_only:
        raise UserError(f"--run {run.path} is read-only, so it takes no entries; make it writable, or give another folder.")
    if not run.takes_entries:
        raise UserError(f"--run {run.path} is no run folder, or is not writable; give one, or the name of a new folder.")


def _made_by_us() -> list[str]:
    """The names of rows that gan-bench makes, in any run."""
    return [*VARIANTS.names(), *REFERENCES, EVERY]


def write_entry(run: RunFolder, dataset: Dataset, name: str, sets: Sequence[Measured]) -> None:
    """Make these sets of images an entry of a run, in place of an earlier one of this name, and draw the run's page.

    Raises UserError at a name that no entry can have, and CannotWrite where the disk is full or read-only: the earlier entry is
    still there then, and the page may be the earlier one too.
    """
    from gan_bench import leaderboard  # not needed to score

    check_entry(run, dataset, name)
    with replaced(run.external(dataset.name, name), _earlier(run, dataset.name, name)) as folder:
        for measured in sets:
            write_reference(measured, dataset, run.external_set(folder, measured.record.seed))
    runs = read_runs([run.path])
    leaderboard.build(runs.results, run.leaderboard, runs.rules, runs.problems, runs.suites)


def _earlier(run: RunFolder, dataset: str, name: str) -> list[Path]:
    """The folders of entries of this name, whatever version of gan-bench called them so."""
    found = []
    for folder in run.externals(dataset):
        for file in folder.rglob(RECORD):
            with contextlib.suppress(UserError):  # nobody knows the name in a damaged record
                found += [folder] if read_record(file, ReferenceRecord).spec.name == name else []
    return list(dict.fromkeys(found))


def labels_of(classes: list[str], dataset: Dataset, name: str) -> Tensor | None:
    """(N,) the dataset's classes by their names or numbers; None, with a warning, where one of them is unknown."""
    index = {text: dataset.class_index(text) for text in dict.fromkeys(classes)}
    unknown = [text for text, k in index.items() if k is None]
    if unknown:
        n = sum(index[text] is None for text in classes)
        are = "is no class" if len(unknown) == 1 else "are no classes"
        log.warning(
            "%s: %s %s of %s (%s), and %s of the %s images have such a label; scored without classes.",
            name, named(map(repr, unknown)), are, dataset.name, ", ".join(dataset.class_names[:20]), f"{n:,}",
            f"{len(classes):,}",
        )  # fmt: skip
        return None
    return torch.tensor([index[text] for text in classes])


def check_scored(values: Sequence[MetricValue], n: int, scorer: SetScorer, labelled: bool) -> None:
    """Raises UserError, with the reasons, where no number could be computed from n images, with their classes or without."""
    if all(m.value is None for m in values):
        reasons = "; ".join(dict.fromkeys(m.unavailable for m in values if m.unavailable)) or _why_none(scorer, labelled)
        raise UserError(f"no metric can be computed of {n:,} image{'s' * (n != 1)}: {reasons}.")


def _why_none(scorer: SetScorer, labelled: bool) -> str:
    """Why none of the metrics that were asked for was even tried."""
    metrics, extractors = (named(one.name for one in some) for some in (scorer.metrics, scorer.extractors))
    images = "images" if labelled else "images without known classes"
    return (
        f"{metrics} cannot be had from {images} by {extractors or 'no extractor'}; `gan-bench show METRIC` says what it needs"
    )
