"""The shapes, colours and sizes of the procedural dataset `shapes`, used to draw its images and to read them."""

from __future__ import annotations

import colorsys

import numpy as np

SHAPES = ("disc", "square", "triangle", "ring")
HUES = {"red": 0.0, "green": 1 / 3, "blue": 2 / 3, "yellow": 1 / 6}
INKS = np.array([colorsys.hsv_to_rgb(angle, 0.8, 0.9) for angle in HUES.values()])  # (4, 3) RGB in [0, 1]
SIDE = 32  # pixels of an image
RADII = (5.0, 8.0)  # pixels, smallest and largest


def coverage(shape: np.ndarray, x: np.ndarray, y: np.ndarray, radius: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The share of each pixel that an image's shape covers, float (N, side, side) in [0, 1]; edges are soft over one pixel.

    shape         (N,) index into SHAPES
    x, y, radius  (N,) in pixels; x and y are the centre, measured from the left and from the top
    """
    rows, columns = np.mgrid[:side, :side] + 0.5
    dx, dy = columns - x[:, None, None], rows - y[:, None, None]
    r = radius[:, None, None]
    distance = np.hypot(dx, dy)
    signed = (  # distance in pixels to the edge of each of SHAPES, negative inside
        distance - r,
        np.maximum(np.abs(dx), np.abs(dy)) - 0.85 * r,
        np.maximum(np.abs(dx) * 0.866 + dy * 0.5, -dy) - 0.6 * r,
        np.abs(distance - 0.75 * r) - 0.25 * r,
    )
    return np.clip(0.5 - np.choose(shape[:, None, None], signed), 0, 1)
