"""The numbers made from detectors' logits, and the bootstrap intervals of the AUROC."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

from gan_bench.core.seeds import derive
from gan_bench.detectors import bootstrap
from gan_bench.detectors.bootstrap import auroc_interval, lowest_of_perfect, paired_difference
from gan_bench.detectors.evaluate import (
    Logits,
    accuracy_at,
    auroc,
    average_precision,
    brier,
    detection,
    ece,
    eer,
    flips,
    nll,
    oracle_accuracy,
    threshold_at,
    tpr_at,
)
from gan_bench.records import Detection, Interval

EXACT = 1e-12  # for the same number summed in another order: some hundred roundings of 1e-16


def of(real: Any, fake: Any) -> Logits:
    return Logits(np.array(real, float), np.array(fake, float))


def gaussian(n_real: int, n_fake: int, shift: float, seed: int) -> Logits:
    rng = np.random.default_rng(seed)
    return Logits(rng.normal(0, 1, n_real), rng.normal(shift, 1, n_fake))


def two_detectors(n: int, shifts: tuple[float, float], seed: int) -> tuple[Logits, Logits]:
    """Of the same n reals and n fakes; correlation 0.5 within each class."""
    rng = np.random.default_rng(seed)
    real, fake = (rng.multivariate_normal(mean, [[1, 0.5], [0.5, 1]], n).T for mean in ((0, 0), shifts))
    return Logits(real[0], fake[0]), Logits(real[1], fake[1])


def for_sklearn(logits: Logits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, logits and weights: scikit-learn's way to say that the classes weigh the same."""
    counts = [len(logits.real), len(logits.fake)]
    return np.repeat([0, 1], counts), np.concatenate(logits), np.repeat(0.5 / np.array(counts), counts)


