"""Density and coverage (Naeem et al. 2020, arXiv 2002.09797), k = 5.

Around each real lies the ball that reaches to its 5th neighbour among the reals. Density: in how many balls a fake lies, over
k, mean over fakes; it exceeds 1 where many fakes lie where reals are dense. Coverage: the share of balls with a fake in them;
of two equal distributions and counts 1 - 2^-k is expected. A fake on the rim is inside.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import WIDE, encounters


@METRICS.register
class DensityCoverage(Metric):
    name = "dc"
    title = "Density and coverage"
    paper = "Naeem et al. 2020"
    outputs = {"density": True, "coverage": True}
    ranges = {"density": "0 or more", "coverage": "0 to 1"}
    minimum = 6  # a 5th neighbour besides the image itself

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """density, 0 or more: (balls of reals that a fake is in) / k, mean over fakes. coverage, 0 to 1."""
        met = fake.once(encounters, real)
        return {"density": Sampled.mean(met.dense.double() / WIDE, least=0), "coverage": met.covered.share()}
