"""Gaussian noise, independent in each pixel and channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, as_levels, for_side, noise_seed

SIGMAS: Rows[tuple[float, ...]] = (
    (0.04, 0.06, 0.08, 0.09, 0.10), (0.04, 0.08, 0.12, 0.15, 0.18), (0.01, 0.02, 0.04, 0.08, 0.12),
)  # fmt: skip


@CORRUPTIONS.register
class GaussianNoise(DrawnCorruption):
    """Normal numbers added to the levels."""

    name = "noise"
    title = "stronger and stronger Gaussian noise added"
    n_draws = 1

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The deviation of the noise, where white is 1, and the seed that it is drawn with."""
        return {"sigma": for_side(SIGMAS, side)[severity - 1], "seed": noise_seed(draws[0])}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Add, round and clip."""
        return noisy(image, float(parameters["sigma"]), int(parameters["seed"]))


def noisy(image: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """uint8 (H, W, C) -> the same with noise of deviation 255 * sigma levels."""
    return as_levels(image + 255 * sigma * np.random.default_rng(seed).standard_normal(image.shape))
