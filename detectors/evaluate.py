"""Numbers made from detectors' logits: log odds of fake at equal prevalence, so that 0 is a probability of one half.

Fakes are the positives. A verdict is "fake" where the logit lies above a threshold, and "real" at the threshold itself: this
is what `threshold_at` counts on. Reals and fakes have the same total weight, whatever their numbers, so no number depends on
how many there are of each. Every function raises ValueError for logits that `checked` refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score

from gan_bench.detectors.bootstrap import Logits, auroc_interval, auroc_of_counts, checked, checked_logits, shared_places
from gan_bench.records import Detection

VALIDATION_SHARE = 0.05  # of the validation reals lie above a detector's threshold
FEWEST_CALLED_FAKE = 20  # reals that a rate of false alarms must stand on; fewer, and the rate is mostly chance
ECE_BINS = 15


def auroc(real_logits: np.ndarray, fake_logits: np.ndarray) -> float:
    """P(fake > real) + P(fake = real) / 2 for a random pair: 1 is perfect, 0.5 is chance, 0 is always wrong."""
    real_place, fake_place, places = shared_places(checked_logits(Logits(real_logits, fake_logits)))
    return float(auroc_of_counts(np.bincount(real_place, minlength=places), np.bincount(fake_place, minlength=places)))


def average_precision(real_logits: np.ndarray, fake_logits: np.ndarray) -> float:
    """Average precision, 0 to 1.

    Precision depends on how common fakes are. Here they are half of all images, so that chance is 0.5 for any counts.
    """
    real, fake = checked_logits(Logits(real_logits, fake_logits))
    counts = [len(real), len(fake)]
    weights = np.repeat(1 / np.array(counts), counts)
    return float(average_precision_score(np.repeat([0, 1], counts), np.concatenate([real, fake]), sample_weight=weights))


def accuracy_at(logits: Logits, threshold: float = 0.0) -> tuple[float, float]:
    """The shares of the reals and of the fakes that are recognised, where a logit above `threshold` means fake."""
    real, fake = checked_logits(logits)
    return float((real <= threshold).mean()), float((fake > threshold).mean())


def threshold_at(real_logits: np.ndarray, share: float = VALIDATION_SHARE) -> float:
    """The smallest threshold above which at most `share` of these reals lie. It is the logit of one of them.

    Reals that are tied with it are called real. Raises ValueError unless 0 <= share < 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share of reals above a threshold must be at least 0 and below 1, but is {share}.")
    descending = -np.sort(-checked(real_logits, "real"))
    return float(descending[_most(share, len(descending))])


def tpr_at(logits: Logits, share: float) -> float | None:
    """The largest share of fakes found while at most `share` of the reals are called fake; no interpolation.

    None: withheld, since the rate would stand on fewer than 20 reals.
    """
    logits = checked_logits(logits)
    if _most(share, len(logits.real)) < FEWEST_CALLED_FAKE:
        return None
    return accuracy_at(logits, threshold_at(logits.real, share))[1]


def _most(share: float, n: int) -> int:
    """The largest count that is at most `share` of n. 0.29 * 100 is 28.999999999999996 in floating point, and means 29."""
    return int(share * n + 1e-9)


def eer(logits: Logits) -> float:
    """Equal error rate: where as large a share of the reals is called fake as of the fakes is called real.

    Between the two thresholds beside the crossing, both shares are taken as linear.
    """
    false_alarms, misses = _error_rates(logits)
    gap = misses - false_alarms  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    part = gap[after] / (gap[after] - gap[after - 1])
    return float(misses[after] - part * (misses[after] - misses[after - 1]))


def oracle_accuracy(logits: Logits) -> float:
    """The mean accuracy on reals and on fakes at the threshold that is best on these very images, so it flatters."""
    false_alarms, misses = _error_rates(logits)
    return float(1 - (false_alarms + misses).min() / 2)


def _error_rates(logits: Logits) -> tuple[np.ndarray, np.ndarray]:
    """The shares of reals called fake and of fakes called real, both (places + 1,), as the threshold rises.

    The first threshold lies below all logits, and each other one is the next distinct logit.
    """
    real_place, fake_place, places = shared_places(checked_logits(logits))
    real, fake = (np.append(0, np.bincount(place, minlength=places)).cumsum() for place in (real_place, fake_place))
    return (real[-1] - real) / real[-1], fake / fake[-1]


