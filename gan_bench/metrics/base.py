"""What a metric is: a pure function of two extracted image sets, fake first, real second, everywhere."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor


class TooFew(ValueError):
    """The metric needs more images than it got; the text says how many."""


@dataclass(frozen=True)
class Extracted:
    """One image set seen by one extractor: features (N, D) float32, logits (N, K) or None."""

    features: Tensor
    logits: Tensor | None = None

    def __len__(self) -> int:
        return len(self.features)


class Metric(abc.ABC):
    """One metric, which may yield several numbers.

    outputs      name of each number -> whether higher is better
    minimum      fewest images a side
    needs        "features", "logits", or "classifier": logits over the classes of the very dataset that is scored
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    outputs: ClassVar[dict[str, bool]]
    minimum: ClassVar[int]
    needs: ClassVar[str] = "features"

    def __call__(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """The numbers of `outputs`. Raises TooFew."""
        fewest = min(len(fake), len(real))
        if fewest < self.minimum:
            raise TooFew(f"{self.title} needs at least {self.minimum:,} images a side and got {fewest:,}")
        return self.compute(fake, real)

    @abc.abstractmethod
    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]: ...
