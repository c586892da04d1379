"""Detectors of generated images by name. One file for each detector; see `base.Detector` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.core.contract import text
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.detectors.base import Detector

DETECTORS: Registry[Detector] = Registry("detector", __name__, "gan_bench.detectors", (text("method"),))
