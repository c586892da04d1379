"""Improved precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991), k = 3.

Precision: share of fakes inside the balls around reals that reach to each real's 3rd neighbour. Recall: the reverse; its error
takes the balls around fakes as they are.
"""

from __future__ import annotations

import torch

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import CHUNK, Union, distance_rows, radii

NEIGHBOURS = 3


@METRICS.register
class PrecisionRecall(Metric):
    name = "pr"
    title = "Improved precision and recall"
    paper = "Kynkaanniemi et al. 2019"
    outputs = {"precision": True, "recall": True}
    minimum = 4  # a 3rd neighbour besides the image itself

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """precision, 0 to 1: the share of fakes in a ball of a real. recall, 0 to 1: of reals in a ball of a fake."""
        fake_radii, real_radii = radii(fake, NEIGHBOURS), radii(real, NEIGHBOURS)
        precise, recalled = [], Union(len(real))
        for block, block_radii in zip(distance_rows(fake.features, real.features), fake_radii.split(CHUNK), strict=True):
            precise.append((block <= real_radii).any(dim=1))
            recalled.add(block <= block_radii[:, None])

        return {"precision": Sampled.mean(torch.cat(precise)), "recall": recalled.share()}
