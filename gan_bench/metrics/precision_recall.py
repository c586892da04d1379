"""Improved precision and recall (Kynkaanniemi et al. 2019), k = 3, computed by torch-fidelity.

Precision: share of fakes inside the balls around reals that reach to each real's 3rd neighbour. Recall: the reverse.
"""

from __future__ import annotations

from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric

NEIGHBOURS, CHUNK = 3, 5000


@METRICS.register
class PrecisionRecall(Metric):
    name = "pr"
    title = "Improved precision and recall"
    paper = "Kynkaanniemi et al. 2019"
    outputs = {"precision": True, "recall": True}
    minimum = NEIGHBOURS + 1

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        found = prc_features_to_metric(
            fake.features, real.features,
            prc_neighborhood=NEIGHBOURS, prc_batch_size=CHUNK, save_cpu_ram=True, verbose=False,
        )  # fmt: skip
        return {"precision": found[KEY_METRIC_PRECISION], "recall": found[KEY_METRIC_RECALL]}
