"""Score image sets: extract features once per (images, extractor), then pure functions of them."""

from __future__ import annotations

import hashlib
import logging
import math
import multiprocessing
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_bench import BENCHMARK_VERSION
from gan_bench.datasets.base import Dataset, SplitName
from gan_bench.device import inference_batch
from gan_bench.errors import UserError
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor, Unavailable
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled, TooFew
from gan_bench.paths import cache_folder
from gan_bench.progress import bar, spinner
from gan_bench.records import ExtractorInfo, Interval, MetricValue, atomic_path
from gan_bench.streams import Pictures, in_memory

log = logging.getLogger(__name__)
Pairs = Mapping[str, tuple[Tensor, Tensor]]
NORMAL_95 = 1.96
SPLIT: SplitName = "train"  # the literature compares with the training split


class Scorer:
    """The real side of one dataset, ready to score any number of image sets against.

    Extractors whose weights are missing are warned about once and kept as unavailable; with `strict` they are a UserError.
    """

    def __init__(
        self,
        dataset: Dataset,
        n_real: int,
        extractors: tuple[str, ...],
        metrics: tuple[str, ...],
        device: torch.device,
        *,
        strict: bool = False,
    ) -> None:
        self.dataset, self.device = dataset, device
        self.metrics = [METRICS.create(name) for name in metrics]
        self.extractors: list[Extractor] = []
        self.info: dict[str, ExtractorInfo] = {}
        self.warnings: list[str] = []
        side = dataset.image_shape[1]
        for name in extractors:
            extractor = EXTRACTORS.create(name)
            try:
                extractor.load(device)
            except Unavailable as reason:
                if strict:
                    raise UserError(f"extractor {name!r} is not available: {reason}.") from reason
                self.info[name] = ExtractorInfo(digest=None, unavailable=str(reason))
                self.warnings.append(f"extractor {name!r} is not available: {reason}; its columns stay empty.")
                warn_once(self.warnings[-1])
                continue
            self.extractors.append(extractor)
            self.info[extractor.label(side)] = ExtractorInfo(digest=extractor.digest)
        self.split = dataset.stills(SPLIT)
        self.real = self.split.subset(n_real, dataset.name, "real", n_real)
        self._real_features: dict[str, Extracted] = {}
        self._lessons: dict[int, Extracted] = {}

    def score(
        self,
        fakes: Pictures,
        title: str,
        labels: Tensor | None = None,
        pairs: Pairs | None = None,
        digest: str | None = None,
    ) -> list[MetricValue]:
        """All metrics of images at rest (N, C, H, W), in all extractors. What cannot be computed has no value and says why.

        labels  the classes (N,) that the images were asked to be of, if they were
        pairs   for metrics of pixels, by what they need: uint8 images, and what each of them should be
        digest  of the fakes, where they are likely to be scored again: their features are kept
        """
        values = []
        n_real = len(self.real.images)
        for extractor in self.extractors:
            real = self._real_of(extractor)
            found = extract_cached(extractor, fakes, digest, f"{title}: {extractor.name}")
            fake = replace(found, labels=labels)
            if same_set(fake, real):
                log.warning(
                    "%s: the features (%s) are those of the reals, one and all; are these generated images?",
                    title,
                    extractor.name,
                )
            against = Against(extractor.label(self.dataset.image_shape[1]), len(fakes), n_real, SPLIT)
            for metric in self.metrics:
                if applies(metric, extractor, self.dataset, fake):
                    with spinner(f"{title}: {metric.title} ({extractor.name})"):
                        values += against.values(metric, fake, real)
        for need, (made, wanted) in (pairs or {}).items():
            against = Against("pixels", len(made), len(wanted), "test")
            pair = Extracted(made.float()), Extracted(wanted.float())
            values += [value for metric in self.metrics if metric.needs == need for value in against.values(metric, *pair)]
        lessons = [metric for metric in self.metrics if metric.needs == "lesson"]
        if lessons and labels is not None and not pairs:  # what was made from test images has seen the exam
            fake = Extracted(in_memory(fakes), labels=labels)
            lesson = self._lesson(len(fakes))
            against = Against("pixels", len(fakes), len(lesson), "test")
            values += [value for metric in lessons for value in against.values(metric, fake, lesson)]
        for name, info in self.info.items():
            if info.unavailable is not None:
                reason = f"extractor {name!r}: {info.unavailable}"
                values += Against(name, len(fakes), n_real, SPLIT).missing(METRICS.create("fd"), reason)
        return values

    def _real_of(self, extractor: Extractor) -> Extracted:
        if extractor.name not in self._real_features:
            title = f"{self.dataset.name} reals: {extractor.name}"
            extracted = extract_cached(extractor, self.real.images, self.real.digest, title)
            self._real_features[extractor.name] = replace(
                extracted, labels=self.real.labels, mixture=self.dataset.mixture, held_out=self._held_out(extractor)
            )
        return self._real_features[extractor.name]

    def _lesson(self, n: int) -> Extracted:
        """As many training images as there are fakes, and the test split as an exam."""
        if n not in self._lessons:
            reals, exam = self.split.subset(n, self.dataset.name, "lesson").in_memory(), self.dataset.load("test")
            held_out = Extracted(exam.images, labels=exam.labels)
            self._lessons[n] = Extracted(reals.images, labels=reals.labels, held_out=held_out)
        return self._lessons[n]

    def nearest(self, fakes: Tensor, k: int) -> list[Tensor]:
        """The reals (N, C, H, W) that are nearest to each fake, second nearest, ... up to the k-th.

        In the features of the last extractor that is available: a suite's general ones come after its own classifier.
        """
        extractor = self.extractors[-1]
        real, fake = self._real_of(extractor), extract(extractor, fakes, f"nearest reals: {extractor.name}")
        found = torch.cdist(fake.features, real.features).topk(k, largest=False).indices  # (N, k)
        return [in_memory(self.real.images[column]) for column in found.T]

    def _held_out(self, extractor: Extractor) -> Extracted | None:
        """The test split, as many images as reals at most, where a metric needs it."""
        if not any(metric.needs == "held-out" for metric in self.metrics):
            return None
        test = self.dataset.stills("test").subset(len(self.real.images), self.dataset.name, "held out")
        return extract_cached(extractor, test.images, test.digest, f"{self.dataset.name} held-out reals: {extractor.name}")


