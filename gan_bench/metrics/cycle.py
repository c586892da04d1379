"""Cycle error (Zhu et al. 2017, arXiv 1703.10593): how much of its input a translator's way back restores.

The mean absolute difference of the source and F(G(source)) over all pixels, in 8-bit levels. G's images are rounded to 8 bits
before the way back, as they are on disk: CycleGAN can hide its input in differences too small for that (Chu, Zhmoginov and
Sandler 2017, arXiv 1712.02950), and what is hidden so is not translated.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled


@METRICS.register
class Cycle(Metric):
    name = "cycle"
    title = "Cycle error"
    paper = "Zhu et al. 2017"
    outputs = {"cycle_l1": False}
    minimum = 1
    needs = "cycle"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """The features are images, (N, C, H, W) in 0..255: what came back, each beside the source it should be."""
        return {"cycle_l1": Sampled.mean((fake.features - real.features).abs().mean(dim=(1, 2, 3)))}
