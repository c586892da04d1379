"""Nearest neighbours in feature space, by chunks: no N x N matrix is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gan_bench.metrics.base import Extracted

CHUNK = 1000
MOST = 5  # neighbours that any metric asks for


def distance_rows(a: Tensor, b: Tensor) -> Iterator[Tensor]:
    """Euclidean distances of (N, D) to (M, D), as blocks of at most `CHUNK` rows of the (N, M) matrix."""
    return (torch.cdist(block, b) for block in a.split(CHUNK))


def neighbour_distances(images: Extracted) -> Tensor:
    """(N, MOST + 1): distance of each image to its k-th nearest in the same set, in column k; column 0 is the image itself."""
    most = min(MOST + 1, len(images))
    rows = distance_rows(images.features, images.features)
    return torch.cat([block.topk(most, largest=False).values for block in rows])


def radii(images: Extracted, k: int) -> Tensor:
    """(N,): how far each image's k-th neighbour is. The pass over all pairs is made once per image set."""
    return images.once(neighbour_distances)[:, k]
