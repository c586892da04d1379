"""Score images that somebody else made."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench import suites
from gan_bench.budget import Preset
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.images import convert
from gan_bench.images.arrays import Range, form_of
from gan_bench.images.files import Found, open_images
from gan_bench.images.sets import ImageSet, LazyImages, in_memory, load_if_small, spread
from gan_bench.records import MetricValue, ReferenceRecord, ReferenceSpec
from gan_bench.references import Reference, measure_reference, write_reference
from gan_bench.run_folder import RunFolder
from gan_bench.scorer import Measurement, Scorer, scorer_for

log = logging.getLogger(__name__)
LOOKED_AT = 500  # images, for their statistics
FAR = 64  # levels of 255 by which mean brightnesses differ


@dataclass(frozen=True)
class ScoreRequest:
    """What the user asks for: which images, against what, by what.

    n            how many of the images, chosen by a fixed shuffle; None: all
    value_range  what is black and what is white in an array of floats
    name, run    put the row among those of this run, under this name
    """

    path: Path
    dataset: str
    preset: Preset
    n: int | None = None
    value_range: Range | None = None
    extractors: list[str] | None = None
    metrics: list[str] | None = None
    strict: bool = False
    name: str | None = None
    run: Path | None = None


class Measured(NamedTuple):
    """Images that are scored: their record, and its numbers with what each image adds to them."""

    row: Reference
    record: ReferenceRecord
    numbers: list[Measurement]


def score_path(request: ScoreRequest, device: torch.device) -> ReferenceRecord:
    """Score the images at a path against a dataset. Raises UserError for whatever is wrong with them."""
    dataset, folder = DATASETS.create(request.dataset), None
    if request.name is not None and request.run is not None:
        folder = entry_folder(request.run, dataset, request.name)

    row, record, _ = measure_path(request, device)
    if folder is not None:
        write_reference(record, row, dataset, folder)
    return record


def measure_path(request: ScoreRequest, device: torch.device) -> Measured:
    """Score the images at a path, and keep nothing of it. Raises UserError for whatever is wrong with them."""
    path, dataset = request.path, DATASETS.create(request.dataset)
    extractors, metrics = suites.measured_by(request.dataset, request.extractors, request.metrics)

    found = open_images(path, request.value_range, convert.are_points(dataset.image_shape))
    for warning in found.warnings:
        log.warning("%s: %s", path, warning)
    lazy, labels = _chosen(found, request, dataset)
    images = load_if_small(fit(lazy, dataset, str(path)))

    spec = ReferenceSpec(
        dataset=request.dataset, name=request.name or str(path), preset=request.preset.name, n_fake=len(images),
        n_real=request.preset.n_real, extractors=extractors, metrics=metrics, samples_digest=convert.digest(images),
    )  # fmt: skip
    scorer = scorer_for(spec, device, request.strict)
    _warn_of_oddities(images, scorer, path)

    return measure_images(spec, Reference(f"scored from {path.name}", images, labels), scorer, device)


def measure_images(spec: ReferenceSpec, row: Reference, scorer: Scorer, device: torch.device) -> Measured:
    """Score somebody's images. Raises UserError where no number can be computed of them."""
    record, numbers = measure_reference(spec, row, scorer, device, external=True)
    check_scored(record.metrics, len(row.images))
    return Measured(row, record, numbers)


def fit_array(array: Tensor, dataset: Dataset, name: str, value_range: Range | None) -> ImageSet:
    """Images in memory, in the dataset's shape. Raises UserError for whatever is wrong with them."""
    array = array.detach().cpu()
    form = form_of(array.shape, array.dtype, value_range, convert.are_points(dataset.image_shape))
    return load_if_small(fit(LazyImages.of(form.at_rest(array)), dataset, name))


def _chosen(found: Found, request: ScoreRequest, dataset: Dataset) -> tuple[LazyImages, Tensor | None]:
    """The images to score and their classes. Raises UserError when there are fewer than were asked for."""
    images, n = found.images, request.n
    labels = None if found.classes is None else labels_of(found.classes, dataset, str(request.path))
    if n is None:
        return images, labels
    if len(images) < n:
        raise UserError(f"{request.path} holds {len(images):,} images and {n:,} were asked for.")

    chosen = torch.randperm(len(images), generator=stream(0, "external"))[:n].sort().values
    return images[chosen], None if labels is None else labels[chosen]