UNEVEN = [gaussian(50, 80, 1.0, seed=0), Logits(*(part.round() for part in gaussian(50, 80, 1.0, seed=1)))]
over_uneven = pytest.mark.parametrize("logits", UNEVEN, ids=["distinct", "tied"])
MEASURES: dict[str, Callable[[Logits], Any]] = {
    "auroc": lambda logits: auroc(*logits), "average_precision": lambda logits: average_precision(*logits),
    "accuracy_at": accuracy_at, "tpr_at": lambda logits: tpr_at(logits, 0.05), "eer": eer, "oracle_accuracy": oracle_accuracy,
    "ece": ece, "brier": brier, "nll": nll,
    "flips, original": lambda logits: flips(logits, [of([0], [0])], 0.0),
    "flips, again": lambda logits: flips(of([0, 0], [0, 0]), [logits], 0.0),
    "auroc_interval": lambda logits: auroc_interval(logits, seed=0),
    "paired_difference": lambda logits: paired_difference(of([0, 0], [0, 0]), logits, seed=0),
    "detection": lambda logits: detection(logits, of([0], [1]), seed=0, protocol="seen", variant="dcgan"),
    "detection, validation": lambda logits: detection(of([0], [1]), logits, seed=0, protocol="seen", variant="dcgan"),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- ranking


def test_auroc_is_one_when_apart_zero_when_reversed_and_half_when_tied():
    low, high = np.array([-3.0, -2.0, 0.1]), np.array([0.2, 5.0])
    assert auroc(low, high) == 1
    assert auroc(high, low) == 0
    assert auroc(np.full(3, 0.4), np.full(7, 0.4)) == 0.5


def test_auroc_counts_a_tie_as_half_a_pair():
    assert auroc(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == 3.5 / 4  # pairs won: 1, 1/2, 1, 1


@over_uneven
def test_auroc_agrees_with_sklearn(logits):
    labels, scores, _ = for_sklearn(logits)
    assert auroc(*logits) == pytest.approx(roc_auc_score(labels, scores), abs=EXACT)


def test_average_precision_is_one_when_apart_and_one_half_when_tied_whatever_the_counts():
    assert average_precision(np.zeros(10), np.ones(3)) == 1
    assert average_precision(np.zeros(10), np.zeros(3)) == pytest.approx(0.5)


def test_average_precision_is_that_of_equally_common_classes():
    # One real of ten beats both fakes. At equal prevalence it weighs 0.1 against the fakes' 1, so precision at full recall
    # is 1 / 1.1; counting images instead would give 2 / 3.
    real, fake = np.array([1.0] + [0.0] * 9), np.array([0.5, 0.5])
    assert average_precision(real, fake) == pytest.approx(1 / 1.1)
    assert average_precision(np.repeat(real, 3), fake) == pytest.approx(1 / 1.1)


def test_average_precision_agrees_with_sklearn_where_the_counts_are_equal():
    logits = gaussian(70, 70, 1.0, seed=2)
    labels, scores, _ = for_sklearn(logits)
    assert average_precision(*logits) == pytest.approx(average_precision_score(labels, scores), abs=EXACT)


# ---------------------------------------------------------------------------------------------------------- thresholds


def test_a_logit_at_the_threshold_means_real():
    logits = of([-2, -1, 0, 3], [0, 0.5])
    assert accuracy_at(logits) == (0.75, 0.5)
    assert accuracy_at(logits, threshold=-1) == (0.5, 1.0)


def test_a_detector_that_calls_everything_fake():
    logits = of(np.full(400, 0.7), np.full(400, 0.7))
    assert accuracy_at(logits) == (0.0, 1.0)
    assert auroc(*logits) == eer(logits) == oracle_accuracy(logits) == 0.5
    assert tpr_at(logits, 0.05) == 0  # to find one of them would call every real fake


@pytest.mark.parametrize(
    ("real", "share", "threshold"),
    [
        (range(20), 0.05, 18),  # one of twenty lies above
        (range(20), 0.04, 19),  # none may
        ([1, 2, 3, 3, 3], 0.4, 3),  # below 3, three of five would lie above
        ([1, 2, 2, 3, 3], 0.4, 2),  # exactly two of five lie above
        ([5, 5, 5], 0.0, 5),
        (range(100), 0.29, 70),  # 0.29 * 100 is below 29 in floating point
    ],
)  # fmt: skip
def test_the_threshold_is_the_smallest_that_few_enough_reals_exceed(real, share, threshold):
    logits = np.random.default_rng(0).permutation(np.array(real, float))
    assert threshold_at(logits, share) == threshold
    assert accuracy_at(of(logits, [0]), threshold)[0] >= 1 - share - EXACT
    assert accuracy_at(of(logits, [0]), np.nextafter(threshold, -np.inf))[0] < 1 - share - EXACT


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_a_share_that_has_no_threshold_is_refused(share):
    with pytest.raises(ValueError, match="share of reals above a threshold must be at least 0 and below 1"):
        threshold_at(np.zeros(3), share)


@pytest.mark.parametrize(("share", "decimals"), [(0.05, 9), (0.1, 9), (0.05, 1), (0.37, 1)])
def test_tpr_at_is_the_highest_point_of_sklearns_roc_curve_within_the_rate(share, decimals):
    logits = Logits(*(part.round(decimals) for part in gaussian(450, 300, 1.5, seed=3)))
    labels, scores, _ = for_sklearn(logits)
    false_alarms, found, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert tpr_at(logits, share) == found[false_alarms <= share].max()


@pytest.mark.parametrize(
    ("n_real", "share", "shown"), [(399, 0.05, False), (400, 0.05, True), (1999, 0.01, False), (2000, 0.01, True)]
)
def test_a_rate_that_stands_on_fewer_than_twenty_reals_is_withheld(n_real, share, shown):
    found = tpr_at(of(np.zeros(n_real), [1, 1]), share)
    assert found == (1 if shown else None)


def test_the_equal_error_rate_by_hand():
    assert eer(of([1, 2, 3, 6], [4, 5, 6.5, 0])) == 0.25  # at 3: one of four reals lies above, one of four fakes does not
    # As the threshold passes 1, false alarms fall from 1/2 to 0 and misses rise from 0 to 1/3. With t the part of the way,
    # (1 - t) / 2 = t / 3 at t = 3/5.
    assert eer(of([0, 1], [1, 2, 3])) == pytest.approx(0.2, abs=EXACT)
    assert eer(of([0, 1], [2, 3])) == 0
    assert eer(of([2, 3], [0, 1])) == 1


@over_uneven
def test_the_equal_error_rate_and_the_oracle_are_points_of_sklearns_roc_curve(logits):
    labels, scores, _ = for_sklearn(logits)
    false_alarms, found, _ = roc_curve(labels, scores, drop_intermediate=False)
    crossing = np.interp(0, false_alarms - (1 - found), false_alarms)  # rises, and the EER is where it is 0
    assert eer(logits) == pytest.approx(crossing, abs=EXACT)
    assert oracle_accuracy(logits) == pytest.approx((found + 1 - false_alarms).max() / 2, abs=EXACT)


def test_the_oracle_is_never_worse_than_a_guess_nor_than_any_fixed_threshold():
    assert oracle_accuracy(of([2, 3], [0, 1])) == 0.5  # everything real, or everything fake
    assert oracle_accuracy(of([-9, -8, -7], [-6, -5])) == 1
    logits = gaussian(60, 40, 0.5, seed=4)
    assert all(oracle_accuracy(logits) >= np.mean(accuracy_at(logits, t)) - EXACT for t in np.linspace(-3, 3, 50))


# --------------------------------------------------------------------------------------------------------- calibration


@over_uneven
def test_brier_and_nll_agree_with_sklearn_with_classes_of_equal_weight(logits):
    labels, scores, weights = for_sklearn(logits)
    assert brier(logits) == pytest.approx(brier_score_loss(labels, expit(scores), sample_weight=weights), abs=EXACT)
    assert nll(logits) == pytest.approx(log_loss(labels, expit(scores), sample_weight=weights), abs=EXACT)


def test_ece_agrees_with_sklearns_calibration_curve():
    logits = gaussian(400, 400, 1.0, seed=5)
    labels, scores, _ = for_sklearn(logits)
    share_of_fakes, probability = calibration_curve(labels, expit(scores), n_bins=15)
    counts = np.histogram(expit(scores), bins=15, range=(0, 1))[0]
    assert ece(logits) == pytest.approx(counts[counts > 0] / 800 @ abs(share_of_fakes - probability), abs=EXACT)


def test_ece_by_hand_with_classes_of_equal_weight():
    # Three reals at .2 and one fake at .8 in two bins: probabilities are .2 too high for half of the weight, .2 too low for
    # the other. In one bin: the mean is .5, and so is the share of fakes.
    logits = of(np.log([0.25] * 3), np.log([4]))
    assert ece(logits, bins=2) == pytest.approx(0.2, abs=EXACT)
    assert ece(logits, bins=1) == pytest.approx(0, abs=EXACT)


def test_true_probabilities_are_calibrated_and_doubled_logits_are_not():
    # For N(-1/2, 1) and N(1/2, 1) the log odds are the value itself.
    n = 20_000
    real, fake = (part - 0.5 for part in gaussian(n, n, 1.0, seed=6))
    # In a bin with a share w of the 2 n images, the share of fakes errs by at most 1 / (2 sqrt(2 n w)), so w times it by
    # sqrt(w / 2 n) / 2. Over 15 bins this is at most sqrt(15 / 2 n) / 2 = .0097; the mean of |error| is .8 of that.
    assert ece(Logits(real, fake)) < 0.0097
    assert ece(Logits(2 * real, 2 * fake)) > 0.05
    assert brier(Logits(real, fake)) < brier(Logits(2 * real, 2 * fake))
    assert nll(Logits(real, fake)) < nll(Logits(2 * real, 2 * fake))


def test_extreme_logits_overflow_nowhere():
    with np.errstate(all="raise", under="ignore"):
        right, wrong = of([-1000, -1000], [1000]), of([1000, 1000], [-1000])
        assert (brier(right), nll(right), ece(right), eer(right)) == (0, 0, 0, 0)
        assert (brier(wrong), nll(wrong), ece(wrong), eer(wrong)) == (1, 1000, 1, 1)
        undecided = of([0, 0, 0], [0])
        assert (brier(undecided), ece(undecided)) == (0.25, 0)
        assert nll(undecided) == pytest.approx(math.log(2), abs=EXACT)


# --------------------------------------------------------------------------------------------------------------- flips


def test_flips_by_hand():
    original = of([-1, -1, -1, 0.5], [1, 1])
    again = [of([-1, 1, -1, 0.5], [1, -1]), of([-1, 1, -1, -1], [1, 1])]
    # Reals: the second flips twice and the fourth once, of four images and eight re-deliveries. Fakes: one of two, one of four.
    assert flips(original, again, 0.0) == pytest.approx(((2 / 4 + 1 / 2) / 2, (3 / 8 + 1 / 4) / 2), abs=EXACT)
    assert flips(original, again, 2.0) == (0, 0)  # everything is real, every time
    assert flips(original, [original] * 3, 0.0) == (0, 0)


def test_a_flip_starts_above_the_threshold():
    assert flips(of([0], [0]), [of([0.5], [0])], 0.5) == (0, 0)
    assert flips(of([0], [0]), [of([0.6], [0])], 0.5) == (0.5, 0.5)


def test_deliveries_of_other_images_are_refused():
    with pytest.raises(ValueError, match=r"the same fake images, but their numbers are \[2, 2, 1\]"):
        flips(of([0], [0, 0]), [of([0], [0, 0]), of([0], [0])], 0.0)
    with pytest.raises(ValueError, match="no image was delivered again"):
        flips(of([0], [0]), [], 0.0)


# ----------------------------------------------------------------------------------------------------------- intervals


def delong_error(logits: Logits) -> float:
    """Standard error of the AUROC, DeLong et al. 1988: the spread of each image's share of pairs won."""
    won = (logits.fake[:, None] > logits.real[None]).astype(float)  # (fakes, reals)
    return math.sqrt(won.mean(1).var(ddof=1) / len(logits.fake) + won.mean(0).var(ddof=1) / len(logits.real))


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_interval_has_the_width_of_the_delong_standard_error():
    logits = gaussian(400, 300, shift=1.0, seed=1)
    interval = auroc_interval(logits, seed=0)
    # Quantiles at 2.5 and 97.5 % of 1000 draws have an error of sqrt(.025 * .975 / 1000) / phi(1.96) = 0.085 standard
    # errors each, so the width of 3.92 has one of 0.12, or 3 %; 10 % is three of those.
    assert width(interval) == pytest.approx(2 * 1.96 * delong_error(logits), rel=0.1)
    assert interval.low < auroc(*logits) < interval.high
    assert interval.method == "stratified bootstrap over images, 1000 draws, 95 %, at 0 and 1 the rule of three"


def test_the_interval_holds_the_quantiles_over_images_picked_one_by_one(monkeypatch):
    """With tied logits, and fewer counts at a time than a sample has."""
    real, fake = (part.round(1) for part in gaussian(30, 40, 1.0, seed=2))
    monkeypatch.setattr(bootstrap, "AT_ONCE", 50)
    interval = auroc_interval(Logits(real, fake), seed=5, draws=50, level=0.8)
    real_rng, fake_rng = (np.random.default_rng(derive(5, "bootstrap", kind)) for kind in Logits._fields)
    drawn = [auroc(real_rng.choice(real, 30), fake_rng.choice(fake, 40)) for _ in range(50)]
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(drawn, [0.1, 0.9])), abs=EXACT)


