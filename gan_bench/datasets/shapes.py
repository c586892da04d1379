"""Procedural 32x32 colour images with exactly known factors: what shape, what hue, and where. Made, never fetched.

The dataset of the tests and of a first look: modes can be counted without a classifier.
"""

from __future__ import annotations

import colorsys

import numpy as np
import torch

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.seeds import derive

SHAPES = ("disc", "square", "triangle", "ring")
HUES = ("red", "green", "blue", "yellow")
HUE_ANGLES = (0.0, 1 / 3, 2 / 3, 1 / 6)
SIDE = 32
SIZES = {"train": 4096, "test": 1024}


def coverage(shape: np.ndarray, x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How much of each pixel each image's shape covers, (N, 32, 32) in [0, 1], with a one-pixel soft edge.

    shape (N,) index into SHAPES; x, y, radius (N,) in pixels.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    dx, dy = columns - x[:, None, None], rows - y[:, None, None]
    r = radius[:, None, None]
    distance = np.hypot(dx, dy)
    signed = (
        distance - r,
        np.maximum(np.abs(dx), np.abs(dy)) - 0.85 * r,
        np.maximum(np.abs(dx) * 0.866 + dy * 0.5, -dy) - 0.6 * r,
        np.abs(distance - 0.75 * r) - 0.25 * r,
    )
    return np.clip(0.5 - np.choose(shape[:, None, None], signed), 0, 1)


@DATASETS.register
class Shapes(Dataset):
    name = "shapes"
    title = "Shapes (procedural)"
    image_shape = (3, SIDE, SIDE)
    class_names = tuple(f"{hue} {shape}" for shape in SHAPES for hue in HUES)

    def load(self, split: SplitName) -> Split:
        """Labels are shape * 4 + hue."""
        n = SIZES[split]
        rng = np.random.default_rng(derive(0, "shapes", split))
        labels = rng.permutation(np.arange(n) % len(self.class_names))  # every class equally often
        shape, hue = np.divmod(labels, len(HUES))
        radius = rng.uniform(5, 8, n)
        x, y = rng.uniform(9, SIDE - 9, (2, n))
        ink = np.array([colorsys.hsv_to_rgb(angle, 0.8, 0.9) for angle in HUE_ANGLES])[hue]  # (N, 3)
        paper = rng.uniform(0.05, 0.25, (n, 1)) * np.ones(3)
        alpha = coverage(shape, x, y, radius)[:, None]  # (N, 1, 32, 32)
        pixels = alpha * ink[:, :, None, None] + (1 - alpha) * paper[:, :, None, None]
        return Split(torch.from_numpy((pixels * 255).round().astype(np.uint8)), torch.from_numpy(labels))
