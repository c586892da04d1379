"""Contrast: every level moved towards the mean of its channel in the image.

The factors are those of the -C sets; large images get Tiny-ImageNet-C's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, as_levels, for_side

FACTORS: Rows[tuple[float, ...]] = ((0.75, 0.5, 0.4, 0.3, 0.15), (0.4, 0.3, 0.2, 0.1, 0.05), (0.4, 0.3, 0.2, 0.1, 0.05))


@CORRUPTIONS.register
class Contrast(DrawnCorruption):
    """Smaller differences from the mean."""

    name = "contrast"
    title = "contrast lowered more and more"

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """What the differences from the mean are multiplied by."""
        return {"factor": for_side(FACTORS, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Shrink the differences and round."""
        mean = image.mean((0, 1), keepdims=True)
        return as_levels(mean + (image - mean) * float(parameters["factor"]))