def test_draws_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    first, second = two_detectors(60, (1.5, 1.0), seed=2)
    at_once = auroc_interval(first, seed=3), paired_difference(first, second, seed=3)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 7 * 120)
    assert (auroc_interval(first, seed=3), paired_difference(first, second, seed=3)) == at_once


def test_interval_is_repeatable_and_narrows_with_more_images():
    few, many = gaussian(100, 100, 1.0, seed=2), gaussian(1600, 1600, 1.0, seed=2)
    assert auroc_interval(few, seed=3) == auroc_interval(few, seed=3)
    assert auroc_interval(few, seed=3) != auroc_interval(few, seed=4)
    widths = [width(auroc_interval(logits, seed=3)) for logits in (few, many)]
    assert 0.15 < widths[1] / widths[0] < 0.4  # 16 times the images: a quarter of the width


def test_interval_of_the_auroc_covers_the_truth():
    """95 +- 2 %, where the binomial error of 500 cases is 1 %. Over 4,000 cases of this kind it covers 94.7 %."""
    truth = norm.cdf(1 / math.sqrt(2))  # P(N(1, 1) > N(0, 1))
    intervals = [auroc_interval(gaussian(100, 100, shift=1.0, seed=k), seed=k) for k in range(500)]
    assert 0.93 <= np.mean([i.low <= truth <= i.high for i in intervals]) <= 0.97


