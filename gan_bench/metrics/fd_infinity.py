"""FD-infinity (Chong and Forsyth 2020, arXiv 1911.07023): the Frechet distance of infinitely many fakes.

FD falls like a + b / n with the number n of fakes. The slope b differs between generators, so that equal counts alone do not
make FD fair. FD is taken at 10 sizes from half of the fakes to all, each a seeded draw without repeats, and a is where the
straight line over 1 / n meets 0. The reals stay as they are, so their share of the bias stays too. The paper takes 15 sizes
from 5,000 to 50,000.
"""

from __future__ import annotations

import numpy as np
import torch

from gan_bench.core.seeds import stream
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric
from gan_bench.metrics.fd import frechet_distance, gaussian, root_of

SIZES = 10


@METRICS.register
class FrechetDistanceInfinity(Metric):
    name = "fd-infinity"
    title = "Frechet distance of infinitely many fakes"
    paper = "Chong and Forsyth 2020"
    outputs = {"fd_infinity": False}
    minimum = 1000

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """fd_infinity: the intercept of FD over 1 / n; below 0 is possible."""
        sizes = np.linspace(len(fake) / 2, len(fake), SIZES).astype(int)
        found = []
        for i, n in enumerate(sizes):
            drawn = torch.randperm(len(fake), generator=stream(0, "fd-infinity", i))[:n]
            found.append(frechet_distance(gaussian(Extracted(fake.features[drawn])), real.once(gaussian), real.once(root_of)))

        _, intercept = np.polyfit(1 / sizes, found, 1)
        return {"fd_infinity": float(intercept)}
