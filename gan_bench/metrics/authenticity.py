"""AuthPct (Alaa et al. 2022, arXiv 2102.08921): the percentage of fakes that are not copies of a training image.

A fake counts as a copy when it lies closer to its nearest real than that real's own nearest neighbour among the reals does.
The reals are the whole train split: a copy of an image that was left out would pass for authentic. Copies of training images
give 0. Blurred or distant fakes are authentic too: read it beside precision.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.neighbours import closest


@METRICS.register
class Authenticity(Metric):
    name = "authenticity"
    title = "Authenticity"
    paper = "Alaa et al. 2022"
    outputs = {"auth_pct": True}
    ranges = {"auth_pct": "0 to 100"}
    minimum = 2
    needs = "train"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """auth_pct, 0 to 100: the percentage of fakes with d(fake, nearest real) > d(that real, its nearest other real)."""
        distances, indices = closest(fake.features, real.features)
        found, which = indices[:, 0].unique(return_inverse=True)  # only these reals' neighbours matter: few of a large split
        alone = closest(real.features[found], real.features, 2)[0][:, 1]

        authentic = Sampled.share(distances[:, 0] > alone[which])
        return {"auth_pct": Sampled(100 * authentic, 100 * authentic.error, least=0, most=100)}
