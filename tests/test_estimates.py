"""Numbers over seeds: their intervals stay within the range of the number."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gan_bench.leaderboard.estimates import over_seeds
from gan_bench.leaderboard.frames import Number
from tests.boards import build, cell, judge, metric, rows

T_3 = 4.302653  # 97.5 % quantile of Student's t with 2 degrees of freedom
T_2 = 12.706205  # with 1


def test_a_share_over_seeds_has_wilsons_interval(tmp_path: Path) -> None:
    values = (0.0113 - 0.005475, 0.0113, 0.0113 + 0.005475)
    results = [
        cell("dcgan", metric(value, "recall", higher_is_better=True, least=0, most=1), seed=seed)
        for seed, value in enumerate(values)
    ]
    [recall] = rows(build(tmp_path, *results))["dcgan"]["metrics"]
    error = 0.005475 / 3**0.5
    before = 0.0113 - T_3 * error, 0.0113 + T_3 * error
    assert before == pytest.approx((-0.0023, 0.0249), abs=1e-4)

    n = 0.0113 * (1 - 0.0113) / error**2
    middle = (0.0113 + T_3**2 / (2 * n)) / (1 + T_3**2 / n)
    assert (recall["low"] + recall["high"]) / 2 == pytest.approx(middle)
    assert 0 < recall["low"] < 0.0113 < recall["high"]
    assert recall["method"] == "95 % t interval of the mean over seeds, within the range of the number"


def test_a_count_over_seeds_stays_between_none_and_all(tmp_path: Path) -> None:
    results = [
        cell("dcgan", metric(value, "modes", higher_is_better=True, least=0, most=8), seed=seed)
        for seed, value in enumerate((1.0, 2.0))
    ]
    [modes] = rows(build(tmp_path, *results))["dcgan"]["metrics"]
    before = 1.5 - T_2 * 0.5, 1.5 + T_2 * 0.5
    assert before == pytest.approx((-4.85, 7.85), abs=0.01)
    assert (modes["low"], modes["high"]) == pytest.approx((0, before[1]))


def test_a_range_with_one_end_is_cut_off_there(tmp_path: Path) -> None:
    results = [cell("dcgan", metric(value, least=0), seed=seed) for seed, value in enumerate((1.0, 2.0))]
    [fd] = rows(build(tmp_path, *results))["dcgan"]["metrics"]
    assert (fd["low"], fd["high"]) == pytest.approx((0, 1.5 + T_2 * 0.5))


def test_detections_are_shares_and_costs_are_not_negative(tmp_path: Path) -> None:
    results = [judge("dct", {("leave-one-out", "dcgan"): auroc}, seed=seed) for seed, auroc in enumerate((0.9, 0.99))]
    board = build(tmp_path, cell("dcgan", metric(10.0)), *results)
    auroc = rows(board)["dcgan"]["detectability"]["clean"]
    assert auroc["value"] + T_2 * 0.045 > 1
    assert 0 < auroc["low"] < auroc["value"] < auroc["high"] < 1

    with (tmp_path / "out" / "leaderboard.csv").open(newline="") as file:
        ranges = {row["name"]: (row["least"], row["most"]) for row in csv.DictReader(file)}
    assert ranges["auroc"] == ranges["fake_accuracy"] == ("0.0", "1.0")
    assert ranges["train_seconds"] == ("0.0", "") and ranges["fd_lite0@64_5k"] == ("", "")


def test_equal_seeds_have_no_interval() -> None:
    [estimate] = over_seeds([Number(name="x", value=0.1, least=0.0, most=1.0)] * 3, ["name"]).values()
    assert (estimate.low, estimate.high, estimate.method, estimate.seeds) == (None, None, None, 3)


@pytest.mark.parametrize("total", [20, 90])  # of the beta distribution: the smaller, the more skewed
def test_the_interval_of_a_share_over_five_seeds_covers_what_it_says(total: int) -> None:
    """The share of 2,000 trials that cover has a standard error of sqrt(.95 * .05 / 2000) = .005.

    At least .95 - 4 * .005 = .93 must cover. Wilson's form is a little wide near the ends, so up to .96 + 4 * .005 = .98 may.
    """
    trials, n = 2000, 5
    values = np.random.default_rng(0).beta(0.1 * total, 0.9 * total, size=(trials, n))
    frame = [
        Number(name=str(i), value=value, least=0.0, most=1.0) for i, trial in enumerate(values.tolist()) for value in trial
    ]
    found = over_seeds(frame, ["name"]).values()
    covering = [e.low <= 0.1 <= e.high for e in found if e.low is not None and e.high is not None]
    assert len(covering) == trials and 0.93 < np.mean(covering) < 0.98
