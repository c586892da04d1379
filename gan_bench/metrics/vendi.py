"""Vendi score (Friedman and Dieng 2022, arXiv 2210.02410): to how many different images a set amounts.

exp of the entropy of the eigenvalues of K / n, K the cosine similarities of the features: from 1, all alike, to n, all
orthogonal. The matrix of second moments of the normalised features, (D, D), has the same eigenvalues apart from zeros; the
smaller of the two is decomposed. It looks at the fakes alone: noise scores high. Its standard error is the delta method's: the
entropy is the mean over images x of -sum log(l) (v . x)^2, l and v the eigenvalues and eigenvectors.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

ROUNDING = 1e-12  # eigenvalues, which sum to 1, count as 0 below it


@METRICS.register
class Vendi(Metric):
    name = "vendi"
    title = "Vendi score"
    paper = "Friedman and Dieng 2022"
    outputs = {"vendi": True}
    ranges = {"vendi": "1 to the number of fakes"}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """vendi, 1 to n: exp of the entropy of the eigenvalues of K / n, from the fakes' features alone."""
        x = F.normalize(fake.features.double(), dim=1)
        if x.shape[1] <= len(x):
            values, vectors = torch.linalg.eigh(x.T @ x / len(x))
            along = (x @ vectors).square()  # (n, D): the share of each image that each eigenvector has
        else:
            values, vectors = torch.linalg.eigh(x @ x.T / len(x))
            along = len(x) * values * vectors.square()

        entropy = Sampled.mean(-along @ torch.where(values > ROUNDING, values, 1).log())
        score = math.exp(entropy)
        return {"vendi": Sampled(score, score * entropy.error, least=1, most=len(x))}
