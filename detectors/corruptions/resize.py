"""Shrinking and enlarging back, both with Pillow's bicubic filter, which averages where it shrinks.

The scales are those of the -C sets' "pixelate", which uses a box filter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL.Image import Resampling

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, for_side, from_picture, to_picture

SCALES: Rows[tuple[float, ...]] = ((0.95, 0.9, 0.85, 0.75, 0.65), (0.9, 0.8, 0.7, 0.6, 0.5), (0.75, 0.5, 0.375, 0.25, 0.125))


@CORRUPTIONS.register
class Resize(DrawnCorruption):
    """Fewer pixels, then as many as before."""

    name = "resize"
    title = "shrunk to a smaller and smaller side and enlarged back"

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The side in between, as a share of the image's."""
        return {"scale": for_side(SCALES, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Shrink and enlarge."""
        return resized_back(image, float(parameters["scale"]))


def resized_back(image: np.ndarray, scale: float) -> np.ndarray:
    """uint8 (H, W, C) -> the same after a time with sides of `scale` < 1 times its own, at least a pixel shorter."""
    height, width = image.shape[:2]
    small = to_picture(image).resize((_shorter(width, scale), _shorter(height, scale)), Resampling.BICUBIC)
    return from_picture(small.resize((width, height), Resampling.BICUBIC))


def _shorter(length: int, scale: float) -> int:
    return max(1, min(length - 1, round(length * scale)))
