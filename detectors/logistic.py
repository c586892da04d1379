"""Logistic regression on fixed features, for detectors that do not learn features."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from gan_bench.detectors.base import Detector, Prepared
from gan_bench.detectors.evaluate import auroc

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse regularisation, strongest first


class LogisticDetector(Detector):
    """Standardises the features (N, D) that `prepare` returns, and fits a logistic regression to them.

    The regularisation strength with the highest validation AUROC is used; among equal ones, the strongest.
    Nothing here is random, so `seed` changes nothing.
    """

    def fit(self, real: Prepared, fake: Prepared, validate_real: Prepared, validate_fake: Prepared) -> None:
        """Features (N, D) of each set: one regression for each strength, of which the best on the validation sets is kept."""
        features = np.concatenate([real, fake])
        is_fake = np.repeat([0, 1], [len(real), len(fake)])
        heads = [fitted_head(features, is_fake, strength) for strength in STRENGTHS]
        aurocs = [auroc(probability(head, validate_real), probability(head, validate_fake)) for head in heads]
        self.head = heads[int(np.argmax(aurocs))]

    def score(self, prepared: Prepared) -> np.ndarray:
        """Features (N, D) -> float64 (N,), the probability of being fake."""
        return probability(self.head, prepared)


def fitted_head(features: np.ndarray, is_fake: np.ndarray, strength: float) -> Pipeline:
    """Standardisation and regression fitted to features (N, D) and labels (N,), 0 or 1; both classes have the same weight."""
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    # The solver's products are small, so threads would mostly wait for each other. And with one thread the result cannot
    # depend on the number of cores.
    with threadpool_limits(1, user_api="blas"):
        return make_pipeline(StandardScaler(), regression).fit(features, is_fake)


def probability(head: Pipeline, features: Prepared) -> np.ndarray:
    """Features (N, D) -> float64 (N,), the probability of being fake."""
    return head.predict_proba(features)[:, 1].astype(np.float64)
