"""Ranks: within a task, from two seeds on, and never by a metric that the entry was trained against."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.rank import NO_RULES, choose_headline
from gan_bench.records import MetricValue, Result, TableRules
from tests.boards import HERE, build, cell, column, generators_of, interval, judge, metric, notes, page, reference, rows, seeds


def cells_of(board: Board, entry: str) -> list[str]:
    """The cells of an entry's row in the table of generators, its rank first, then its name."""
    [[name, rank, *others]] = [cells for cells in generators_of(board) if cells[0] == entry]
    return [rank, name, *others]


def test_only_variants_are_ranked_and_equal_seeds_have_no_interval(tmp_path: Path) -> None:
    board = build(
        tmp_path,
        *seeds("dcgan", 10.0, 10.1),
        *seeds("sngan", 10.1, 10.2),
        *seeds("wgan-gp", 20.0, 20.0),
        reference("real", metric(1.0)),
        reference("theirs", metric(2.0), external=True),
    )
    assert {name: row["ranks"] for name, row in rows(board).items()} == {
        "dcgan": (1, 2),
        "sngan": (1, 2),
        "wgan-gp": (3, 3),
        "real": None,
        "theirs": None,
    }
    assert cells_of(board, "wgan-gp")[2] == "20"
    assert cells_of(board, "theirs (external)")[2] == "2"


def test_one_seed_gives_no_rank(tmp_path: Path) -> None:
    narrow = {"interval": interval(9.9, 10.1)}
    board = build(tmp_path, cell("dcgan", metric(10.0, **narrow)), cell("sngan", metric(20.0, interval=interval(19.9, 20.1))))
    text = notes(board)
    assert [(name, row["ranks"]) for name, row in rows(board).items()] == [("dcgan", None), ("sngan", None)]
    assert cells_of(board, "dcgan")[0] == cells_of(board, "sngan")[0] == "1 seed"
    assert re.search(r'data-order=""[^>]*>1 seed</td>', page(tmp_path))
    assert "**" not in board.markdown() and 'class="best' not in page(tmp_path)
    assert "Sorted by FD lite0@64 (5k) ↓" in text and "One seed: no rank" in text
    assert "Which is best, and is that certain?" in page(tmp_path)


def test_entries_of_one_seed_are_left_out_of_the_ranks_of_others(tmp_path: Path) -> None:
    board = build(tmp_path, *seeds("a", 5.0), *seeds("b", 10.0, 10.1), *seeds("c", 20.0, 20.1))
    assert [(name, row["ranks"]) for name, row in rows(board).items()] == [("a", None), ("b", (1, 1)), ("c", (2, 2))]
    shown = {name: cells_of(board, name)[2] for name in "abc"}
    assert [name for name, text in shown.items() if "**" in text] == ["b"]
    assert re.findall(r"\*\*.*?\*\*", board.markdown()) == ["**10.1**"]


def test_an_entry_that_lacks_a_seed_comes_last_and_is_named(tmp_path: Path) -> None:
    failed = cell("c", status="failed", reason="out of memory", seed=1)
    board = build(
        tmp_path, *seeds("a", 5.0, None), *seeds("b", 6.0, 6.1), cell("c", metric(1.0)), failed, *seeds("d", 7.0, 7.1)
    )
    assert [(name, row["ranks"]) for name, row in rows(board).items()] == [
        ("b", (1, 1)), ("d", (2, 2)), ("c", (3, 4)), ("a", (3, 4)),
    ]  # fmt: skip
    assert "Last, since a seed of theirs has no value: c, a." in notes(board)


def test_broken_trainings_alone_give_no_ranks(tmp_path: Path) -> None:
    board = build(tmp_path, *seeds("a", 5.0, None), cell("b", status="diverged", reason="loss is not finite"))
    assert [row["ranks"] for row in rows(board).values()] == [None, None]


# Tasks


def test_entries_are_ranked_within_their_task(tmp_path: Path) -> None:
    results = [
        *seeds("srgan", 1.0, 1.1, task="upscale"),
        *seeds("cyclegan", 5.0, 5.1, task="translate"),
        *seeds("pix2pix", 2.0, 2.1, task="translate"),
        cell("unit", status="failed", reason="out of memory", task="translate"),
        *seeds("dcgan", 20.0, 20.1),
        *seeds("sngan", 10.0, 10.1),
        reference("real", metric(0.5)),
    ]
    board = build(tmp_path, *results)
    assert [(name, row["task"], row["ranks"]) for name, row in rows(board).items()] == [
        ("sngan", "generate", (1, 1)),
        ("dcgan", "generate", (2, 2)),
        ("pix2pix", "translate", (1, 1)),
        ("cyclegan", "translate", (2, 2)),
        ("unit", "translate", (3, 3)),
        ("srgan", "upscale", (1, 1)),
        ("real", None, None),
    ]
    assert "Ranked by FD lite0@64 (5k) ↓ within each task: from latents, translate, upscale" in notes(board)
    entries = ("sngan", "dcgan", "pix2pix (translate)", "cyclegan (translate)", "srgan (upscale)")
    bold = {entry: "**" in cells_of(board, entry)[2] for entry in entries}
    assert [entry for entry, is_bold in bold.items() if is_bold] == ["sngan", "pix2pix (translate)"]  # srgan is alone


