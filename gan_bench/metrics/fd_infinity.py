"""FD-infinity (Chong and Forsyth 2020, arXiv 1911.07023): the Frechet distance of infinitely many fakes.

FD falls like a + b / n with the number n of fakes. The slope b differs between generators, so that equal counts alone do not
make FD fair. FD is taken at 10 sizes from half of the fakes to all, each a seeded draw without repeats, and a is where the
straight line over 1 / n meets 0. The mean of 5 such lines, from other draws, is given. The reals stay as they are, so their
share of the bias stays too. The paper takes one line of 15 sizes from 5,000 to 50,000.

Its standard error has two parts. The fakes are a sample: a line is a weighted sum of distances with weights that sum to 1, so
on the average over draws each fake has the same part in it as in FD, whose error it shares. And the draws are a few of many:
the error of their mean.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from gan_bench.core.seeds import stream
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.fd import frechet_distance, gaussian, root_of, sampled_frechet_distance

SIZES, DRAWS = 10, 5


def intercept(fake: Extracted, real: Extracted, draw: int) -> float:
    """Where the line of FD over 1 / n meets 0, from the subsets of one draw."""
    sizes = np.linspace(len(fake) / 2, len(fake), SIZES).astype(int)
    found = []
    for i, n in enumerate(sizes):
        drawn = torch.randperm(len(fake), generator=stream(0, "fd-infinity", draw, i))[:n]
        found.append(frechet_distance(gaussian(Extracted(fake.features[drawn])), real.once(gaussian), real.once(root_of)))
    return float(np.polyfit(1 / sizes, found, 1)[1])


@METRICS.register
class FrechetDistanceInfinity(Metric):
    name = "fd-infinity"
    title = "Frechet distance of infinitely many fakes"
    paper = "Chong and Forsyth 2020"
    outputs = {"fd_infinity": False}
    ranges = {"fd_infinity": "any number"}
    minimum = 1000

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """fd_infinity: the mean intercept of FD over 1 / n; below 0 is possible."""
        found = [intercept(fake, real, draw) for draw in range(DRAWS)]
        of_draws = float(np.std(found, ddof=1)) / math.sqrt(DRAWS)
        return {"fd_infinity": Sampled(float(np.mean(found)), math.hypot(sampled_frechet_distance(fake, real).error, of_draws))}