def entry_folder(run_folder: Path, dataset: Dataset, name: str) -> Path:
    """Where an entry of this name is kept. Raises UserError where it cannot be one of the run's."""
    run = RunFolder(run_folder)
    if not run.is_one:
        raise UserError(f"{run_folder} is no run folder; it has no plan.json.")
    if not dataset.in_runs:
        raise UserError(f"--name puts an entry beside the generators of a dataset, and no run has any of {dataset.name}.")

    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or hashlib.sha256(name.encode()).hexdigest()[:8]
    return run.external(dataset.name, safe)


def labels_of(classes: list[str], dataset: Dataset, name: str) -> Tensor | None:
    """(N,) the dataset's classes by their names or numbers; None, with a warning, where one of them is unknown."""
    index = {text: dataset.class_index(text) for text in dict.fromkeys(classes)}
    unknown = [text for text, k in index.items() if k is None]
    if unknown:
        log.warning(
            "%s: %r is no class of %s (%s); scored without classes.",
            name, unknown[0], dataset.name, ", ".join(dataset.class_names[:20]),
        )  # fmt: skip
        return None
    return torch.tensor([index[text] for text in classes])


def fit(images: LazyImages, dataset: Dataset, name: str) -> LazyImages:
    """Images in the dataset's shape; whatever has to be changed is warned about.

    Images of the size that the dataset's own had before they were padded are padded in the same way.
    """
    channels, *size = dataset.image_shape
    given, *given_size = images.image_shape
    padded = dataset.padding > 0 and [side + 2 * dataset.padding for side in given_size] == size
    resized = not padded and given_size != size

    if given != channels:
        log.warning("%s: %s images were turned into %s.", name, *(("grey", "colour") if channels == 3 else ("colour", "grey")))
    if padded:
        log.info("%s: images were padded to %dx%d, as those of %s are.", name, *size[::-1], dataset.name)
    if resized:
        log.warning("%s: images of %dx%d were resized to %dx%d (antialiased bicubic).", name, *given_size[::-1], *size[::-1])

    def change(batch: Tensor) -> Tensor:
        batch = convert.to_channels(batch, channels)
        if padded:
            batch = F.pad(batch, 4 * (dataset.padding,))
        if resized:
            batch = F.interpolate(batch.float(), size=size, mode="bicubic", antialias=True).round().clamp(0, 255).byte()
        return batch.contiguous()

    return images if images.image_shape == dataset.image_shape else images.then(change, dataset.image_shape)


def _warn_of_oddities(images: ImageSet, scorer: Scorer, path: Path) -> None:
    made, real = (in_memory(some[spread(len(some), LOOKED_AT)]) for some in (images, scorer.real.images))
    for oddity in oddities(made, real):
        log.warning("%s: %s", path, oddity)


def oddities(made: Tensor, real: Tensor) -> list[str]:
    """Signs that uint8 images (N, C, H, W) were stored in another way than the reals, whatever they show."""
    if convert.are_points(made.shape[1:]):
        return []

    found = []
    level, level_of_reals = made.float().mean().item(), real.float().mean().item()
    if made.max() <= 1:
        found.append("no value is above 1 of 255; were floats from 0 to 1 cut to whole numbers?")
    elif abs(level - level_of_reals) > FAR:
        found.append(
            f"the mean level is {level:.0f} of 255, that of the reals {level_of_reals:.0f}; "
            "are they inverted, or of another range?"
        )
    if made.shape[1] == 3 and is_grey(made) and not is_grey(real):
        found.append("all images are grey, and the reals have colours.")
    return found


def is_grey(images: Tensor) -> bool:
    """Whether all channels of images (N, C, H, W) are equal."""
    return bool((images == images[:, :1]).all())


def check_scored(values: Sequence[MetricValue], n: int) -> None:
    """Raises UserError, with the reasons, where no number could be computed from n images."""
    if all(m.value is None for m in values):
        reasons = "; ".join(dict.fromkeys(m.unavailable for m in values if m.unavailable))
        raise UserError(f"no metric can be computed of {n:,} image{'s' * (n != 1)}: {reasons}.")
