"""Kernel (Inception) distance: unbiased MMD^2 with the cubic kernel (x.y / d + 1)^3 (Binkowski et al. 2018).

Computed by torch-fidelity, the mean over 100 seeded subsets of 1000. Slightly negative values mean "no difference seen".
"""

from __future__ import annotations

from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric

SUBSETS, SUBSET_SIZE, SEED = 100, 1000, 2020


@METRICS.register
class KernelDistance(Metric):
    name = "kid"
    title = "Kernel distance"
    paper = "Binkowski et al. 2018"
    outputs = {"kid": False}
    minimum = SUBSET_SIZE

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        found = kid_features_to_metric(
            fake.features, real.features,
            kid_subsets=SUBSETS, kid_subset_size=SUBSET_SIZE, rng_seed=SEED, verbose=False,
        )  # fmt: skip
        return {"kid": found[KEY_METRIC_KID_MEAN]}
