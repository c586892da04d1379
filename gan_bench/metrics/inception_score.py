"""Inception score with any classifier: exp of the mean KL of p(class | image) to p(class) (Salimans et al. 2016).

The mean over 10 splits after a seeded shuffle, the splits that torch-fidelity makes, so that the numbers are its numbers; a
class that no image of a split can have counts 0, where it gives no number. Only comparable for one classifier and count; from
1 (all images alike, or all answers unsure) to the number of classes.

Its standard error is the jackknife's, of the splits as they are: each image is left out of its split once. A formula of first
order would not do: where a classifier is sure and the classes are even, all images have the same part in the score, and what
varies is the histogram of classes, an effect of second order. There the jackknife is up to 1.4 times too large (Efron and
Stein 1981).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

SPLITS, SEED = 10, 2020


def splits(logits: Tensor) -> list[Tensor]:
    """The class probabilities (n, K), float64, of the images of each split; logits (N, K)."""
    order = torch.from_numpy(np.random.RandomState(SEED).permutation(len(logits)))  # the legacy one, as torch-fidelity draws
    p = logits[order].double().softmax(1)
    ends = [i * len(p) // SPLITS for i in range(SPLITS + 1)]
    return [p[start:end] for start, end in pairwise(ends)]


def score_of(certainty: Tensor, mean: Tensor) -> Tensor:
    """exp of the mean KL to the mean: (...) from the mean of sum p log p (...) and the mean of p (..., K)."""
    return (certainty - torch.special.xlogy(mean, mean).sum(-1)).exp()


def scored(p: Tensor) -> tuple[float, float]:
    """The score of one split and its standard error; p (n, K)."""
    n, certainty, mean = len(p), torch.special.xlogy(p, p).sum(1), p.mean(0)
    others = ((n * mean - p) / (n - 1)).clamp(min=0)  # (n, K): the mean without each image
    without = score_of((certainty.sum() - certainty) / (n - 1), others)
    return float(score_of(certainty.mean(), mean)), float(without.std(correction=0)) * (n - 1) ** 0.5


@METRICS.register
class InceptionScore(Metric):
    name = "is"
    title = "Inception score over 10 splits"
    paper = "Salimans et al. 2016"
    outputs = {"is": True}
    ranges = {"is": "1 to the number of classes"}
    minimum = 100  # 10 images for each split
    needs = "logits"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """is, 1 to the number of classes: exp(mean KL(p(class | image), p(class))), from the fakes' logits alone."""
        assert fake.logits is not None
        scores, errors = zip(*map(scored, splits(fake.logits)), strict=True)
        error = float(np.linalg.norm(errors)) / SPLITS  # of the mean of independent splits
        return {"is": Sampled(float(np.mean(scores)), error, least=1, most=fake.logits.shape[1])}
