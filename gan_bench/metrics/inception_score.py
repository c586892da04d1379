"""Inception score with any classifier: exp of the mean KL of p(class | image) to p(class) (Salimans et al. 2016).

Computed by torch-fidelity, the mean over 10 splits after a seeded shuffle. Only comparable for one classifier and count;
from 1 (all images alike, or all answers unsure) to the number of classes.

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
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

SPLITS, SEED = 10, 2020


def jackknife_error(p: Tensor) -> float:
    """Standard error of exp(mean KL) of one split; p (n, K) float64: the class probabilities of its images."""
    n = len(p)
    certainty, mean = torch.special.xlogy(p, p).sum(1), p.mean(0)

    without = ((n * mean - p) / (n - 1)).clamp(min=0)  # (n, K): the mean of the others, for each image
    logs = (certainty.sum() - certainty) / (n - 1) - torch.special.xlogy(without, without).sum(1)
    return float(logs.exp().std(correction=0)) * (n - 1) ** 0.5


def error(logits: Tensor) -> float:
    """Standard error of the mean over the splits, which are independent; logits (N, K)."""
    order = torch.from_numpy(np.random.RandomState(SEED).permutation(len(logits)))  # as torch-fidelity shuffles
    p = logits[order].double().softmax(1)
    ends = [i * len(p) // SPLITS for i in range(SPLITS + 1)]
    errors = [jackknife_error(p[start:end]) for start, end in pairwise(ends)]
    return float(np.linalg.norm(errors)) / SPLITS


@METRICS.register
class InceptionScore(Metric):
    name = "is"
    title = "Inception score over 10 splits"
    paper = "Salimans et al. 2016"
    outputs = {"is": True}
    minimum = 100  # 10 images for each split
    needs = "logits"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """is, 1 to the number of classes: exp(mean KL(p(class | image), p(class))), from the fakes' logits alone."""
        assert fake.logits is not None
        score = isc_features_to_metric(fake.logits, splits=SPLITS, shuffle=True, rng_seed=SEED)[KEY_METRIC_ISC_MEAN]
        return {"is": Sampled(score, error(fake.logits), least=1, most=fake.logits.shape[1])}