def test_paired_difference_covers_the_truth():
    """Likewise; over 4,000 cases of this kind it covers 95.4 %."""
    truth = norm.cdf(1.5 / math.sqrt(2)) - norm.cdf(1.0 / math.sqrt(2))
    intervals = [paired_difference(*two_detectors(50, (1.5, 1.0), seed=k), seed=k) for k in range(500)]
    assert 0.93 <= np.mean([i.low <= truth <= i.high for i in intervals]) <= 0.97


@pytest.mark.parametrize(("n_real", "n_fake"), [(1200, 1200), (40, 5000)])
def test_the_interval_of_a_perfect_separation_reaches_as_far_as_the_rule_of_three(n_real, n_fake):
    real, fake = np.arange(n_real) - 1e6, np.arange(n_fake) + 1e6
    interval = auroc_interval(Logits(real, fake), seed=0)
    k = min(n_real, n_fake)
    assert interval.high == 1
    assert interval.low == pytest.approx(binomtest(k, k, alternative="greater").proportion_ci(0.95).low, abs=EXACT)
    # log .05 is 3 to .005, and exp(-x) is 1 - x to half of x^2
    assert interval.low == pytest.approx(1 - 3 / k, abs=0.005 / k + 4.5 / k**2)
    reversed_ = auroc_interval(Logits(-real, -fake), seed=0)
    assert (reversed_.low, reversed_.high) == pytest.approx((0, 1 - interval.low), abs=EXACT)


