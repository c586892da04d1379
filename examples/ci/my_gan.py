"""Stands in for your generator: draws a coloured shape on a grey ground. It uses nothing of gan-bench."""

import colorsys

import numpy as np

SIDE = 32
HUES = 10


def load(n: int, seed: int, broken: bool = False) -> np.ndarray:
    """n images, uint8 (n, 3, 32, 32). The same seed gives the same images. `broken`: half of the hues are lost."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    images = np.empty((n, 3, SIDE, SIDE), np.uint8)
    for image in images:
        hue = rng.integers(HUES // 2 if broken else HUES) / HUES
        colour = 255 * np.array(colorsys.hsv_to_rgb(hue, 0.8, 0.9))
        centre, radius = rng.uniform(10, 22, size=2), rng.uniform(5, 10)
        away = np.abs(x - centre[0]), np.abs(y - centre[1])
        inside = np.hypot(*away) < radius if rng.random() < 0.5 else np.maximum(*away) < radius
        image[:] = np.where(inside, colour[:, None, None], 128)
    return images


def broken(n: int, seed: int) -> np.ndarray:
    """What a bad change makes of it."""
    return load(n, seed, broken=True)
