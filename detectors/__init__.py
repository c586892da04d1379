"""Detectors: what tells generated images from real ones. One detector a file; the registry finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.registry import Registry

if TYPE_CHECKING:
    import torch

    from detectors.base import Detector

DETECTORS: Registry[Detector] = Registry("detector", "detectors", "gan_bench.detectors")


def create(name: str, *, seed: int = 0, device: torch.device | None = None) -> Detector:
    """A new, unfitted detector; what follows ":" in `name` is its argument. Raises UserError on an unknown name."""
    kind = DETECTORS.get(name)
    argument = [name.partition(":")[2]] if kind.name.endswith(":") else []
    return kind(*argument, seed=seed, device=device)
