"""Logistic regression on fixed features: the head of every detector that learns no features of its own."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from detectors.base import Detector, Prepared
from detectors.evaluate import auroc

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse regularisation, strongest first


class LogisticDetector(Detector):
    """A detector whose `prepare` gives features (N, D): these are standardised, then a logistic regression is fitted.

    Among the regularisation strengths, the one of highest validation AUROC is taken; among equals, the strongest.
    Nothing here is random, so `seed` changes nothing.
    """

    def fit(self, real: Prepared, fake: Prepared, validate_real: Prepared, validate_fake: Prepared) -> None:
        features = np.concatenate([real, fake])
        is_fake = np.repeat([0, 1], [len(real), len(fake)])
        heads = [fitted_head(features, is_fake, strength) for strength in STRENGTHS]
        aurocs = [auroc(probability(head, validate_real), probability(head, validate_fake)) for head in heads]
        self.head = heads[int(np.argmax(aurocs))]

    def score(self, prepared: Prepared) -> np.ndarray:
        return probability(self.head, prepared)


def fitted_head(features: np.ndarray, is_fake: np.ndarray, strength: float) -> Pipeline:
    """Features (N, D) and 0/1 labels (N,) -> standardisation and regression, both classes weighing the same."""
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    # The solver's products are small, so threads mostly wait for each other: on two busy cores one thread was 25 times as
    # fast as two. And so the result cannot depend on how many cores there are.
    with threadpool_limits(1, user_api="blas"):
        return make_pipeline(StandardScaler(), regression).fit(features, is_fake)


def probability(head: Pipeline, features: Prepared) -> np.ndarray:
    """Features (N, D) -> float64 (N,), the probability of being fake."""
    return head.predict_proba(features)[:, 1].astype(np.float64)
