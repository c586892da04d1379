"""Gaussian blur, as SciPy does it: the filter reaches 4 deviations, and the image is mirrored at its border."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, as_levels, for_side

SIGMAS: Rows[tuple[float, ...]] = ((0.4, 0.6, 0.7, 0.8, 1.0), (0.5, 0.75, 1.0, 1.25, 1.5), (0.5, 1.0, 2.0, 3.0, 4.0))


@CORRUPTIONS.register
class GaussianBlur(DrawnCorruption):
    """Convolution of each channel with a Gaussian."""

    name = "blur"
    title = "blurred with a wider and wider Gaussian"

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The deviation of the Gaussian, in pixels."""
        return {"sigma": for_side(SIGMAS, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Blur and round."""
        return blurred(image, float(parameters["sigma"]))


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """uint8 (H, W, C) -> the same, blurred over height and width."""
    # In floats: on uint8, SciPy cuts the fraction off after each axis, which darkens the image.
    return as_levels(gaussian_filter(image.astype(np.float64), (sigma, sigma, 0)))