def test_where_some_fakes_pass_as_real_a_perfect_separation_is_as_common_as_the_rule_says():
    """Fakes of which a share lies below all reals: the AUROC is one less that share, and of n fakes none may be such a one."""
    n, rng = 60, np.random.default_rng(0)
    lowest = lowest_of_perfect(of(np.zeros(n), np.zeros(n)), 0.95)
    perfect = (rng.random((20_000, n)) < lowest).all(1).mean()
    assert perfect == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 20_000))  # four binomial errors


def test_a_detector_with_an_error_never_looks_more_certain_than_one_without():
    real, fake = np.arange(300.0), np.arange(300.0) + 299.5
    fake[0] = 298.5  # one pair of 90,000 is lost
    assert auroc(real, fake) == 1 - 1 / 90_000
    assert auroc_interval(Logits(real, fake), seed=0).low <= lowest_of_perfect(Logits(real, fake), 0.95)


def test_a_paired_difference_changes_its_sign_with_the_order():
    first, second = two_detectors(80, (1.5, 1.0), seed=3)
    there, back = paired_difference(first, second, seed=1), paired_difference(second, first, seed=1)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=EXACT)
    assert there.low < auroc(*first) - auroc(*second) < there.high
    assert there.method == "stratified bootstrap over images, 1000 draws, 95 %"


def test_what_makes_an_image_hard_for_both_cancels_in_a_paired_difference():
    first = gaussian(200, 200, 1.0, seed=4)
    second = Logits(*(part + 1e-3 * noise for part, noise in zip(first, gaussian(200, 200, 0.0, seed=5), strict=True)))
    assert width(paired_difference(first, second, seed=0)) < 0.02 * width(auroc_interval(first, seed=0))
    nothing = paired_difference(first, Logits(*(3 * part - 1 for part in first)), seed=0)  # the same order
    assert (nothing.low, nothing.high) == (0, 0)


