"""Samples as one picture: images in a grid, points as a scatter over the modes that they should fill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from gan_bench import images
from gan_bench.datasets.base import Dataset
from leaderboard.figures import scatter_chart

GRID = 64  # images in a picture of samples
SCATTERED = 1000  # points in one
STRIP = 12  # images in a row of a strip
SCATTERED_IN_STRIP = 500


def strip_size(dataset: Dataset) -> int:
    """How many samples a moment of a strip shows."""
    return SCATTERED_IN_STRIP if images.are_points(dataset.image_shape) else STRIP


def save_samples_picture(samples: Tensor, dataset: Dataset, path: Path, columns: int = 8, most: int | None = None) -> None:
    """The first samples of a set, (N, C, H, W) at rest: `most` of them, by default as many as a picture bears."""
    if images.are_points(dataset.image_shape):
        _scatter([samples[: most or SCATTERED]], dataset, path)
    else:
        images.save_png(images.grid(samples[: most or GRID], columns), path)


def save_strip(moments: Sequence[Tensor], dataset: Dataset, path: Path) -> None:
    """The same samples at moments of a training: a row, or a panel, a moment."""
    if images.are_points(dataset.image_shape):
        _scatter(moments, dataset, path)
    else:
        images.save_png(images.grid(torch.cat(list(moments)), columns=STRIP), path)


def _scatter(panels: Sequence[Tensor], dataset: Dataset, path: Path) -> None:
    mixture = dataset.mixture
    assert mixture is not None
    scatter_chart([panel.flatten(1).numpy() for panel in panels], mixture.centres, mixture.sigma, path)
