"""The reals cut into clusters, and which of them an image falls into: what several metrics count by."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from gan_bench.metrics.base import Extracted


def clusters(real: Extracted, k: int) -> MiniBatchKMeans:
    """k clusters by k-means: seeded, of the features as they are."""
    return MiniBatchKMeans(k, n_init=3, batch_size=4096, random_state=0).fit(real.features.numpy())


def assigned(images: Extracted, into: MiniBatchKMeans) -> np.ndarray:
    """(N,) the cluster of each image."""
    return into.predict(images.features.numpy())
