"""Corruptions by name: what is done to images before a detector sees them. One file for each; see `base.Corruption`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.core.contract import text, whole
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.detectors.corruptions.base import Corruption

CORRUPTIONS: Registry[Corruption] = Registry(
    "corruption", __name__, "gan_bench.corruptions", (text("title"), whole("most", 1, 5))
)