def same_set(fake: Extracted, real: Extracted) -> bool:
    """Whether two sets hold the same features, in whatever order: the moments of different samples are never so close."""
    if len(fake) != len(real):
        return False
    of_fake, of_real = ((x.features.double().mean(0), x.features.double().square().mean(0)) for x in (fake, real))
    return all(torch.allclose(f, r, rtol=1e-6) for f, r in zip(of_fake, of_real, strict=True))


class Against(NamedTuple):
    """What values are measured in, on how many images, against what: the part of their names that they share."""

    extractor: str
    n_fake: int
    n_real: int
    split: str

    def values(self, metric: Metric, fake: Extracted, real: Extracted) -> list[MetricValue]:
        try:
            found = metric(fake, real)
        except TooFew as reason:
            log.warning("%s (%s): %s.", metric.name, self.extractor, reason)
            return self.missing(metric, str(reason))
        return [
            self.value(metric, output, value=float(value), interval=interval_of(value))
            if math.isfinite(value)
            else self.value(metric, output, unavailable="it is not a finite number for these images")
            for output, value in found.items()
        ]

    def missing(self, metric: Metric, reason: str) -> list[MetricValue]:
        return [self.value(metric, output, unavailable=reason) for output in metric.outputs]

    def value(self, metric: Metric, output: str, **found: Any) -> MetricValue:
        """`found`: value and interval, or why there is none."""
        name = f"{output}_{self.extractor}_{short_count(self.n_fake)}"
        found = {"value": None, **found}
        return MetricValue(name=name, metric=output, higher_is_better=metric.outputs[output], **self._asdict(), **found)


def interval_of(value: float) -> Interval | None:
    """Of a number whose error over the fakes is known: where it would lie for other fakes of the same generator.

    None where all fakes are alike in it: a share of 0 among n is no proof of a share of 0.
    """
    if not isinstance(value, Sampled) or not (math.isfinite(value.error) and value.error > 0):
        return None
    half = NORMAL_95 * value.error
    return Interval(low=value - half, high=value + half, method="95 % normal interval over samples, the reals as they are")


@cache
def warn_once(message: str) -> None:
    """Two datasets lack the same weights; the user needs to hear it once, and not from every worker again."""
    if multiprocessing.parent_process() is None:
        log.warning(message)


def applies(metric: Metric, extractor: Extractor, dataset: Dataset, fake: Extracted) -> bool:
    """Whether the metric means something with this extractor on this dataset."""
    if metric.needs in ("truth", "cycle", "lesson"):
        return False  # it looks at the images themselves, once
    if metric.needs == "mixture":
        return dataset.mixture is not None
    if metric.needs in ("classifier", "condition"):
        return extractor.classifies == dataset.name and (metric.needs == "classifier" or fake.labels is not None)
    if metric.needs == "logits":
        return fake.logits is not None and extractor.classifies in (None, dataset.name)
    return True


def short_count(n: int) -> str:
    """5000 -> "5k", 256 -> "256"."""
    return f"{n // 1000}k" if n >= 1000 and n % 1000 == 0 else str(n)


@torch.inference_mode()
def extract(extractor: Extractor, pictures: Pictures, title: str) -> Extracted:
    """Features of images at rest (N, C, H, W), in float32, on the CPU when done."""
    features: Tensor | None = None
    logits: Tensor | None = None
    done = 0
    full_float32 = torch.backends.cudnn.flags(allow_tf32=False)
    with full_float32, bar(title, total=len(pictures), unit="images") as advance:
        for batch in pictures.split(inference_batch(extractor.device)):
            f, k = extractor(batch.to(extractor.device))
            if features is None:  # whole at once: pieces kept between batches would leave holes that nothing fits into
                features = torch.empty(len(pictures), f.shape[1])
                logits = None if k is None else torch.empty(len(pictures), k.shape[1])
            features[done : done + len(batch)] = f
            if logits is not None and k is not None:
                logits[done : done + len(batch)] = k
            done += len(batch)
            advance(len(batch))
    assert features is not None, "a set has at least one image"
    return Extracted(features, logits)


def extract_cached(extractor: Extractor, pictures: Pictures, digest: str | None, title: str) -> Extracted:
    """`extract`, kept on disk by the digests of the images and of the weights, and by the version of the rules.

    Images without a digest are not kept: the samples of every training would fill the disk.
    """
    if digest is None:
        return extract(extractor, pictures, title)
    key = hashlib.sha256(f"{digest} {extractor.name} {extractor.digest} {BENCHMARK_VERSION}".encode()).hexdigest()[:32]
    file = cache_folder() / "features" / f"{key}.safetensors"
    if file.exists():
        try:
            found = load_file(file)
            return Extracted(found["features"], found.get("logits"))
        except (SafetensorError, KeyError, OSError):
            log.warning("%s is damaged; extracting again.", file)
    extracted = extract(extractor, pictures, title)
    _remember(extracted, file)
    return extracted


def _remember(extracted: Extracted, file: Path) -> None:
    tensors = {"features": extracted.features} | ({} if extracted.logits is None else {"logits": extracted.logits})
    with atomic_path(file) as temporary:
        save_file(tensors, temporary)
