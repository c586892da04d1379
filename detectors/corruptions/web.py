"""The delivery tier `web`: what a site does once to an image. It is resized and back, or cropped, then saved as JPEG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, between, for_side, whole_between
from gan_bench.detectors.corruptions.crop import cropped
from gan_bench.detectors.corruptions.jpeg import compressed
from gan_bench.detectors.corruptions.resize import resized_back

# Ours. Milder for small images, so that digits and CIFAR-10's objects stay well recognisable.
SCALES: Rows[tuple[float, float]] = ((0.75, 0.95), (0.6, 0.95), (0.5, 0.95))  # the side in between, as a share
MARGINS: Rows[tuple[float, float]] = ((0.03, 0.12), (0.03, 0.15), (0.03, 0.2))  # what is cut off, as a share of the side
QUALITIES = (70, 95)  # of JPEG, for all sizes


@CORRUPTIONS.register
class Web(DrawnCorruption):
    """One delivery, with parameters drawn for each image."""

    name = "web"
    title = "delivered once: resized and back or cropped, then JPEG of quality 70 to 95"
    most = 1
    n_draws = 5

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """Those of `resize` or of `crop`, each for half of the images, and the quality of the JPEG."""
        choice, amount, x, y, quality = draws
        if choice < 0.5:
            geometry: Parameters = {"scale": between(for_side(SCALES, side), amount)}
        else:
            geometry = {"margin": between(for_side(MARGINS, side), amount), "x": x, "y": y}
        return {**geometry, "quality": whole_between(QUALITIES, quality)}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Resize or crop, then compress."""
        if "scale" in parameters:
            image = resized_back(image, float(parameters["scale"]))
        else:
            image = cropped(image, float(parameters["margin"]), float(parameters["x"]), float(parameters["y"]))
        return compressed(image, int(parameters["quality"]))
