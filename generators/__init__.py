"""GAN recipes by name. One variant a file; see `base.Variant` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.registry import Registry

if TYPE_CHECKING:
    from generators.base import Variant

VARIANTS: Registry[Variant] = Registry("variant", "generators", "gan_bench.variants")
