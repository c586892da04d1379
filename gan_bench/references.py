"""Rows that are no generator, so that a number means something alone: what they hold, and how they are scored and kept.

Each is a function of (dataset, n) to a `Reference`: of n images, or of the whole test split where that has fewer and the row
shows each of its images once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.core.seeds import stream
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment
from gan_bench.images import convert, tasks
from gan_bench.images.files import save_samples
from gan_bench.images.pictures import save_samples_picture
from gan_bench.images.sets import ImageSet, in_memory
from gan_bench.images.statistics import Classified, statistics_of
from gan_bench.metrics.measured import Measurement
from gan_bench.records import (
    Interval,
    MetricValue,
    ReferenceRecord,
    ReferenceSpec,
    Result,
    finished,
    spec_hash,
    write_record,
)
from gan_bench.run_folder import RECORD, SAMPLES, SHOWN, digests_in, lost_files
from gan_bench.sample import originals
from gan_bench.scorer import SetScorer, scorer_for, summary

if TYPE_CHECKING:
    from gan_bench.leaderboard.estimates import Estimate

log = logging.getLogger(__name__)


class Reference(NamedTuple):
    """images at rest (N, C, H, W); of a task that starts from images also their labels (N,) and the truth, like images."""

    note: str
    images: ImageSet
    labels: Tensor | None = None
    truth: Tensor | None = None


class Measured(NamedTuple):
    """A row that was scored.

    numbers     those of its record, with what each image adds to them
    classified  its images by the dataset's own classifier; None: there is none
    """

    row: Reference
    record: ReferenceRecord
    numbers: list[Measurement]
    classified: Classified | None


def real(dataset: Dataset, n: int) -> Reference:
    """What a perfect generator would reach."""
    images = dataset.load("test").subset(n, dataset.name, "reference", n).images
    return Reference("the official test split, scored as if it were generated", images)


def noise(dataset: Dataset, n: int) -> Reference:
    """What every generator must beat."""
    rng, shape = stream(0, "noise"), (n, *dataset.image_shape)
    if not convert.are_points(dataset.image_shape):
        return Reference("uniformly random pixels", torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8))

    points = dataset.load("test").images
    low, high = points.amin(0), points.amax(0)
    drawn = low + (high - low) * torch.rand(shape, generator=rng)
    return Reference("uniformly random points of the reals' rectangle", drawn)


def untranslated(dataset: Dataset, n: int) -> Reference:
    """What every translator must beat."""
    given = originals(dataset, "test", "score", n)
    images = convert.to_uint8(tasks.untranslated(convert.to_float(given.images)))
    return Reference("the translators' input, as it is", images, given.labels, given.images)


def bicubic(dataset: Dataset, n: int) -> Reference:
    """What every upscaler must beat."""
    given = originals(dataset, "test", "score", n)
    small = tasks.shrunk(convert.to_float(given.images))
    large = F.interpolate(small, size=given.images.shape[2:], mode="bicubic", align_corners=False).clamp(-1, 1)
    note = "the upscalers' input, enlarged by bicubic interpolation"
    return Reference(note, convert.to_uint8(large), given.labels, given.images)


ALWAYS = {"real": real, "noise": noise}
OF_TASK = {"translate": {"untranslated": untranslated}, "upscale": {"bicubic": bicubic}}
REFERENCES = {**ALWAYS, **{name: make for made in OF_TASK.values() for name, make in made.items()}}


def run_reference(spec: ReferenceSpec, folder: Path, device: torch.device, strict: bool = False) -> ReferenceRecord:
    """Score a row that is no generator and keep it in `folder`; a finished one is read from there, and what it lost written."""
    done = finished(folder / RECORD, ReferenceRecord, spec)
    lost = [] if done is None else lost_files(folder, done)
    if done is not None and not lost:
        return done

    scorer = scorer_for(spec, device, strict)
    row = REFERENCES[spec.name](scorer.dataset, spec.n_fake)
    if done is not None and convert.digest(row.images) == done.samples_digest:
        log.warning("%s %s: made again, since these files are missing or damaged: %s", spec.dataset, spec.name, ", ".join(lost))
        measured = Measured(row, done, [], scorer.classify(row.images))
    else:
        measured = measure_reference(spec, row, scorer, device)
    return write_reference(measured, scorer.dataset, folder)


def measure_reference(
    spec: ReferenceSpec, reference: Reference, scorer: SetScorer, device: torch.device, external: bool = False
) -> Measured:
    """A row as it is scored. `external`: the images are somebody's."""
    note, images, labels, truth = reference
    pairs = None if truth is None else {"truth": (in_memory(images), truth)}
    digest = spec.samples_digest or convert.digest(images)  # an external set may take minutes to read
    numbers = scorer.measure(images, f"{spec.dataset} {spec.name}", labels, pairs, digest)
    values = [number.value for number in numbers]
    log.info("%s %s: %s", spec.dataset, spec.name, summary(values))

    record = ReferenceRecord(
        environment=environment(device),
        warnings=tuple(scorer.warnings),
        spec=spec,
        spec_hash=spec_hash(spec),
        external=external,
        note=note,
        dataset_digest=scorer.split.digest,
        samples_digest=digest,
        extractors=scorer.info,
        metrics=tuple(values),
    )
    return Measured(reference, record, numbers, scorer.classify(images))


def write_reference(measured: Measured, dataset: Dataset, folder: Path) -> ReferenceRecord:
    """Write a row's samples, with their classes where they are known, their picture and statistics and, last, its record.

    Returns the record, with the digests of these files.
    """
    images = in_memory(measured.row.images)
    save_samples(images, measured.row.labels, folder / SAMPLES)
    save_samples_picture(images, folder / SHOWN["samples"], dataset.mixture)
    statistics = statistics_of(images, dataset.mixture, dataset.class_names, measured.classified)
    write_record(folder / SHOWN["statistics"], statistics)

    record = measured.record.model_copy(update={"files": digests_in(folder)})
    write_record(folder / RECORD, record)
    return record


def means(records: Sequence[ReferenceRecord]) -> list[MetricValue]:
    """Each number of one entry averaged over its seeds, with the interval that the leaderboard shows; of one seed, its own."""
    if len(records) == 1:
        return list(records[0].metrics)

    from gan_bench.leaderboard.entries import entries_of  # not needed to score
    from gan_bench.leaderboard.estimates import over_seeds
    from gan_bench.leaderboard.frames import generator_frame

    frame = generator_frame(entries_of([Result(Path(), record, {}) for record in records]))
    found = over_seeds(frame, ["name"])
    return [_averaged(number, found[number.name,]) for number in records[0].metrics]


def _averaged(number: MetricValue, mean: Estimate) -> MetricValue:
    """A number with the mean in its place."""
    interval = None
    if mean.low is not None and mean.high is not None:
        interval = Interval(low=mean.low, high=mean.high, method=mean.method or "")
    return number.model_copy(update={"value": mean.value, "interval": interval})
