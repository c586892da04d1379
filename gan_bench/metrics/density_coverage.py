"""Density and coverage (Naeem et al. 2020, arXiv 2002.09797), k = 5.

Around each real lies the ball that reaches to its 5th neighbour among the reals. Density: in how many balls a fake lies, over
k, mean over fakes; it exceeds 1 where many fakes lie where reals are dense. Coverage: the share of balls with a fake in them;
of two equal distributions and counts 1 - 2^-k is expected. A fake on the rim is inside.
"""

from __future__ import annotations

import torch

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import Union, distance_rows, radii

NEIGHBOURS = 5


@METRICS.register
class DensityCoverage(Metric):
    name = "dc"
    title = "Density and coverage"
    paper = "Naeem et al. 2020"
    outputs = {"density": True, "coverage": True}
    minimum = 6  # a 5th neighbour besides the image itself

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """density, 0 or more: (balls of reals that a fake is in) / k, mean over fakes. coverage, 0 to 1."""
        reach = radii(real, NEIGHBOURS)
        inside, covered = [], Union(len(real))
        for block in distance_rows(fake.features, real.features):
            within = block <= reach
            inside.append(within.sum(dim=1).double() / NEIGHBOURS)
            covered.add(within)

        return {"density": Sampled.mean(torch.cat(inside)), "coverage": covered.share()}
