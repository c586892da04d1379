"""AuthPct (Alaa et al. 2022, arXiv 2102.08921): the percentage of fakes that are not copies of a training image.

A fake counts as a copy when it lies closer to its nearest real than that real's own nearest neighbour among the reals does.
Copies of training images give 0. Blurred or distant fakes are authentic too: read it beside precision.
"""

from __future__ import annotations

import torch

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import distance_rows, radii


@METRICS.register
class Authenticity(Metric):
    name = "authenticity"
    title = "Authenticity"
    paper = "Alaa et al. 2022"
    outputs = {"auth_pct": True}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """auth_pct, 0 to 100: the percentage of fakes with d(fake, nearest real) > d(that real, its nearest other real)."""
        alone = radii(real, 1)
        nearest = [block.min(dim=1) for block in distance_rows(fake.features, real.features)]
        authentic = torch.cat([distances > alone[indices] for distances, indices in nearest])
        return {"auth_pct": Sampled.mean(100 * authentic.double())}
