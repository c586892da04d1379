"""The delivery tier `hard`: an image that went through `web`, was blurred or got noise, and was saved again, smaller."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import Parameters, Rows, between, for_side, noise_seed, whole_between
from gan_bench.detectors.corruptions.gaussian_blur import blurred
from gan_bench.detectors.corruptions.gaussian_noise import noisy
from gan_bench.detectors.corruptions.jpeg import compressed
from gan_bench.detectors.corruptions.web import Web

# Ours: about severities 1 to 3 of `blur` and `noise`, so that the content of small images stays recognisable.
BLURS: Rows[tuple[float, float]] = ((0.4, 0.7), (0.5, 1.0), (0.5, 2.0))  # deviations in pixels
NOISES: Rows[tuple[float, float]] = ((0.02, 0.06), (0.02, 0.08), (0.02, 0.08))  # deviations where white is 1
LAST_QUALITIES = (40, 70)  # of the second JPEG, for all sizes


@CORRUPTIONS.register
class Hard(Web):
    """A delivery, blur or noise, and a stronger JPEG, with parameters drawn for each image."""

    name = "hard"
    title = "delivered as by `web`, then blur or noise, then JPEG of quality 40 to 70"
    most = 1
    n_draws = Web.n_draws + 4

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """Those of `web`, a blur or the noise and its seed, each for half of the images, and the quality of the second JPEG."""
        choice, amount, seed, quality = draws[Web.n_draws :]
        if choice < 0.5:
            change: Parameters = {"blur": between(for_side(BLURS, side), amount)}
        else:
            change = {"noise": between(for_side(NOISES, side), amount), "seed": noise_seed(seed)}
        first = super().parameters(severity, side, draws[: Web.n_draws])
        return {**first, **change, "last_quality": whole_between(LAST_QUALITIES, quality)}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Deliver, blur or add noise, and compress again."""
        image = super().apply(image, parameters)
        if "blur" in parameters:
            image = blurred(image, float(parameters["blur"]))
        else:
            image = noisy(image, float(parameters["noise"]), int(parameters["seed"]))
        return compressed(image, int(parameters["last_quality"]))
