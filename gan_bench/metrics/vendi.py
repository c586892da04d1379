"""Vendi score (Friedman and Dieng 2022, arXiv 2210.02410): how many images of their own kind a set amounts to.

exp of the entropy of the eigenvalues of K / n, K the cosine similarities of the features: from 1, all alike, to n, all
orthogonal. The eigenvalues are those of the (D, D) matrix of second moments of the normalised features, whatever n is. It
looks at the fakes alone: noise scores high.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric


@METRICS.register
class Vendi(Metric):
    name = "vendi"
    title = "Vendi score"
    paper = "Friedman and Dieng 2022"
    outputs = {"vendi": True}
    minimum = 2

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        x = F.normalize(fake.features.double(), dim=1)
        small = x.T @ x if x.shape[1] <= len(x) else x @ x.T  # the two have the same eigenvalues, but for zeros
        shares = torch.linalg.eigvalsh(small / len(x)).clamp(min=0)
        return {"vendi": float(torch.special.entr(shares).sum().exp())}
