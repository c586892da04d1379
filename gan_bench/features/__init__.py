"""Feature extractors by name. One file each; see `base.Extractor` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.registry import Registry

if TYPE_CHECKING:
    from gan_bench.features.base import Extractor

EXTRACTORS: Registry[Extractor] = Registry("extractor", "gan_bench.features", "gan_bench.extractors")
