"""Inception score with any classifier: exp of the mean KL of p(class | image) to p(class) (Salimans et al. 2016).

Computed by torch-fidelity, the mean over 10 splits after a seeded shuffle. Only comparable for one classifier and count;
from 1 (all images alike, or all answers unsure) to the number of classes. Its standard error is the delta method's: the log
of the score is a mean of divergences, one for each image.
"""

from __future__ import annotations

import torch
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

SPLITS, SEED = 10, 2020


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
        p = fake.logits.double().softmax(1)
        divergences = torch.special.xlogy(p, p / p.mean(0)).sum(1)
        return {"is": Sampled(score, score * Sampled.mean(divergences).error)}
