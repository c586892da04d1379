"""C_T (Meehan, Chaudhuri and Dasgupta 2020, arXiv 2004.05675): are fakes closer to the training images than unseen reals are?

The training images, all of them, are cut into cells by k-means. In each, the distances of fakes and of test images to their
nearest training image of the cell are compared by a Mann-Whitney U test; its z-scores are averaged over cells, weighted by how
many test images fall into them. Far below 0: copying; near 0, within some +-2: like unseen reals; far above: underfitting, so
read it beside precision. Cells with fewer than 20 fakes are left out. Three cells.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric
from gan_bench.metrics.clusters import assigned, clusters
from gan_bench.metrics.neighbours import closest

CELLS, FEWEST = 3, 20


def nearest(images: Extracted, real: Extracted) -> list[Tensor]:
    """For each cell, the distance of each image in it to the nearest training image in it: (n,), n the images of the cell."""
    cells = real.once(clusters, CELLS)
    mine, theirs = assigned(images, cells), real.once(assigned, cells)

    found = []
    for k in range(CELLS):
        inside, reals = images.features[mine == k], real.features[theirs == k]
        found.append(closest(inside, reals)[0][:, 0] if len(inside) > 0 else torch.empty(0))
    return found


def nearest_of_held_out(real: Extracted) -> list[Tensor]:
    """`nearest` of the test split, which no generator was trained on."""
    assert real.held_out is not None
    return nearest(real.held_out, real)


def z_score(x: Tensor, y: Tensor) -> float:
    """The Mann-Whitney U of x (n,) over y (m,), less its mean for equal distributions, over its deviation; ties count 1/2."""
    u, n, m = mannwhitneyu(x.numpy(), y.numpy(), method="asymptotic").statistic, len(x), len(y)
    return float((u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12))


@METRICS.register
class DataCopying(Metric):
    name = "data-copying"
    title = "Data copying"
    paper = "Meehan et al. 2020"
    outputs = {"c_t": True}
    ranges = {"c_t": "any number"}
    minimum = 100
    needs = "held-out"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """c_t: the mean z-score over the cells; not a number where no cell has 20 fakes and a test image."""
        pairs = zip(nearest(fake, real), real.once(nearest_of_held_out), strict=True)
        compared = [(z_score(f, h), len(h)) for f, h in pairs if len(f) >= FEWEST and len(h) > 0]
        scores, weights = zip(*compared, strict=True) if compared else ((math.nan,), (1,))
        return {"c_t": float(np.average(scores, weights=weights))}
