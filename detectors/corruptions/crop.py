"""Cropping and resizing back, with Pillow's bicubic filter.

No -C set crops. The shares are those of the grid for large images in use for detectors (5 to 20 % in Frank et al. 2020,
"Leveraging Frequency Analysis for Deep Fake Image Recognition", taken on to 30 %). They are relative, so they fit all sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL.Image import Resampling

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, from_picture, to_picture

MARGINS = (0.05, 0.1, 0.15, 0.2, 0.3)


@CORRUPTIONS.register
class Crop(DrawnCorruption):
    """A part of the image, as large as the whole."""

    name = "crop"
    title = "cropped more and more, at a drawn place, and resized back"
    n_draws = 2

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The share of each side that is cut off, and how much of that lies left of and above what is kept, 0 to 1."""
        return {"margin": MARGINS[severity - 1], "x": draws[0], "y": draws[1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Crop and enlarge."""
        return cropped(image, float(parameters["margin"]), float(parameters["x"]), float(parameters["y"]))


def cropped(image: np.ndarray, margin: float, x: float, y: float) -> np.ndarray:
    """uint8 (H, W, C) -> a part of it, whose sides are shorter by `margin` and at least a pixel, enlarged to the same shape.

    x, y  in [0, 1): how much of what is cut off lies left of and above that part
    """
    height, width = image.shape[:2]
    left, right = _ends(width, margin, x)
    top, bottom = _ends(height, margin, y)
    part = to_picture(np.ascontiguousarray(image[top:bottom, left:right]))
    return from_picture(part.resize((width, height), Resampling.BICUBIC))


def _ends(length: int, margin: float, place: float) -> tuple[int, int]:
    cut = max(1, min(length - 1, round(length * margin)))
    start = int(place * (cut + 1))
    return start, start + length - cut
