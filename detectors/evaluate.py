"""Numbers made from detectors' scores: float (N,), higher means more likely fake. Fakes are the positives.

Every function takes the scores of the reals first, and raises ValueError for scores that `checked` refuses.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

from gan_bench.core.seeds import derive
from gan_bench.records import Detection, Interval


def checked(scores: np.ndarray, kind: str) -> np.ndarray:
    """The scores as float64 (N,). Raises ValueError when there are none, or one is not a finite number."""
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or scores.size == 0:
        raise ValueError(f"the {kind} scores must be a non-empty list of numbers, but have shape {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} of {scores.size} {kind} scores are NaN or infinite.")
    return scores


def auroc(real_scores: np.ndarray, fake_scores: np.ndarray) -> float:
    """P(fake > real) + P(fake = real) / 2 for a random pair: 1 is perfect, 0.5 is chance, 0 is always wrong."""
    real, fake = checked(real_scores, "real"), checked(fake_scores, "fake")
    real_place, fake_place, places = shared_places(real, fake)
    return auroc_of_counts(np.bincount(real_place, minlength=places), np.bincount(fake_place, minlength=places))


def shared_places(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The places, from 0, of the reals (N,) and fakes (M,) among all distinct scores, and the number of places."""
    distinct, place = np.unique(np.concatenate([real, fake]), return_inverse=True)
    return place[: len(real)], place[len(real) :], len(distinct)


def auroc_of_counts(reals: np.ndarray, fakes: np.ndarray) -> float:
    """AUROC from the numbers of reals and of fakes at each place, both (places,), from the lowest score to the highest."""
    reals_below = np.cumsum(reals) - reals / 2  # ties count half
    return float(fakes @ reals_below / (reals.sum() * fakes.sum()))


def average_precision(real_scores: np.ndarray, fake_scores: np.ndarray) -> float:
    """Average precision, 0 to 1, with fakes as positives. The two sets have the same total weight.

    Precision depends on how common fakes are. Here they are half of all images, so that chance is 0.5 for any counts.
    """
    real, fake = checked(real_scores, "real"), checked(fake_scores, "fake")
    counts = [len(real), len(fake)]
    weights = np.repeat(1 / np.array(counts), counts)
    return float(average_precision_score(np.repeat([0, 1], counts), np.concatenate([real, fake]), sample_weight=weights))


def accuracy_at(real_scores: np.ndarray, fake_scores: np.ndarray, threshold: float = 0.5) -> tuple[float, float]:
    """The shares of the reals and of the fakes that are recognised, where a score of `threshold` or more means fake."""
    real, fake = checked(real_scores, "real"), checked(fake_scores, "fake")
    return float((real < threshold).mean()), float((fake >= threshold).mean())


def auroc_interval(
    real_scores: np.ndarray, fake_scores: np.ndarray, seed: int, draws: int = 1000, level: float = 0.95
) -> Interval:
    """Percentile interval of the AUROC, from `draws` bootstrap samples of the reals and of the fakes, drawn separately.

    It covers the choice of the images, not that of the training. `level` is the share of draws in the interval.
    """
    real, fake = checked(real_scores, "real"), checked(fake_scores, "fake")
    real_place, fake_place, places = shared_places(real, fake)
    rng = np.random.default_rng(derive(seed, "auroc_interval"))

    def redrawn(place: np.ndarray) -> np.ndarray:
        return np.bincount(rng.choice(place, len(place)), minlength=places)

    # Scores are sorted once; a draw only counts them again.
    aurocs = [auroc_of_counts(redrawn(real_place), redrawn(fake_place)) for _ in range(draws)]
    low, high = np.quantile(aurocs, [(1 - level) / 2, (1 + level) / 2])
    method = f"stratified bootstrap over images, {draws} draws, {100 * level:g} %"
    return Interval(low=float(low), high=float(high), method=method)


def detection(protocol: str, variant: str, real_scores: np.ndarray, fake_scores: np.ndarray, seed: int) -> Detection:
    """All numbers of one detector on one variant's fakes under one protocol. Accuracies are at a threshold of 0.5.

    seed  of the interval's random draws
    """
    real_accuracy, fake_accuracy = accuracy_at(real_scores, fake_scores)
    return Detection(
        protocol=protocol,
        variant=variant,
        auroc=auroc(real_scores, fake_scores),
        auroc_interval=auroc_interval(real_scores, fake_scores, seed),
        ap=average_precision(real_scores, fake_scores),
        real_accuracy=real_accuracy,
        fake_accuracy=fake_accuracy,
        n_real=len(real_scores),
        n_fake=len(fake_scores),
    )