def test_a_paired_difference_of_other_images_is_refused():
    with pytest.raises(ValueError, match="they scored 2 reals and 1 fakes, and 2 reals and 2 fakes"):
        paired_difference(of([0, 1], [2]), of([0, 1], [2, 3]), seed=0)


# ----------------------------------------------------------------------------------------------------------- detection


def test_detection_holds_every_number():
    tested, validation = gaussian(2000, 500, 2.0, seed=5), gaussian(300, 200, 1.0, seed=6)
    kept = Logits(tested.real[:20], tested.fake[:10])
    again = [
        Logits(*(part + 0.5 * noise for part, noise in zip(kept, gaussian(20, 10, 0.0, k), strict=True))) for k in range(4)
    ]
    where: dict[str, Any] = {
        "tier": "web", "protocol": "robust", "fitted_on": ("a", "b"), "variant": "a", "corruption": "jpeg", "severity": 3,
    }  # fmt: skip
    found = detection(tested, validation, seed=7, redelivered=again, kept=kept, **where)

    threshold = threshold_at(validation.real)
    expected = {
        **where, "n_real": 2000, "n_fake": 500, "threshold": threshold, "auroc": auroc(*tested),
        "auroc_interval": auroc_interval(tested, seed=7), "ap": average_precision(*tested),
        "oracle_accuracy": oracle_accuracy(tested), "tpr_at_1": tpr_at(tested, 0.01), "tpr_at_5": tpr_at(tested, 0.05),
        "eer": eer(tested), "ece": ece(tested), "brier": brier(tested), "nll": nll(tested),
        "validate_auroc": auroc(*validation),
    }  # fmt: skip
    expected["real_accuracy"], expected["fake_accuracy"] = accuracy_at(tested)
    expected["real_accuracy_at_threshold"], expected["fake_accuracy_at_threshold"] = accuracy_at(tested, threshold)
    expected["unsure"], expected["flip_rate"] = flips(kept, again, threshold)
    assert {name: getattr(found, name) for name in Detection.model_fields} == expected
    assert not [name for name, field in Detection.model_fields.items() if expected[name] == field.default]


def test_detection_leaves_open_what_was_not_measured():
    found = detection(gaussian(399, 60, 2.0, seed=5), gaussian(50, 50, 2.0, seed=6), seed=0, protocol="seen", variant="dcgan")
    absent = {name for name in Detection.model_fields if getattr(found, name) is None}
    assert absent == {"tpr_at_1", "tpr_at_5", "unsure", "flip_rate"}


def test_without_kept_logits_all_tested_images_were_delivered_again():
    tested, again = of([-1, -1], [1, 1]), of([-1, 3], [1, 1])
    found = detection(tested, of([0], [1]), seed=0, redelivered=[again], protocol="seen", variant="dcgan")
    assert (found.unsure, found.flip_rate) == (0.25, 0.25)


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_logits_that_are_no_numbers_are_refused(measure):
    with pytest.raises(ValueError, match="1 of 2 fake scores are NaN or infinite"):
        measure(of([0.1, 0.2], [0.3, np.nan]))
    with pytest.raises(ValueError, match="1 of 2 real scores are NaN or infinite"):
        measure(of([0.1, -np.inf], [0.3, 0.4]))
    with pytest.raises(ValueError, match="real scores must be a non-empty list"):
        measure(of([], [0.3]))
    with pytest.raises(ValueError, match="fake scores must be a non-empty list"):
        measure(of([0.3], []))


def test_a_threshold_of_no_numbers_is_refused():
    with pytest.raises(ValueError, match="1 of 2 real scores are NaN or infinite"):
        threshold_at(np.array([0.1, np.nan]))
    with pytest.raises(ValueError, match=r"have shape \(2, 1\)"):
        threshold_at(np.zeros((2, 1)))
