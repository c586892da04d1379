"""The samples of cells and reference rows: whether they are those of the record, and every number computed from them again."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.errors import UserError, first_line
from gan_bench.images import convert
from gan_bench.images.statistics import statistics_of
from gan_bench.images.stored import Stored, open_npz
from gan_bench.pairs import Pair
from gan_bench.records import (
    CellRecord,
    ExtractorInfo,
    Interval,
    MetricValue,
    ReferenceRecord,
    Statistics,
    read_contents,
)
from gan_bench.run_folder import SAMPLES, SHOWN
from gan_bench.scorer import SetScorer, scorer_for
from gan_bench.verify.ledger import Sheet
from gan_bench.verify.tolerances import ENDS, other_statistics, same_interval, same_value, slack

Scored = CellRecord | ReferenceRecord
DAMAGED = (zipfile.BadZipFile, OSError, ValueError, EOFError, KeyError)
EXACT = ("metric", "extractor", "higher_is_better", "n_fake", "n_real", "split", "least", "most")


class Samples(NamedTuple):
    """What lies in a file of samples: images at rest (N, C, H, W), and their classes (N,) if they were asked to have some."""

    images: Tensor
    labels: Tensor | None


class Given(NamedTuple):
    """What the record's own spec says of its samples, so that nobody has to believe the file.

    labels   (N,) the classes that were asked for, or those of the source images
    truth    (N, C, H, W) uint8, what the samples should be
    cycle    what comes back from the samples, and the sources that it should be
    lacking  needs of metrics -> why they cannot be met
    """

    labels: Tensor | None = None
    truth: Tensor | None = None
    cycle: Pair | None = None
    lacking: Mapping[str, str] = {}


def read_samples(path: Path, image_shape: tuple[int, int, int], most: int) -> Samples:
    """The kept samples. Raises UserError, which names the file, where they are not `most` images of this shape, or fewer.

    Their headers are read first, so that a small file cannot fill the memory.
    """
    try:
        stored, classes = open_npz(path)
        _check_form(stored, image_shape, most)
        if classes is not None and classes.shape != stored.shape[:1]:
            raise UserError(f"found labels of shape {classes.shape} for {stored.shape[0]:,} images")
        with np.load(path, allow_pickle=False) as arrays:
            images = torch.from_numpy(arrays["images"])
            return Samples(images, None if classes is None else torch.from_numpy(arrays["labels"]))
    except DAMAGED as error:
        raise UserError(f"{path} does not hold samples ({first_line(error).rstrip('.')}).") from error


def _check_form(stored: Stored, image_shape: tuple[int, int, int], most: int) -> None:
    wanted = torch.float32 if convert.are_points(image_shape) else torch.uint8
    n, *shape = stored.shape
    if stored.dtype != wanted or tuple(shape) != image_shape or not 0 < n <= most:
        found = f"{stored.dtype} {stored.shape}".removeprefix("torch.")
        raise UserError(f"{found} are not images of shape {image_shape}, {most:,} at most")


def check_samples(sheet: Sheet, record: Scored, folder: Path, image_shape: tuple[int, int, int]) -> Samples | None:
    """The kept samples; None where they cannot be read. Their digest must be the record's."""
    with sheet.attempt("samples", SAMPLES):
        samples = read_samples(folder / SAMPLES, image_shape, record.spec.n_fake)
        sheet.compare("samples", SAMPLES, record.samples_digest, convert.digest(samples.images))
        return samples
    return None


def scorer_of(sheet: Sheet, record: Scored, device: torch.device) -> SetScorer | None:
    """What scored them, with the same reals and weights; None, which is said, where it cannot be had or is another."""
    try:
        scorer = scorer_for(record.spec, device)
    except UserError as error:
        sheet.skip("metrics", str(error))
        return None

    same = sheet.compare("records", "dataset_digest", record.dataset_digest, scorer.split.digest)
    for name, info in record.extractors.items():
        here = scorer.info.get(name)
        if info.digest is not None and here is not None and here.digest is not None:
            same &= sheet.compare("records", f"digest of extractor {name}", info.digest, here.digest)
    return scorer if same else None


def check_metrics(sheet: Sheet, record: Scored, images: Tensor, given: Given, scorer: SetScorer) -> None:
    """Compute every number of the record again, with its interval."""
    pairs: dict[str, Pair] = {} if given.truth is None else {"truth": (images, given.truth)}
    if given.cycle is not None:
        pairs["cycle"] = given.cycle
    found = {value.name: value for value in scorer.score(images, sheet.file, given.labels, pairs)}
    reasons = {metric.needs: given.lacking.get(metric.needs) for metric in scorer.metrics}
    lacking = {output: reasons[metric.needs] for metric in scorer.metrics for output in metric.outputs}
    here, there = _unavailable(scorer.info), _unavailable(record.extractors)

    for recorded in record.metrics:
        again, extractor = found.pop(recorded.name, None), _plain(recorded.extractor)
        reason = lacking.get(recorded.metric)
        if recorded.value is None and extractor in there:
            continue  # it claims nothing
        if extractor in here:
            sheet.skip(recorded.name, f"extractor {extractor!r} is not available here: {here[extractor]}")
        elif again is None and reason is not None:
            sheet.skip(recorded.name, reason)
        elif again is None:
            sheet.differs("metrics", recorded.name, recorded.value, "cannot be computed of these samples")
        else:
            _compare(sheet, recorded, again)

    for again in found.values():
        if _plain(again.extractor) not in here | there:
            sheet.differs("metrics", again.name, "not in the record", again.value)


def check_statistics(sheet: Sheet, folder: Path, images: Tensor, scorer: SetScorer) -> None:
    """Compute the statistics of the kept samples again; runs of earlier versions kept none."""
    file, dataset = folder / SHOWN["statistics"], scorer.dataset
    if not file.exists():
        return
    with sheet.attempt("samples", file.name):
        contents = read_contents(file, Statistics)
        again = statistics_of(images, dataset.mixture, dataset.class_names, scorer.classify(images))
        other = other_statistics(contents.record, again) + ["content_digest"] * contents.edited
        sheet.compare("samples", file.name, "those of the samples", f"others: {', '.join(other)}", agrees=not other)


def _unavailable(extractors: Mapping[str, ExtractorInfo]) -> dict[str, str]:
    """The extractors that could not be used, and why."""
    return {_plain(name): info.unavailable for name, info in extractors.items() if info.unavailable is not None}


def _plain(extractor: str) -> str:
    """The name without the size to which images are resized for it."""
    return extractor.partition("@")[0]


def _compare(sheet: Sheet, recorded: MetricValue, found: MetricValue) -> None:
    """One number, and what is said about it. The first thing that differs is told."""
    off = slack(found)
    for name in EXACT:
        if getattr(recorded, name) != getattr(found, name):
            sheet.differs("metrics", f"{recorded.name}: {name}", getattr(recorded, name), getattr(found, name))
            return

    if same_value(recorded.value, found.value, off):
        same = same_interval(recorded.interval, found.interval, ENDS * off)
        sheet.compare("metrics", f"{recorded.name}: interval", _ends(recorded.interval), _ends(found.interval), same)
    else:
        sheet.differs("metrics", recorded.name, recorded.value, found.value)


def _ends(interval: Interval | None) -> str:
    """An interval in a table."""
    return "none" if interval is None else f"[{interval.low:.6g}, {interval.high:.6g}], {interval.method}"
