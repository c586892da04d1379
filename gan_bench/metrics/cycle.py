"""Cycle error (Zhu et al. 2017, arXiv 1703.10593): how much of its input a translator's way back restores.

The mean absolute difference of the source and F(G(source)) over all pixels, in 8-bit levels. G's images are rounded to 8 bits
before the way back, as they are on disk: CycleGAN can hide its input in differences too small for that (Chu, Zhmoginov and
Sandler 2017, arXiv 1712.02950), and an input that is hidden is not translated.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import PixelMetric, Pixels, Sampled


@METRICS.register
class Cycle(PixelMetric):
    name = "cycle"
    title = "Cycle error"
    paper = "Zhu et al. 2017"
    outputs = {"cycle_l1": False}
    ranges = {"cycle_l1": "0 to 255"}
    minimum = 1
    needs = "cycle"

    def compute(self, fake: Pixels, real: Pixels) -> dict[str, float]:
        """cycle_l1, 0 to 255: mean |fake - real| of uint8 levels; the fakes came back, each real is the source of one."""
        of_each = (fake.images.float() - real.images.float()).abs().mean(dim=(1, 2, 3))
        return {"cycle_l1": Sampled.mean(of_each, least=0, most=255)}