def test_each_task_has_the_headline_that_has_values_there(tmp_path: Path) -> None:
    def generator(variant: str, value: float, count: str, task: str, seed: int) -> Result:
        return cell(variant, metric(value, name=f"fd_lite0@64_{count}", n_fake=int(count[:2]) * 1000), task=task, seed=seed)

    results = [generator("dcgan", 20.0 + seed, "50k", "generate", seed) for seed in (0, 1)]
    results += [generator("cyclegan", 9.0 - seed / 10, "10k", "translate", seed) for seed in (0, 1)]
    results += [generator("pix2pix", 3.0 + seed / 10, "10k", "translate", seed) for seed in (0, 1)]
    board = build(tmp_path, *results, rules={"cifar10": TableRules("fd_lite0")})
    found = rows(board)
    assert [(name, row["ranks"]) for name, row in found.items()] == [
        ("dcgan", (1, 1)),
        ("pix2pix", (1, 1)),
        ("cyclegan", (2, 2)),
    ]
    assert board.to_dict()["tracks"][0]["headline"] == found["dcgan"]["ranked_by"] == "fd_lite0@64_50k"
    assert found["pix2pix"]["ranked_by"] == "fd_lite0@64_10k"
    note = "Ranked within each task: from latents by FD lite0@64 (50k) ↓, translate by FD lite0@64 (10k) ↓"
    assert note in notes(board) and "which this run has no values of" not in notes(board)


def test_a_task_without_the_headline_asked_for_is_named(tmp_path: Path) -> None:
    results = [*seeds("dcgan", 20.0, 21.0), cell("srgan", metric(20.0, "psnr", ""), task="upscale")]
    text = notes(build(tmp_path, *results, rules={"cifar10": TableRules("fd_lite0")}))
    assert "The suite ranks by fd_lite0, which this run has no values of for upscale." in text


def test_entries_that_start_from_images_are_marked(tmp_path: Path) -> None:
    board = build(tmp_path, cell("dcgan", metric(100.0)), cell("srgan", metric(50.0), task="upscale"))
    assert [cells[0] for cells in generators_of(board)] == ["Entry", "dcgan", "srgan (upscale)"]
    assert "### cifar10, quick, upscale" in board.markdown()
    note = (
        "Entries marked upscale start from test images, which makes good scores easier to reach; the others start from latents."
    )
    assert note in notes(board)


def test_bold_picks_out_some_and_never_all(tmp_path: Path) -> None:
    recall = metric(0.0, "recall", higher_is_better=True)
    results = [
        cell(name, metric(fd + seed / 100), recall, seed=seed) for name, fd in (("a", 3.0), ("b", 4.0)) for seed in (0, 1)
    ]
    text = build(tmp_path, *results).markdown()
    assert "**3.00**" in text and "**0**" not in text


# Headlines


def test_the_headline_is_the_one_asked_for_else_the_best_known_distance() -> None:
    kid, dino, lite, inception = (column(*c) for c in (("kid", "a"), ("fd", "dino"), ("fd", "lite0@64"), ("fd", "inception")))
    assert choose_headline([kid, dino, lite, inception], TableRules("fd_dino")) == dino
    assert choose_headline([kid, dino, lite, inception], NO_RULES) == inception
    assert choose_headline([kid, dino, lite], TableRules("fd_absent")) == lite
    assert choose_headline([kid, dino], NO_RULES) == dino
    assert choose_headline([kid], NO_RULES) == kid
    assert choose_headline([], NO_RULES) is None


def test_a_metric_that_is_not_telling_must_be_asked_for_to_be_the_headline() -> None:
    fid, kid = column("fd", "inception"), column("kid", "inception")
    assert choose_headline([fid, kid], TableRules("absent", not_telling=("fd_",))) == kid
    assert choose_headline([fid, kid], TableRules("fd_", not_telling=("fd_",))) == fid
    assert choose_headline([fid], TableRules("", not_telling=("fd_",))) is None


def test_the_asked_headline_ranks_the_table_in_its_direction(tmp_path: Path) -> None:
    results = [
        cell(variant, metric(fd), metric(recall, "recall", higher_is_better=True))
        for variant, fd, recall in (("dcgan", 10.0, 0.2), ("sngan", 20.0, 0.6))
    ]
    assert list(rows(build(tmp_path, *results))) == ["dcgan", "sngan"]
    assert list(rows(build(tmp_path, *results, rules={"cifar10": TableRules("recall_")}))) == ["sngan", "dcgan"]


# Marks


