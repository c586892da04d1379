"""What a metric is: a pure function of two image sets, the fakes first and the reals second, everywhere."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from gan_bench.core.intervals import NORMAL_95
from gan_bench.images.mixture import Mixture

T = TypeVar("T")


class TooFew(ValueError):
    """The metric needs more images than it got; the text says how many."""


class Sampled(float):
    """A number that was computed from a sample of fakes. The reals count as exact.

    error        the standard error that it has because the fakes are a sample; not a number: it is not known
    least, most  the range that it can have; None: no bound
    shares       (N,) what each fake adds to it, up to a constant: their scatter is the error; None: they are not known
    """

    error: float
    least: float | None
    most: float | None
    shares: Tensor | None

    def __new__(
        cls,
        value: float,
        error: float = math.nan,
        *,
        least: float | None = None,
        most: float | None = None,
        shares: Tensor | None = None,
    ) -> Sampled:
        number = super().__new__(cls, value)
        number.error, number.least, number.most, number.shares = error, least, most, shares
        return number

    @classmethod
    def mean(cls, values: Tensor, *, least: float | None = None, most: float | None = None) -> Sampled:
        """The mean of a number (N,) that each fake has; its error is not known where N is 1."""
        values = values.double()
        error = float(values.std() / len(values) ** 0.5) if len(values) > 1 else math.nan
        return cls(float(values.mean()), error, least=least, most=most, shares=values)

    @classmethod
    def share(cls, hits: Tensor) -> Sampled:
        """The share of fakes (N,) that are true, 0 to 1. Where all are alike, Wilson's interval has a width too."""
        n, sampled = len(hits), cls.mean(hits, least=0, most=1)
        if sampled in (0, 1):
            sampled.error = NORMAL_95 / (n + NORMAL_95**2)
        return sampled


@dataclass(frozen=True)
class MetricInput(abc.ABC):
    """One image set, in the form that a kind of metric takes. It remembers what was computed from it."""

    _known: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many images."""

    def once(self, function: Callable[..., T], *args: Any) -> T:
        """`function(self, *args)`, computed at the first call only: the same reals are compared with many sets of fakes."""
        key = (function, *args)
        if key not in self._known:
            self._known[key] = function(self, *args)
        return self._known[key]


@dataclass(frozen=True)
class Extracted(MetricInput):
    """One image set seen by one extractor.

    features  (N, D) float32
    logits    (N, K) float32; None: the extractor gives none
    labels    (N,) int64: the class of each image, or, of a fake, the class that was asked for; None where none is known
    mixture   of reals that are points: what they were drawn from
    held_out  of reals that are the whole train split: the test split, where a metric needs it
    """

    features: Tensor
    logits: Tensor | None = None
    labels: Tensor | None = None
    mixture: Mixture | None = None
    held_out: Extracted | None = None

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class Pixels(MetricInput):
    """One image set itself.

    images    (N, C, H, W) uint8
    labels    (N,) int64: the class of each image, or, of a fake, the class that was asked for; None where none is known
    held_out  of reals, which are training images: the test split, where a metric needs it
    """

    images: Tensor
    labels: Tensor | None = None
    held_out: Pixels | None = None

    def __len__(self) -> int:
        return len(self.images)


Input = TypeVar("Input", bound=MetricInput)


class BaseMetric(abc.ABC, Generic[Input]):
    """One metric, which may give several numbers. Derive from `Metric` or from `PixelMetric`.

    title    as pages show it
    paper    authors and year of the source
    outputs  name of each number -> whether higher is better
    ranges   name of each number -> the range that it can have, in words, such as "0 to 1", "0 or more" or "any number"
    minimum  fewest images on each side
    needs    what the metric is given: see the two classes
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    outputs: ClassVar[dict[str, bool]]
    ranges: ClassVar[dict[str, str]] = {}
    minimum: ClassVar[int]
    needs: ClassVar[str]

    def __call__(self, fake: Input, real: Input) -> dict[str, float]:
        """The numbers of `outputs`, `Sampled` where their error is known. Raises TooFew."""
        fewest = min(len(fake), len(real))
        if fewest < self.minimum:
            raise TooFew(f"{self.title} needs at least {self.minimum:,} images a side and got {fewest:,}")
        return self.compute(fake, real)

    @abc.abstractmethod
    def compute(self, fake: Input, real: Input) -> dict[str, float]:
        """The numbers of `outputs`; each side has at least `minimum` images. Raises TooFew where that is not enough."""


class Metric(BaseMetric[Extracted]):
    """A metric of features. Its `needs` is one of:

    features    features (N, D), nothing else
    logits      and logits (N, K)
    classifier  logits over the classes of the very dataset that is scored
    condition   those, and fakes that were asked for by class: `labels`
    mixture     features that are points, and reals whose `mixture` is known
    train       features; the reals are the whole train split
    held-out    those, and reals that no generator was trained on: `held_out`, the test split
    """

    needs: ClassVar[str] = "features"


class PixelMetric(BaseMetric[Pixels]):
    """A metric of the images themselves. Its `needs` is one of:

    truth   images, and what each of them should be
    cycle   sources that came back from a translation, and what they were
    lesson  images with `labels`, and reals with theirs to train on, and with `held_out` to test on
    """
