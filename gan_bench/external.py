"""Score images that somebody else made."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench import images, suites
from gan_bench.budget import Preset
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.datasets.folder import read_images
from gan_bench.errors import UserError
from gan_bench.records import ReferenceRecord, ReferenceSpec, spec_hash
from gan_bench.references import Reference
from gan_bench.run import record_reference, scorer_for
from gan_bench.seeds import stream

log = logging.getLogger(__name__)


def score_path(
    path: Path, dataset_name: str, preset: Preset, *, n: int | None, extractors: list[str] | None, metrics: list[str] | None,
    device: torch.device, strict: bool, name: str | None, run_folder: Path | None,
) -> ReferenceRecord:  # fmt: skip
    """Score the images at `path` against a dataset; with `name` and `run_folder` also put them among that run's rows.

    Raises UserError for whatever is wrong with the images, and when there are fewer than `n`.
    """
    dataset = DATASETS.create(dataset_name)
    pictures = read_images(path)
    if n is not None and len(pictures) < n:
        raise UserError(f"{path} holds {len(pictures):,} images and {n:,} were asked for.")
    if n is not None:
        chosen = torch.randperm(len(pictures), generator=stream(0, "external"))[:n].sort().values
        pictures = pictures[chosen]
    pictures = as_dataset(pictures, dataset, path)
    by_extractors, by_metrics = suites.measured_by(dataset_name, extractors, metrics)
    spec = ReferenceSpec(
        dataset=dataset_name, name=name or str(path), preset=preset.name, n_fake=len(pictures), n_real=preset.n_real,
        extractors=by_extractors, metrics=by_metrics, samples_digest=images.digest(pictures),
    )  # fmt: skip
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, spec.metrics, device, strict)
    row = Reference(f"scored from {path.name}", pictures)
    if name is None or run_folder is None:
        return record_reference(spec, row, scorer, None, device, external=True)
    if not (run_folder / "plan.json").is_file():
        raise UserError(f"{run_folder} is no run folder; it has no plan.json.")
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or spec_hash(spec)[:8]
    folder = run_folder / "references" / dataset_name / f"external-{safe}"
    return record_reference(spec, row, scorer, folder, device, external=True)


def as_dataset(pictures: Tensor, dataset: Dataset, path: Path | str) -> Tensor:
    """Images in the dataset's shape; whatever had to be changed is warned about."""
    channels, *size = dataset.image_shape
    if pictures.shape[1] != channels:
        log.warning("%s: %s images were turned into %s.", path, *(("grey", "colour") if channels == 3 else ("colour", "grey")))
        pictures = images.to_channels(pictures, channels)
    if list(pictures.shape[2:]) != size:
        log.warning(
            "%s: images of %dx%d were resized to %dx%d (antialiased bicubic).", path, *pictures.shape[:1:-1], *size[::-1]
        )
        batches = (F.interpolate(b.float(), size=size, mode="bicubic", antialias=True) for b in pictures.split(500))
        pictures = torch.cat([b.round().clamp(0, 255).to(torch.uint8) for b in batches])
    return pictures.contiguous()
