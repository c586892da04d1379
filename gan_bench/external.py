"""Score images that somebody else made."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench import images, suites
from gan_bench.arrays import Range
from gan_bench.budget import Preset
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.errors import UserError
from gan_bench.image_files import open_images
from gan_bench.records import MetricValue, ReferenceRecord, ReferenceSpec
from gan_bench.references import Reference
from gan_bench.run import reference_record, scorer_for, write_reference
from gan_bench.seeds import stream
from gan_bench.streams import Stream, at_hand, in_memory, spread

log = logging.getLogger(__name__)
LOOKED_AT = 500  # images, for their statistics
FAR = 64  # levels of 255 that mean brightnesses differ by


def score_path(
    path: Path, dataset_name: str, preset: Preset, *, n: int | None, value_range: Range | None, extractors: list[str] | None,
    metrics: list[str] | None, device: torch.device, strict: bool, name: str | None, run_folder: Path | None,
) -> ReferenceRecord:  # fmt: skip
    """Score the images at `path` against a dataset; with `name` and `run_folder` also put them among that run's rows.

    Raises UserError for whatever is wrong with the images, and when there are fewer than `n`.
    """
    dataset = DATASETS.create(dataset_name)
    folder = None if name is None or run_folder is None else entry_folder(run_folder, dataset, name)
    by_extractors, by_metrics = suites.measured_by(dataset_name, extractors, metrics)
    pictures, classes, warnings = open_images(path, value_range, images.are_points(dataset.image_shape))
    for warning in warnings:
        log.warning("%s: %s", path, warning)
    labels = None if classes is None else labels_of(classes, dataset, str(path))
    if n is not None and len(pictures) < n:
        raise UserError(f"{path} holds {len(pictures):,} images and {n:,} were asked for.")
    if n is not None:
        chosen = torch.randperm(len(pictures), generator=stream(0, "external"))[:n].sort().values
        pictures, labels = pictures[chosen], labels if labels is None else labels[chosen]
    fitted = at_hand(fit(pictures, dataset, str(path)))
    spec = ReferenceSpec(
        dataset=dataset_name, name=name or str(path), preset=preset.name, n_fake=len(fitted), n_real=preset.n_real,
        extractors=by_extractors, metrics=by_metrics, samples_digest=images.digest(fitted),
    )  # fmt: skip
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, spec.metrics, device, strict)
    made, real = (in_memory(some[spread(len(some), LOOKED_AT)]) for some in (fitted, scorer.real.images))
    for oddity in oddities(made, real):
        log.warning("%s: %s", path, oddity)
    row = Reference(f"scored from {path.name}", fitted, labels)
    record = reference_record(spec, row, scorer, device, external=True)
    at_least_one(record.metrics, len(fitted))
    if folder is not None:
        write_reference(record, row, dataset, folder)
    return record


def entry_folder(run_folder: Path, dataset: Dataset, name: str) -> Path:
    """Where an entry of this name is kept. Raises UserError where it cannot be one of the run's."""
    if not (run_folder / "plan.json").is_file():
        raise UserError(f"{run_folder} is no run folder; it has no plan.json.")
    if dataset.name not in DATASETS.names():
        raise UserError(f"--name puts an entry beside the generators of a dataset, and no run has any of {dataset.name}.")
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or hashlib.sha256(name.encode()).hexdigest()[:8]
    return run_folder / "references" / dataset.name / f"external-{safe}"


def labels_of(classes: list[str], dataset: Dataset, name: str) -> Tensor | None:
    """(N,) the dataset's classes by their names or numbers; None, with a warning, where one of them is none."""
    index = {text: dataset.class_index(text) for text in dict.fromkeys(classes)}
    unknown = [text for text, k in index.items() if k is None]
    if unknown:
        log.warning(
            "%s: %r is no class of %s (%s); scored without classes.",
            name, unknown[0], dataset.name, ", ".join(dataset.class_names[:20]),
        )  # fmt: skip
        return None
    return torch.tensor([index[text] for text in classes])


def fit(pictures: Stream, dataset: Dataset, name: str) -> Stream:
    """Images in the dataset's shape; whatever has to be changed is warned about.

    Images of the size that the dataset's own had before they were padded are padded as those were.
    """
    channels, *size = dataset.image_shape
    given, *given_size = pictures.image_shape
    padded = dataset.padding > 0 and [side + 2 * dataset.padding for side in given_size] == size
    if given != channels:
        log.warning("%s: %s images were turned into %s.", name, *(("grey", "colour") if channels == 3 else ("colour", "grey")))
    if padded:
        log.info("%s: images were padded to %dx%d, as those of %s are.", name, *size[::-1], dataset.name)
    elif given_size != size:
        log.warning("%s: images of %dx%d were resized to %dx%d (antialiased bicubic).", name, *given_size[::-1], *size[::-1])

    def change(batch: Tensor) -> Tensor:
        batch = images.to_channels(batch, channels)
        if padded:
            batch = F.pad(batch, 4 * (dataset.padding,))
        elif given_size != size:
            batch = F.interpolate(batch.float(), size=size, mode="bicubic", antialias=True).round().clamp(0, 255).byte()
        return batch.contiguous()

    return pictures if pictures.image_shape == dataset.image_shape else pictures.then(change, dataset.image_shape)


def oddities(made: Tensor, real: Tensor) -> list[str]:
    """Signs that images (N, C, H, W) were stored in another way than the reals, whatever they show."""
    if images.are_points(made.shape[1:]):
        return []
    found = []
    level, of_reals = made.float().mean().item(), real.float().mean().item()
    if made.max() <= 1:
        found.append("no value is above 1 of 255; were floats from 0 to 1 cut to whole numbers?")
    elif abs(level - of_reals) > FAR:
        found.append(
            f"the mean level is {level:.0f} of 255, that of the reals {of_reals:.0f}; are they inverted, or of another range?"
        )
    if made.shape[1] == 3 and is_grey(made) and not is_grey(real):
        found.append("all images are grey, and the reals have colours.")
    return found


def is_grey(pictures: Tensor) -> bool:
    return bool((pictures == pictures[:, :1]).all())


def at_least_one(found: Sequence[MetricValue], n: int) -> None:
    """Raises UserError, with the reasons, where no number could be computed of n images."""
    if all(m.value is None for m in found):
        reasons = "; ".join(dict.fromkeys(m.unavailable for m in found if m.unavailable))
        raise UserError(f"no metric can be computed of {n:,} image{'s' * (n != 1)}: {reasons}.")
