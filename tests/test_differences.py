"""Differences between trainings: the tests against SciPy, and how often they claim what is not so, on simulated seeds."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gan_bench.core.differences import (
    BETTER,
    ONE_SEED,
    UNKNOWN,
    WORSE,
    Difference,
    between_seeds,
    certain,
    holm,
    paired,
    predicted,
    rank_intervals,
    verdict_of,
    welch,
)

TRIALS = 2_000
LEARNING = Path(__file__).parents[1] / "benchmarks" / "results" / "learning-quick.json"


def real_scatter() -> np.ndarray:
    """The relative standard deviation over three seeds of each entry and Frechet distance that was measured, (E,)."""
    groups = defaultdict(list)
    for row in json.loads(LEARNING.read_text())["rows"]:
        groups[row["dataset"], row["variant"], row["metric"]].append(row["after"])
    values = np.array([group for group in groups.values() if len(group) == 3])
    return np.asarray(values.std(1, ddof=1) / values.mean(1))


def simulated(rng: np.random.Generator, entries: int, seeds: int, real: bool) -> np.ndarray:
    """Values (TRIALS, entries, seeds) of entries whose mean is 0, all with scatter 1, or each with one that was measured.

    Three residuals of three seeds say nothing about the shape of the noise, so it is normal in both cases.
    """
    scatter = rng.choice(real_scatter(), size=(TRIALS, entries, 1)) if real else 1.0
    return np.asarray(scatter * rng.normal(size=(TRIALS, entries, seeds)))


# Single tests, against SciPy


def test_welch_agrees_with_scipy() -> None:
    first, second = [1.0, 1.4, 0.8, 1.1], [2.5, 1.7, 4.0]
    found, expected = welch(first, second), stats.ttest_ind(second, first, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue) and found.freedom == pytest.approx(expected.df)
    assert found.p_above == pytest.approx(stats.ttest_ind(second, first, equal_var=False, alternative="greater").pvalue)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert found.least() == pytest.approx(
        stats.ttest_ind(second, first, equal_var=False, alternative="greater").confidence_interval().low
    )


def test_pairs_agree_with_scipy() -> None:
    first, second = [1.0, 1.4, 0.8], [1.3, 1.6, 1.2]
    found, expected = paired(first, second), stats.ttest_rel(second, first)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()))


def test_one_new_value_lies_in_the_prediction_interval_as_often_as_it_says() -> None:
    values = np.random.default_rng(0).normal(size=(4_000, 4))
    claimed = np.mean([predicted(row[:3].tolist(), row[3]).p_above <= 0.05 for row in values])
    assert claimed == pytest.approx(0.05, abs=0.0104)  # 3 standard errors


def test_power_is_the_share_of_simulated_tests_that_find_the_difference() -> None:
    rng = np.random.default_rng(0)
    planned = Difference(0.0, np.sqrt(2 / 5), 8.0).power(2.0)
    found = stats.ttest_ind(rng.normal(2, 1, (20_000, 5)), rng.normal(size=(20_000, 5)), axis=1, alternative="greater")
    assert planned == pytest.approx((found.pvalue <= 0.05).mean(), abs=0.007)  # 3 standard errors
    assert Difference(0.0, 1.0, 3.0).power(0.0) == pytest.approx(0.05)


@pytest.mark.parametrize("value", [0.1, 0.7, 12.3])
def test_equal_values_whose_mean_is_rounded_have_no_scatter(value: float) -> None:
    assert welch([value] * 3, [2 * value] * 3).error == 0


def test_seeds_are_pairs_only_where_both_sides_have_the_same_and_are_said_to_be() -> None:
    old, new = {0: 1.0, 1: 5.0, 2: 9.0}, {2: 8.9, 0: 0.9, 1: 4.89}
    difference, test = between_seeds(old, new, paired_seeds=True)
    assert test == "t test of 3 pairs of seeds" and difference is not None
    assert (verdict_of(difference, False), verdict_of(difference, True)) == (BETTER, WORSE)

    for changed, said in ((new, False), (new | {3: 7.0}, True), ({0: 0.9, 1: 4.89, 7: 8.9}, True)):
        difference, test = between_seeds(old, changed, paired_seeds=said)
        assert test == f"Welch test, {len(changed)} against 3 seeds" and verdict_of(difference, False) == UNKNOWN


def test_one_seed_or_no_scatter_gives_no_verdict() -> None:
    assert between_seeds({0: 1.0}, {0: 2.0, 1: 2.1}, paired_seeds=True) == (None, ONE_SEED)
    difference, _ = between_seeds({0: 1.0, 1: 1.0}, {0: 2.0, 1: 2.0}, paired_seeds=False)
    assert difference is None and verdict_of(difference, True) == UNKNOWN


def test_no_scatter_gives_no_claim() -> None:
    same = welch([3.0, 3.0], [5.0, 5.0])
    assert (same.value, same.p, same.p_above, same.power(100.0)) == (2.0, 1.0, 1.0, 0.0)
    assert rank_intervals([[3.0, 3.0], [5.0, 5.0]], higher_is_better=False) == [(1, 2), (1, 2)]


def test_holm_agrees_with_a_hand_made_case() -> None:
    assert holm([0.02, 0.001, 0.04, 0.015]) == [True, True, True, True]  # limits .0125, .0167, .025, .05
    assert holm([0.03, 0.001, 0.04, 0.015]) == [False, True, False, True]
    assert holm([]) == []


# Ranks


def test_ranks_follow_the_direction() -> None:
    entries = [[10.0, 10.1, 9.9], [1.0, 1.1, 0.9], [5.0, 5.1, 4.9]]
    assert rank_intervals(entries, higher_is_better=False) == [(3, 3), (1, 1), (2, 2)]
    assert rank_intervals(entries, higher_is_better=True) == [(1, 1), (3, 3), (2, 2)]
    assert rank_intervals([[1.0, 2.0]], higher_is_better=True) == [(1, 1)] and rank_intervals([], higher_is_better=True) == []


def test_being_alike_does_not_carry_over() -> None:
    entries = [[1.0, 1.6, 0.4], [2.0, 2.6, 1.4], [3.0, 3.6, 2.4]]
    assert rank_intervals(entries, higher_is_better=False) == [(1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("entries", "seeds"), [(2, 3), (10, 3)])
def test_equal_entries_are_told_apart_in_at_most_one_trial_of_twenty(entries: int, seeds: int, real: bool) -> None:
    values = simulated(np.random.default_rng(entries), entries, seeds, real)
    claims = sum(any(True for _ in certain(trial)) for trial in values.tolist())
    assert claims / TRIALS <= 0.05


@pytest.mark.parametrize("real", [False, True])
def test_rank_intervals_hold_the_true_ranks(real: bool) -> None:
    rng = np.random.default_rng(1)
    noise = simulated(rng, 6, 5, real)
    means = np.array([0.0, 1.0, 2.0, 2.5, 4.0, 8.0]) * (real_scatter().mean() if real else 1.0)
    held = [
        all(low <= rank <= high for rank, (low, high) in enumerate(rank_intervals(trial, higher_is_better=False), 1))
        for trial in (noise + means[:, None]).tolist()
    ]
    assert np.mean(held) >= 0.95


def test_the_power_for_a_pair_is_welchs_own_after_the_same_correction() -> None:
    values = np.random.default_rng(2).normal(size=(TRIALS, 4, 5))
    values[:, 3] += 2
    found = np.mean([(0, 3) in set(certain(trial)) for trial in values.tolist()])

    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    p = np.stack([stats.ttest_ind(values[:, i], values[:, j], axis=1, equal_var=False).pvalue for i, j in pairs])
    limits = 0.05 / np.arange(len(pairs), 0, -1)
    passed = np.minimum.accumulate(np.sort(p, axis=0) <= limits[:, None]).sum(0)  # Holm: up to the first that is above
    expected = np.mean((p.argsort(0).argsort(0) < passed)[pairs.index((0, 3))])
    assert found == pytest.approx(expected, abs=0.03) and found > 0.4
