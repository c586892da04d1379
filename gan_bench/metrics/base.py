"""What a metric is: a pure function of two extracted image sets, fake first, real second, everywhere."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from torch import Tensor

from gan_bench.mixture import Mixture

T = TypeVar("T")


class TooFew(ValueError):
    """The metric needs more images than it got; the text says how many."""


class Sampled(float):
    """A number with `error`, the standard error that it has because the fakes are a sample. The reals are taken as they are."""

    error: float

    def __new__(cls, value: float, error: float) -> Sampled:
        number = super().__new__(cls, value)
        number.error = error
        return number

    @classmethod
    def mean(cls, values: Tensor) -> Sampled:
        """The mean of a number (N,) that each fake has."""
        values = values.double()
        return cls(float(values.mean()), float(values.std() / len(values) ** 0.5) if len(values) > 1 else float("nan"))


@dataclass(frozen=True)
class Extracted:
    """One image set seen by one extractor: features (N, D) float32, logits (N, K) or None.

    labels    (N,) int64: the class of each image, or, of a fake, the class that was asked for; None where none is known
    mixture   of reals that are points: what they were drawn from
    held_out  of reals, which are training images: the test split, where a metric needs it
    """

    features: Tensor
    logits: Tensor | None = None
    labels: Tensor | None = None
    mixture: Mixture | None = None
    held_out: Extracted | None = None
    _known: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.features)

    def once(self, function: Callable[..., T], *args: Any) -> T:
        """`function(self, *args)`, computed at the first call: the reals meet many sets of fakes."""
        key = (function, *args)
        if key not in self._known:
            self._known[key] = function(self, *args)
        return self._known[key]


class Metric(abc.ABC):
    """One metric, which may yield several numbers.

    outputs      name of each number -> whether higher is better
    minimum      fewest images a side
    needs        "features"; "logits"; "classifier": logits over the classes of the very dataset that is scored;
                 "condition": that, and fakes that were asked for by class; "truth": images, and what each should be;
                 "cycle": sources that came back from a translation, and what they were; "mixture": points of a known one;
                 "held-out": features, also of reals that no generator was trained on;
                 "lesson": images with classes, and reals with theirs to teach by and to examine with
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    outputs: ClassVar[dict[str, bool]]
    minimum: ClassVar[int]
    needs: ClassVar[str] = "features"

    def __call__(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """The numbers of `outputs`, `Sampled` where their error is known. Raises TooFew."""
        fewest = min(len(fake), len(real))
        if fewest < self.minimum:
            raise TooFew(f"{self.title} needs at least {self.minimum:,} images a side and got {fewest:,}")
        return self.compute(fake, real)

    @abc.abstractmethod
    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]: ...
