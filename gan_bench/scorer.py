"""Score image sets: extract features once for each set and extractor, then pure functions of them."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.progress import bar, spinner
from gan_bench.core.remarks import Tell, once_each, to_log
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, LabelledImages, SplitName
from gan_bench.extraction import extract, extract_cached
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor, Unavailable
from gan_bench.images.sets import ImageSet, in_memory
from gan_bench.images.statistics import Classified
from gan_bench.metrics import METRICS, PIXEL_NEEDS
from gan_bench.metrics.base import Extracted, Pixels
from gan_bench.metrics.measured import Against, AnyMetric, Measurement, reasons
from gan_bench.metrics.neighbours import closest
from gan_bench.records import ExtractorInfo, MetricValue, ScoreSpec

log = logging.getLogger(__name__)
Pairs = Mapping[str, tuple[Tensor, Tensor]]
Advance = Callable[[float], None]  # of a progress bar
SPLIT: SplitName = "train"  # the literature compares with the training split
WHOLE = ("train", "held-out")  # needs of metrics that compare with all of it
LOGGED = ("fd", "modes_covered")
POOR = 0.8  # accuracy of a classifier: below it, the records warn of its numbers


def scorer_for(spec: ScoreSpec, device: torch.device, strict: bool = False) -> SetScorer:
    """One scorer, with its real features, for all sets that are scored in this process against the same reals."""
    return _scorer_for(spec.dataset, spec.n_real, spec.extractors, spec.metrics, device, strict)


@cache
def _scorer_for(
    dataset: str, n_real: int, extractors: tuple[str, ...], metrics: tuple[str, ...], device: torch.device, strict: bool
) -> SetScorer:
    return SetScorer(DATASETS.create(dataset), n_real, extractors, metrics, device, strict=strict)


class SetScorer:
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
        self.dataset = dataset
        self.metrics = [METRICS.create(name) for name in metrics]
        self.extractors: list[Extractor] = []
        self.info: dict[str, ExtractorInfo] = {}
        self.warnings: list[str] = list(dataset.warnings)
        for name in extractors:
            self._load(name, device, strict)

        self.split = dataset.open(SPLIT)
        self.real = self.split.subset(n_real, dataset.name, "real", n_real)
        self._real_features: dict[str, Extracted] = {}
        self._train_features: dict[str, Extracted] = {}
        self._lessons: dict[int, Pixels] = {}
        self._classified: tuple[weakref.ref[ImageSet], Classified] | None = None
        self._tell = once_each(to_log(log))

    def score(
        self, fakes: ImageSet, title: str, labels: Tensor | None = None, pairs: Pairs | None = None, tell: Tell | None = None
    ) -> list[MetricValue]:
        """The numbers of `measure` alone, as records keep them."""
        return [number.value for number in self.measure(fakes, title, labels, pairs, tell=tell)]

    def measure(
        self, fakes: ImageSet, title: str, labels: Tensor | None = None, pairs: Pairs | None = None,
        digest: str | None = None, tell: Tell | None = None,
    ) -> list[Measurement]:  # fmt: skip
        """All metrics of images at rest (N, C, H, W), in all extractors. What cannot be computed has no value and says why.

        labels  the classes (N,) that the images were asked to be of, if they were
        pairs   for metrics of pixels, by what they need: uint8 images, and what each of them should be
        digest  of the fakes, where they are likely to be scored again: their features are kept
        tell    who hears what is odd about them; None: the log, each kind of remark once
        """
        tell, numbers = tell or self._tell, []
        with bar(f"{title}: scoring", total=len(self.extractors) * (1 + len(self.metrics))) as advance:
            for extractor in self.extractors:
                numbers += self._score_features(extractor, fakes, title, labels, digest, tell, advance)
        for need, (made, wanted) in (pairs or {}).items():
            numbers += self._score_pixels(need, Pixels(made), Pixels(wanted))
        if labels is not None and not pairs:  # what was made from test images has seen the exam
            numbers += self._score_lessons(fakes, labels)
        for reason, names in reasons(numbers).items():
            tell(logging.WARNING, f"{self.dataset.name}: no {', '.join(names)}: {reason}.")
        return numbers + self._missing(len(fakes))

    def classify(self, images: ImageSet) -> Classified | None:
        """The class of each image at rest (N, C, H, W) by the dataset's own classifier; None: there is none.

        Of the images that were scored last it is known already.
        """
        if self._classified is not None and self._classified[0]() is images:
            return self._classified[1]

        for extractor in self.extractors:
            if extractor.classifies == self.dataset.name:
                self._note_classes(extractor, images, extract(extractor, images, f"classes, {extractor.name}"))
                return self.classify(images)
        return None

    def nearest(self, fakes: Tensor, k: int) -> list[Tensor]:
        """The reals (N, C, H, W) that are nearest to each fake, second nearest, ... up to the k-th.

        In the features of the last extractor that is available: a suite's general ones come after its own classifier.
        """
        extractor = self.extractors[-1]
        real, fake = self._real_of(extractor), extract(extractor, fakes, f"nearest reals, {extractor.name}")
        _, found = closest(fake.features, real.features, k)
        return [in_memory(self.real.images[column]) for column in found.T]

    def _note_classes(self, extractor: Extractor, images: ImageSet, seen: Extracted) -> None:
        if extractor.classifies == self.dataset.name and seen.logits is not None:
            self._classified = weakref.ref(images), Classified(extractor.name, seen.logits.argmax(1))

    def _load(self, name: str, device: torch.device, strict: bool) -> None:
        extractor = EXTRACTORS.create(name)
        try:
            extractor.learn(self.dataset)
            extractor.load(device)
        except Unavailable as reason:
            if strict:
                raise UserError(f"extractor {name!r} is not available: {reason}.") from reason
            self.info[name] = ExtractorInfo(digest=None, unavailable=str(reason))
            self.warnings.append(f"extractor {name!r} is not available: {reason}; its columns stay empty.")
            warn_once(self.warnings[-1])
        else:
            self.extractors.append(extractor)
            self.info[self._label(extractor)] = ExtractorInfo(digest=extractor.digest, accuracy=extractor.accuracy)
            if extractor.accuracy is not None and extractor.accuracy < POOR:
                self.warnings.append(
                    f"{name} gives only {extractor.accuracy:.0%} of the test images their class, so its numbers tell little."
                )
                warn_once(self.warnings[-1])

    def _label(self, extractor: Extractor) -> str:
        return extractor.label(self.dataset.image_shape[1])

    def _score_features(
        self,
        extractor: Extractor,
        fakes: ImageSet,
        title: str,
        labels: Tensor | None,
        digest: str | None,
        tell: Tell,
        advance: Advance,
    ) -> list[Measurement]:
        """The numbers in one extractor; `advance` by 1 after the features, and after each metric."""
        real = self._real_of(extractor)
        fake = replace(extract_cached(extractor, fakes, digest, f"{title}: {extractor.name}"), labels=labels)
        self._note_classes(extractor, fakes, fake)
        if same_set(fake, real):
            odd = f"all features ({extractor.name}) are those of the reals; are these generated images?"
            tell(logging.WARNING, f"{title}: {odd}")

        advance(1)
        numbers = []
        for metric in self.metrics:
            if applies(metric, extractor, self.dataset, fake):
                given = self._train_of(extractor) if metric.needs in WHOLE else real
                with spinner(f"{title}: {metric.title} ({extractor.name})"):
                    against = Against(self._label(extractor), len(fakes), len(given), SPLIT)
                    numbers += against.numbers(metric, fake, given)
            advance(1)
        return numbers

    def _score_pixels(self, need: str, made: Pixels, wanted: Pixels) -> list[Measurement]:
        against = Against("pixels", len(made), len(wanted), "test")
        return [number for m in self.metrics if m.needs == need for number in against.numbers(m, made, wanted)]

    def _score_lessons(self, fakes: ImageSet, labels: Tensor) -> list[Measurement]:
        if not any(metric.needs == "lesson" for metric in self.metrics):
            return []
        return self._score_pixels("lesson", Pixels(in_memory(fakes).cpu(), labels), self._lesson(len(fakes)))

    def _missing(self, n_fake: int) -> list[Measurement]:
        """A Frechet distance without a value for each extractor that is not available."""
        numbers = []
        for name, info in self.info.items():
            if info.unavailable is not None:
                reason = f"extractor {name!r}: {info.unavailable}"
                against = Against(name, n_fake, len(self.real.images), SPLIT)
                numbers += against.missing(METRICS.create("fd"), reason)
        return numbers

    def _real_of(self, extractor: Extractor) -> Extracted:
        if extractor.name not in self._real_features:
            title = f"{self.dataset.name}: reals, {extractor.name}"
            extracted = extract_cached(extractor, self.real.images, self.real.digest, title)
            self._real_features[extractor.name] = replace(extracted, labels=self.real.labels, mixture=self.dataset.mixture)
        return self._real_features[extractor.name]

    def _train_of(self, extractor: Extractor) -> Extracted:
        """The whole train split, with the test split as `held_out` where a metric needs it."""
        if extractor.name not in self._train_features:
            held_out = None
            if any(metric.needs == "held-out" for metric in self.metrics):
                held_out = self._whole(extractor, "test", self.dataset.open("test"))
            train = self._whole(extractor, "train", self.split)
            self._train_features[extractor.name] = replace(train, held_out=held_out)
        return self._train_features[extractor.name]

    def _whole(self, extractor: Extractor, name: SplitName, split: LabelledImages) -> Extracted:
        return extract_cached(extractor, split.images, split.digest, f"{self.dataset.name}: {name} split, {extractor.name}")

    def _lesson(self, n: int) -> Pixels:
        """As many training images as there are fakes, and the test split as an exam."""
        if n not in self._lessons:
            reals, exam = self.split.subset(n, self.dataset.name, "lesson").in_memory(), self.dataset.load("test")
            self._lessons[n] = Pixels(reals.images, reals.labels, held_out=Pixels(exam.images, exam.labels))
        return self._lessons[n]


def applies(metric: AnyMetric, extractor: Extractor, dataset: Dataset, fake: Extracted) -> bool:
    """Whether the metric means something with this extractor on this dataset."""
    if metric.needs in PIXEL_NEEDS:
        return False  # it looks at the images themselves, once
    if metric.needs == "mixture":
        return dataset.mixture is not None
    if metric.needs in ("classifier", "condition"):
        return extractor.classifies == dataset.name and (metric.needs == "classifier" or fake.labels is not None)
    if metric.needs == "logits":
        return fake.logits is not None and extractor.classifies in (None, dataset.name)
    return True


def same_set(fake: Extracted, real: Extracted) -> bool:
    """Whether two sets hold the same features, in whatever order: the moments of different samples are never so close."""
    if len(fake) != len(real):
        return False
    of_fake, of_real = ((x.features.double().mean(0), x.features.double().square().mean(0)) for x in (fake, real))
    return all(torch.allclose(f, r, rtol=1e-6) for f, r in zip(of_fake, of_real, strict=True))


def summary(values: list[MetricValue] | tuple[MetricValue, ...]) -> str:
    """The Frechet distances and counted modes, for the log."""
    return "  ".join(f"{v.name} {v.value:.4g}" for v in values if v.metric in LOGGED and v.value is not None)


@cache
def warn_once(message: str) -> None:
    """Many cells lack the same thing; the user needs to hear it once. What several workers say, the command line shows once."""
    log.warning(message)
