"""Numbers as records keep them: a metric's outputs with their names, counts and intervals, or why there is none."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import Tensor

from gan_bench.core.intervals import interval as interval_within
from gan_bench.metrics.base import BaseMetric, MetricInput, Sampled, TooFew
from gan_bench.records import Interval, MetricValue, short_count

METHOD = "95 % interval over samples, within the range of the number, the reals as they are"
AnyMetric = BaseMetric[Any]


class Measurement(NamedTuple):
    """A number, and what each fake (N,) adds to it, up to a constant; None: that is not known."""

    value: MetricValue
    shares: Tensor | None


class Against(NamedTuple):
    """What values are measured in, on how many images, against what: the part of their names that they share."""

    extractor: str
    n_fake: int
    n_real: int
    split: str

    def numbers(self, metric: AnyMetric, fake: MetricInput, real: MetricInput) -> list[Measurement]:
        """The metric's numbers; one that is not finite has no value."""
        try:
            found = metric(fake, real)
        except TooFew as reason:
            return self.missing(metric, str(reason))
        return [
            self._number(metric, output, value)
            if math.isfinite(value)
            else self._number(metric, output, None, "it is not a finite number for these images")
            for output, value in found.items()
        ]

    def missing(self, metric: AnyMetric, reason: str) -> list[Measurement]:
        """The metric's numbers without values, and why."""
        return [self._number(metric, output, None, reason) for output in metric.outputs]

    def _number(self, metric: AnyMetric, output: str, value: float | None, unavailable: str | None = None) -> Measurement:
        known: dict[str, Any] = {}
        if isinstance(value, Sampled):
            known = {"least": value.least, "most": value.most, "interval": interval_of(value)}
        recorded = MetricValue(
            name=f"{output}_{self.extractor}_{short_count(self.n_fake)}", metric=output,
            higher_is_better=metric.outputs[output], **self._asdict(),
            value=None if value is None else float(value), unavailable=unavailable,
            **known,
        )  # fmt: skip
        return Measurement(recorded, value.shares if isinstance(value, Sampled) else None)


def reasons(numbers: list[Measurement]) -> dict[str, list[str]]:
    """Why numbers have no value -> their names."""
    found: dict[str, list[str]] = {}
    for value, _ in numbers:
        if value.unavailable is not None:
            found.setdefault(value.unavailable, []).append(value.name)
    return found


def interval_of(value: Sampled) -> Interval | None:
    """Of a number whose error over the fakes is known: where it would lie for other fakes of the same generator.

    None where the error is 0: all fakes are alike in it, which is no proof that others are.
    """
    if not (math.isfinite(value.error) and value.error > 0):
        return None
    low, high = interval_within(value, value.error, value.least, value.most)
    return Interval(low=low, high=high, method=METHOD)
