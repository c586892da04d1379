"""Metrics by name. One file for each metric; see `base.BaseMetric` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gan_bench.core.contract import Attribute, one_of, text, whole
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.metrics.base import BaseMetric

NEEDS = (  # what a metric is given; `base.Metric` and `base.PixelMetric` explain each
    "features", "logits", "classifier", "condition", "mixture", "held-out", "truth", "cycle", "lesson",
)  # fmt: skip


def _are_outputs(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(k, str) and isinstance(v, bool) for k, v in value.items())


CONTRACT = (
    text("title"),
    text("paper"),
    Attribute("outputs", "a dictionary from the name of each number to whether higher is better", _are_outputs),
    whole("minimum", least=1),
    one_of("needs", NEEDS, default="features"),
)
METRICS: Registry[BaseMetric[Any]] = Registry("metric", __name__, "gan_bench.metrics", CONTRACT)
