"""Performance profiles: one order over several datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.profile import Profile
from tests.boards import build, cell, page, seeds


def board(tmp_path: Path) -> Board:
    """a is best on one dataset and 3 times worse on the other; b is 1.2 and 1 times; c has no value on the second one."""
    first = [*seeds("a", 10.0, 10.0), *seeds("b", 12.0, 12.0), *seeds("c", 40.0, 40.0)]
    second = [*seeds("a", 60.0, 24.0, dataset="mnist"), *seeds("b", 20.0, 20.0, dataset="mnist")]
    return build(tmp_path, *first, *second, cell("c", status="failed", reason="no memory", dataset="mnist"))


def profile(tmp_path: Path) -> Profile:
    [found] = board(tmp_path).profiles
    return found


def test_a_profile_is_the_share_of_datasets_within_a_factor_of_the_best(tmp_path: Path) -> None:
    found = {curve.label: curve for curve in profile(tmp_path).curves}
    assert [found["b"].share(tau) for tau in (1.0, 1.19, 1.2, 2.0)] == [0.5, 0.5, 1.0, 1.0]
    assert [found["c"].share(tau) for tau in (3.9, 4.0, 1e9)] == [0.0, 0.5, 0.5]


def test_its_range_is_that_of_the_seeds(tmp_path: Path) -> None:
    [a] = [curve for curve in profile(tmp_path).curves if curve.label == "a"]
    assert (a.share(2.0), a.span(2.0)) == (0.75, (0.5, 1.0))  # 60 and 24 against 20


def test_the_order_is_by_the_smallest_factors(tmp_path: Path) -> None:
    assert [curve.label for curve in profile(tmp_path).curves] == ["b", "a", "c"]  # at 1.1 a and b have .5, at 1.5 b has more


def test_one_dataset_or_one_entry_has_no_profile(tmp_path: Path) -> None:
    assert build(tmp_path, *seeds("a", 1.0, 2.0), *seeds("b", 1.0, 2.0)).profiles == []
    assert build(tmp_path, *seeds("a", 1.0, 2.0), *seeds("a", 1.0, 2.0, dataset="mnist")).profiles == []


def test_an_entry_trained_against_the_metric_has_none(tmp_path: Path) -> None:
    flattered = {"trained_against": ("lite0",)}
    results = [
        result
        for dataset in ("mnist", "cifar10")
        for result in (*seeds("a", 1.0, 2.0, dataset=dataset, **flattered), *seeds("b", 9.0, 9.5, dataset=dataset))
    ]
    [found] = build(tmp_path, *results).profiles
    shares = {curve.label: curve.share(1e9) for curve in found.curves}
    assert shares == {"b": 1.0, "a": 0.0}


def test_page_and_json_show_it(tmp_path: Path) -> None:
    made = board(tmp_path)
    front = page(tmp_path, "index.html")
    assert "Over cifar10, mnist: quick, from latents" in front and "share of 2 datasets" in front
    assert "within 1.5 times" in front
    [data] = made.to_dict()["profiles"]
    assert data["factors"]["c"] == [[4.0, None], [4.0, None]] and data["factors"]["a"][0] == pytest.approx([1.0, 3.0])
