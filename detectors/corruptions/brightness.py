"""Brightness: all levels shifted, up or down.

The shifts are those of the -C sets, which only brighten and do it to the value in HSV; large images get Tiny-ImageNet-C's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, as_levels, for_side

SHIFTS: Rows[tuple[float, ...]] = ((0.05, 0.1, 0.15, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4, 0.5), (0.1, 0.2, 0.3, 0.4, 0.5))


@CORRUPTIONS.register
class Brightness(DrawnCorruption):
    """The same number added everywhere."""

    name = "brightness"
    title = "brightened or darkened, at random, more and more"
    n_draws = 1

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """What is added, where white is 1."""
        sign = 1 if draws[0] < 0.5 else -1
        return {"shift": sign * for_side(SHIFTS, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Add, round and clip."""
        return as_levels(image + 255 * float(parameters["shift"]))
