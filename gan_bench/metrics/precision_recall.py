"""Improved precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991), k = 3.

Precision: share of fakes inside the balls around reals that reach to each real's 3rd neighbour. Recall: the reverse; its error
takes the balls around fakes as they are.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import encounters


@METRICS.register
class PrecisionRecall(Metric):
    name = "pr"
    title = "Improved precision and recall"
    paper = "Kynkaanniemi et al. 2019"
    outputs = {"precision": True, "recall": True}
    ranges = {"precision": "0 to 1", "recall": "0 to 1"}
    minimum = 4  # a 3rd neighbour besides the image itself

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """precision, 0 to 1: the share of fakes in a ball of a real. recall, 0 to 1: of reals in a ball of a fake."""
        met = fake.once(encounters, real)
        return {"precision": Sampled.share(met.precise), "recall": met.recalled.share()}
