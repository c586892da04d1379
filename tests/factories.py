"""Small objects for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_bench.budget import Budget
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.records import CellSpec

SUITE = """
title = "Mine"
datasets = ["shapes"]
variants = ["dcgan"]
extractors = ["raw"]
metrics = ["fd"]
detectors = []
headline = "fd_raw"
"""
REPEATABLE, FULL_FLOAT32 = (True, True, True), (True, True, False)  # what `cudnn_flags` gives in contexts of gan_bench.device


def cell_spec(**changes: Any) -> CellSpec:
    fields: dict[str, Any] = {
        "dataset": "shapes", "variant": "dcgan", "seed": 0, "preset": "smoke", "budget": Budget(tflop=0.002),
        "n_fake": 120, "n_real": 200, "extractors": ("raw",), "metrics": ("fd",),
        "settings": VARIANTS.get("dcgan").default_settings(8),
    }  # fmt: skip
    return CellSpec(**{**fields, **changes})


def small(
    name: str, image_shape: tuple[int, int, int] = (3, 32, 32), seed: int = 0, device: str = "cpu", **settings: Any
) -> Variant:  # fmt: skip
    """A narrow variant."""
    kind = VARIANTS.get(name)
    chosen = kind.settings_type(**{**kind.default_settings(8), "batch_size": 8, **settings})
    return kind(image_shape, 10, chosen, seed=seed, device=torch.device(device))


def cudnn_flags() -> tuple[bool, bool, bool]:
    """How convolutions on a GPU are computed now: by cuDNN, in a fixed order, with TF32."""
    cudnn = torch.backends.cudnn
    return cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32


def noting_cudnn(function: Callable[..., Any], seen: list[tuple[bool, bool, bool]]) -> Callable[..., Any]:
    """The function, which adds to `seen` what `cudnn_flags` gives when it is called."""

    def call(*arguments: Any) -> Any:
        seen.append(cudnn_flags())
        return function(*arguments)

    return call


def load_samples(path: Path) -> Tensor:
    """The images of a file of samples."""
    with np.load(path, allow_pickle=False) as data:
        return torch.from_numpy(data["images"])
