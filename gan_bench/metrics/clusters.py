"""Clusters of the reals, and which of them each image falls into: several metrics count by these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

from gan_bench.metrics.base import Extracted


class Clusters(NamedTuple):
    """k-means of centred features: k-means computes in float32, in which an offset costs digits.

    centre  (D,) float64, the mean of the reals' features
    """

    centre: Tensor
    kmeans: MiniBatchKMeans

    def centred(self, images: Extracted) -> np.ndarray:
        """(N, D) float32: the features about the centre."""
        return (images.features - self.centre).float().numpy()


def clusters(real: Extracted, k: int) -> Clusters:
    """k clusters of the features (N, D), by seeded k-means."""
    found = Clusters(real.features.mean(0, dtype=torch.float64), MiniBatchKMeans(k, n_init=3, batch_size=4096, random_state=0))
    found.kmeans.fit(found.centred(real))
    return found


def assigned(images: Extracted, into: Clusters) -> np.ndarray:
    """(N,) the cluster of each image, 0 to k - 1."""
    return into.kmeans.predict(into.centred(images))
