"""Clusters of the reals, and which of them each image falls into: several metrics count by these."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from gan_bench.metrics.base import Extracted


def clusters(real: Extracted, k: int) -> MiniBatchKMeans:
    """k clusters of the features (N, D) as they are, by seeded k-means."""
    return MiniBatchKMeans(k, n_init=3, batch_size=4096, random_state=0).fit(real.features.numpy())


def assigned(images: Extracted, into: MiniBatchKMeans) -> np.ndarray:
    """(N,) the cluster of each image, 0 to k - 1."""
    return into.predict(images.features.numpy())
