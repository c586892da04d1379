"""Datasets by name. One file each; see `base.Dataset` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.registry import Registry

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset

DATASETS: Registry[Dataset] = Registry("dataset", "gan_bench.datasets", "gan_bench.datasets")
