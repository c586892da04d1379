"""NDB and JSD (Richardson and Weiss 2018, arXiv 1805.12462): does a generator fill the bins of the data as the data do?

The bins are 100 k-means clusters of the reals. NDB: the share of bins whose shares among fakes and reals differ by a
two-sample z-test at 5 %, so .05 is expected of a perfect generator. JSD: the Jensen-Shannon divergence of the two
histograms, in bits, 0 to 1. Its standard error is the delta method's: a fake in a bin of share p among fakes and q among
reals has the weight log2(2 p / (p + q)) / 2.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.clusters import Clusters, assigned, clusters

BINS, LEVEL = 100, 0.05


def filled(images: Extracted, bins: Clusters) -> np.ndarray:
    """(BINS,) how many of the images fall into each bin."""
    return np.bincount(assigned(images, bins), minlength=BINS)


def differing(fakes: np.ndarray, reals: np.ndarray) -> np.ndarray:
    """(BINS,) whether a bin's counts among fakes and among reals differ by the z-test at LEVEL; takes the counts (BINS,)."""
    n_fake, n_real = fakes.sum(), reals.sum()
    pooled = (fakes + reals) / (n_fake + n_real)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / n_fake + 1 / n_real))
    return np.abs(fakes / n_fake - reals / n_real) > norm.isf(LEVEL / 2) * deviation


@METRICS.register
class Bins(Metric):
    name = "bins"
    title = "Statistically different bins"
    paper = "Richardson and Weiss 2018"
    outputs = {"ndb": False, "jsd": False}
    ranges = {"ndb": "0 to 1", "jsd": "0 to 1"}
    minimum = 1000  # 10 images for each bin

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """ndb, 0 to 1: the share of bins that differ. jsd, 0 to 1 bits."""
        bins = real.once(clusters, BINS)
        fakes, reals = filled(fake, bins), real.once(filled, bins)

        p, q = fakes / fakes.sum(), reals / reals.sum()
        hit = fakes > 0
        weights = np.log2(2 * p[hit] / (p + q)[hit]) / 2
        error = Sampled.mean(torch.from_numpy(weights.repeat(fakes[hit]))).error

        jsd = Sampled(jensenshannon(p, q, base=2) ** 2, error, least=0, most=1)
        return {"ndb": Sampled(differing(fakes, reals).mean(), least=0, most=1), "jsd": jsd}
