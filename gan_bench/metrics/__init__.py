"""Metrics by name. One file for each metric; see `base.BaseMetric` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gan_bench.core.contract import Attribute, one_of, text, whole
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.metrics.base import BaseMetric

# What a metric is given; `base.Metric` explains the first, `base.PixelMetric` the others.
FEATURE_NEEDS = ("features", "logits", "classifier", "condition", "mixture", "train", "held-out")
PIXEL_NEEDS = ("truth", "cycle", "lesson")


def _are_outputs(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(k, str) and isinstance(v, bool) for k, v in value.items())


def _are_ranges(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for item in value.items() for text in item)


def _wrong_class(kind: type[Any]) -> str | None:
    """A metric of features that asks for pixels, or the reverse, as the rest of a sentence."""
    from gan_bench.metrics.base import PixelMetric

    needs = getattr(kind, "needs", None)
    if issubclass(kind, PixelMetric) == (needs in PIXEL_NEEDS):
        return None
    base, wanted = ("PixelMetric", PIXEL_NEEDS) if issubclass(kind, PixelMetric) else ("Metric", FEATURE_NEEDS)
    return f"has needs = {needs!r}; that of a {base} is one of {', '.join(wanted)}"


CONTRACT = (
    text("title"),
    text("paper"),
    Attribute("outputs", "a dictionary from the name of each number to whether higher is better", _are_outputs),
    Attribute("ranges", "a dictionary from the name of each number to its range, in words", _are_ranges, default={}),
    whole("minimum", least=1),
    one_of("needs", (*FEATURE_NEEDS, *PIXEL_NEEDS), default="features"),
)
METRICS: Registry[BaseMetric[Any]] = Registry("metric", __name__, "gan_bench.metrics", CONTRACT, _wrong_class)