@pytest.mark.parametrize(("extractor", "flatters"), [("lite0", True), ("lite", False), ("lite0@64", False)])
def test_an_entry_is_not_ranked_by_what_it_was_trained_against(tmp_path: Path, extractor: str, flatters: bool) -> None:
    results = [*seeds("a", 1.0, 1.1, trained_against=(extractor,)), *seeds("b", 5.0, 5.1), *seeds("c", 9.0, 9.1)]
    board = build(tmp_path, *results)
    ranks = [(name, row["ranks"]) for name, row in rows(board).items()]
    assert ranks == [("a", None if flatters else (1, 1)), ("b", (1, 1) if flatters else (2, 2)), ("c", ranks[2][1])]
    shown = cells_of(board, "a")
    assert (shown[0], shown[2].startswith("1.05‡")) == (("—", True) if flatters else ("1", False))

    [fd] = rows(board)["a"]["metrics"]
    assert fd["trained_against"] == flatters
    assert ("‡ the entry's loss uses the extractor" in notes(board)) == flatters
    assert ("1.05‡" in board.markdown()) == flatters
    hints = ("its loss uses this extractor, which flatters it", "trained against the metric that ranks this table")
    assert [hint in page(tmp_path) for hint in hints] == [flatters] * 2


def test_only_columns_of_the_extractor_in_the_loss_are_marked(tmp_path: Path) -> None:
    def numbers(value: float) -> tuple[MetricValue, ...]:
        return metric(value), metric(value, extractor="dinov2"), metric(None, "kid", unavailable="no weights")

    results = [cell("a", *numbers(1.0 + seed), seed=seed, trained_against=("lite0",)) for seed in (0, 1)]
    results += [cell("b", *numbers(50.0 + seed), seed=seed) for seed in (0, 1)]
    _, _, lite, dino, *_ = cells_of(build(tmp_path, *results), "a")
    assert lite.startswith("1.50‡ [") and dino.startswith("**1.50** [")


def test_metrics_that_are_not_telling_are_marked_and_never_bold(tmp_path: Path) -> None:
    def numbers(value: float) -> tuple[MetricValue, ...]:
        return metric(value), metric(1 / value, "precision", "lite0@64", higher_is_better=True)

    results = [cell(name, *numbers(v + seed / 99), seed=seed) for name, v in (("a", 3.0), ("b", 9.0)) for seed in (0, 1)]
    plain = build(tmp_path, *results)
    assert not any("(not telling)" in title for title in generators_of(plain)[0]) and "**" in cells_of(plain, "a")[3]

    board = build(tmp_path, *results, rules={"cifar10": TableRules("fd_", not_telling=("precision_lite0",))})
    _, _, fd, precision, *_ = cells_of(board, "a")
    assert fd.startswith("**") and not precision.startswith("**")
    assert "Precision lite0@64 (5k) ↑ (not telling)" in generators_of(board)[0]
    assert "cannot tell them apart: Precision lite0@64 (5k) ↑." in notes(board)
    assert "on this dataset this metric puts damaged or random images before real ones" in page(tmp_path, "*/index.html")
    assert board.to_dict()["tracks"][0]["not_telling"] == ["precision_lite0@64_5k"]


def test_detectability_is_called_a_lower_bound(tmp_path: Path) -> None:
    results = [cell(name, metric(9.0)) for name in ("dcgan", "sngan")]
    board = build(tmp_path, *results, judge("dct", {("leave-one-out", name): 0.8 for name in ("dcgan", "sngan")}))
    text = "Detectability clean, at least"
    assert f"{text} ↓" in generators_of(board)[0] and text in page(tmp_path, "*/index.html")
    assert not any("web" in title for title in generators_of(board)[0])  # no detector saw such images
    assert "Detectability is a lower bound: " in notes(board)
    assert "Detectable, at least: " in board.markdown()
    assert "a lower bound" in page(tmp_path, "*/index.html")
    [track] = json.loads((tmp_path / "out" / "leaderboard.json").read_text())["tracks"]
    assert track["generators"][0]["detectability_is"] == "a lower bound"


@pytest.mark.parametrize(
    "change",
    [{"device_name": "other"}, {"instructions": "AVX512"}, {"kernels": "other"}, {"threads": 1}, {"packages": {"torch": "9"}}],
)
def test_seeds_from_different_machines_are_named(tmp_path: Path, change: dict[str, Any]) -> None:
    note = "dcgan: seeds from different machines; a figure from another machine counts as another seed."
    for environment, said in (
        (HERE, False),
        (HERE.model_copy(update={"platform": "other"}), False),
        (HERE.model_copy(update=change), True),
    ):
        results = [
            *seeds("sngan", 9.0, 9.1),
            cell("dcgan", metric(1.0)),
            cell("dcgan", metric(1.1), seed=1, environment=environment),
        ]
        assert (note in notes(build(tmp_path, *results))) == said
    assert "AVX2, kernels of a test, 2 threads" in page(tmp_path)


def test_the_best_mean_is_underlined_certain_or_not_unless_all_are_equal(tmp_path: Path) -> None:
    def numbers(fd: float) -> tuple[MetricValue, ...]:
        return metric(fd), metric(0.5, "recall", higher_is_better=True)

    flattered = cell("c", *numbers(1.0), trained_against=("lite0",))
    build(tmp_path, cell("a", *numbers(8.0)), cell("b", *numbers(9.0)), flattered)
    assert re.findall(r"<u>([\d.]+)</u>", page(tmp_path, "*/index.html")) == ["8"]
