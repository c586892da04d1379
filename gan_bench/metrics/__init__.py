"""Metrics by name. One file each; see `base.Metric` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.registry import Registry

if TYPE_CHECKING:
    from gan_bench.metrics.base import Metric

METRICS: Registry[Metric] = Registry("metric", "gan_bench.metrics", "gan_bench.metrics")