def ece(logits: Logits, bins: int = ECE_BINS) -> float:
    """Expected calibration error (Naeini et al. 2015), 0 to 1: how far the probability is from the share of fakes.

    In each of `bins` bins of equal width over the probability of fake, the mean probability is compared with the share of
    fakes. The mean of the differences is weighted by how much of the images lies in the bin.
    """
    real, fake = checked_logits(logits)
    probability = expit(np.concatenate([real, fake]))
    is_fake = np.repeat([0, 1], [len(real), len(fake)])
    weight = np.repeat([0.5 / len(real), 0.5 / len(fake)], [len(real), len(fake)])
    bin_of = np.minimum((probability * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(bin_of, weight * (probability - is_fake))).sum())


def brier(logits: Logits) -> float:
    """Mean squared error of the probability of fake (Brier 1950): 0 is perfect, a probability of one half gives 0.25."""
    real, fake = checked_logits(logits)
    return float((np.square(expit(real)).mean() + np.square(expit(-fake)).mean()) / 2)


def nll(logits: Logits) -> float:
    """Mean negative log likelihood in nats: 0 is perfect, a probability of one half gives log 2."""
    real, fake = checked_logits(logits)
    return float((np.logaddexp(0, real).mean() + np.logaddexp(0, -fake).mean()) / 2)  # -log(1 - p) and -log(p)


def flips(original: Logits, redelivered: Sequence[Logits], threshold: float) -> tuple[float, float]:
    """How often a verdict changes when the same images, in the same order, are delivered again.

    Returns the share of images whose verdict is not the same in all deliveries, and the mean share of the re-deliveries whose
    verdict differs from the original's. Raises ValueError when there is no re-delivery, or one has other numbers of images.
    """
    if not redelivered:
        raise ValueError("no image was delivered again, so nothing can be said of verdicts that change.")
    original = checked_logits(original)
    deliveries = [checked_logits(logits) for logits in redelivered]

    unsure, rates = [], []
    for kind, first, *again in zip(Logits._fields, original, *deliveries, strict=True):
        counts = [len(logits) for logits in (first, *again)]
        if len(set(counts)) > 1:
            raise ValueError(f"the deliveries must hold the same {kind} images, but their numbers are {counts}.")
        flipped = (np.array(again) > threshold) != (first > threshold)  # (deliveries, images)
        unsure.append(flipped.any(0).mean())
        rates.append(flipped.mean())
    return float(np.mean(unsure)), float(np.mean(rates))


def detection(
    tested: Logits,
    validation: Logits,
    threshold: float | None = None,
    *,
    seed: int,
    redelivered: Sequence[Logits] = (),
    kept: Logits | None = None,
    **where: Any,
) -> Detection:
    """All numbers of one detector on one tested set.

    validation   logits of the validation fold of the same fit
    threshold    above it, an image is called fake; None: the one that 5 % of the validation reals exceed at most
    seed         of the interval's random draws
    redelivered  logits of tested images that were delivered again, one item for each time
    kept         the logits of these images as they were first delivered; None: all tested images were delivered again
    where        which test this is: `protocol`, `variant`, and what else of `Detection` says so
    """
    threshold = threshold_at(validation.real) if threshold is None else threshold
    real_accuracy, fake_accuracy = accuracy_at(tested)
    real_at_threshold, fake_at_threshold = accuracy_at(tested, threshold)
    unsure, flip_rate = flips(kept or tested, redelivered, threshold) if redelivered else (None, None)
    return Detection(
        **where,
        auroc=auroc(*tested), auroc_interval=auroc_interval(tested, seed), ap=average_precision(*tested),
        real_accuracy=real_accuracy, fake_accuracy=fake_accuracy,
        threshold=threshold, real_accuracy_at_threshold=real_at_threshold, fake_accuracy_at_threshold=fake_at_threshold,
        oracle_accuracy=oracle_accuracy(tested), tpr_at_1=tpr_at(tested, 0.01), tpr_at_5=tpr_at(tested, 0.05),
        eer=eer(tested), ece=ece(tested), brier=brier(tested), nll=nll(tested),
        unsure=unsure, flip_rate=flip_rate,
        validate_auroc=auroc(*validation), n_real=len(tested.real), n_fake=len(tested.fake),
    )  # fmt: skip
