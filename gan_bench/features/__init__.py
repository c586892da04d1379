"""Feature extractors by name. One file for each extractor; see `base.Extractor` for the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gan_bench.core.contract import text
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.features.base import Extractor

CONTRACT = (text("classifies", default=None), replace(text("digest"), listed=False))
EXTRACTORS: Registry[Extractor] = Registry("extractor", __name__, "gan_bench.extractors", CONTRACT)
