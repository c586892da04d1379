from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import t

from gan_bench import leaderboard
from gan_bench.core.errors import UserError
from gan_bench.leaderboard.columns import titles
from gan_bench.leaderboard.curves import history_figure
from gan_bench.records import PANELS, Result
from gan_bench.run_folder import read_runs
from tests.boards import build, cell, column, interval, judge, metric, page, reference, rows

SCRIPT = "<script>alert(1)</script>"


# Aggregation


def test_seeds_are_averaged_with_a_t_interval(tmp_path: Path) -> None:
    numbers = [metric(value, interval=interval(value - 1, value + 1)) for value in (10.0, 12.0, 17.0)]
    board = build(tmp_path, *(cell("dcgan", number, seed=seed) for seed, number in enumerate(numbers)))
    [fd] = rows(board)["dcgan"]["metrics"]
    half = t.ppf(0.975, df=2) * math.sqrt(13.0 / 3)  # variance: (3^2 + 1^2 + 4^2) / 2 = 13
    assert (fd["value"], fd["seeds"]) == (13.0, 3)
    assert (fd["low"], fd["high"]) == pytest.approx((13 - half, 13 + half))
    assert "t interval" in fd["method"]


def test_one_seed_keeps_the_interval_of_its_record(tmp_path: Path) -> None:
    board = build(tmp_path, cell("dcgan", metric(10.0, interval=interval(9.0, 12.0))))
    [fd] = rows(board)["dcgan"]["metrics"]
    assert (fd["low"], fd["high"], fd["method"]) == (9.0, 12.0, "bootstrap over samples")
    assert "One seed: no interval over seeds." in board.markdown()


@pytest.mark.parametrize("change", [{"preset": "smoke"}, {"benchmark_version": "99"}, {"dataset": "mnist"}])
def test_tracks_never_share_a_table(tmp_path: Path, change: dict[str, Any]) -> None:
    board = build(tmp_path, cell("dcgan", metric(10.0)), cell("dcgan", metric(20.0), **change))
    tracks = board.to_dict()["tracks"]
    assert sorted(track["generators"][0]["metrics"][0]["value"] for track in tracks) == [10.0, 20.0]


def test_counts_extractors_and_splits_never_share_a_column(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"n_real": 50_000}, {"split": "test"}, {"extractor": "dinov2"}, {"n_fake": 1000}]
    numbers = [metric(float(i), name="one-name", **change) for i, change in enumerate(changes)]
    board = build(tmp_path, cell("dcgan", *numbers))
    assert [m["value"] for m in rows(board)["dcgan"]["metrics"]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    header = board.markdown().split("\n")[6]
    for title in ("FD lite0@64 (5k vs 10k) ↓", "FD lite0@64 (5k vs 50k) ↓", "FD lite0@64 (5k, test) ↓", "FD dinov2 (5k) ↓"):
        assert title in header


def test_one_variant_with_other_settings_is_another_row(tmp_path: Path) -> None:
    results = []
    for run, width, auroc in (("a", 32, 0.9), ("b", 64, 0.8)):
        results.append(cell("dcgan", metric(float(width)), settings={"width": width}, run=run))
        results.append(judge("dct", {("leave-one-out", "dcgan"): auroc}, run=run))
    found = rows(build(tmp_path, *results))
    assert sorted((row["metrics"][0]["value"], row["detectability"]["value"]) for row in found.values()) == [
        (32, 0.9),
        (64, 0.8),
    ]
    assert all(re.fullmatch(r"dcgan #[0-9a-f]{4}", label) for label in found)


def test_a_seed_found_twice_counts_once_and_the_finished_one_wins(tmp_path: Path) -> None:
    finished = cell("dcgan", metric(10.0), run="a")
    failed = cell("dcgan", status="failed", reason="out of memory", run="b")
    row = rows(build(tmp_path, finished, failed))["dcgan"]
    assert [s["status"] for s in row["seeds"]] == ["done"]
    assert row["metrics"][0]["value"] == 10.0


def test_failed_seeds_are_shown_and_not_averaged(tmp_path: Path) -> None:
    board = build(
        tmp_path,
        cell("dcgan", metric(10.0), seed=0),
        cell("dcgan", metric(14.0), seed=1),
        cell("dcgan", metric(999.0), seed=2, status="diverged", reason="loss is NaN at step 7"),
        cell("sngan", status="failed", reason="out of memory"),
    )
    found = rows(board)
    assert found["dcgan"]["metrics"][0]["value"] == 12.0
    assert found["sngan"]["metrics"] == [] and found["sngan"]["ranks"] is None
    for text in ("2 of 3 seeds", "seed 2 diverged: loss is NaN at step 7", "seed 0 failed: out of memory"):
        assert text in board.markdown() and text in page(tmp_path)


def test_unavailable_metrics_show_a_dash_and_the_reason(tmp_path: Path) -> None:
    numbers = metric(10.0), metric(None, extractor="inception", unavailable="no weights")
    board = build(tmp_path, cell("dcgan", *numbers), cell("sngan", *numbers))
    assert board.markdown().count("no weights") == 1  # one note for both rows
    assert "- — FID (5k) ↓: no weights" in board.markdown()
    assert re.search(r'title="no weights"><span>—</span>', page(tmp_path))


# Titles


def test_only_the_frechet_distance_of_inception_is_called_fid() -> None:
    columns = [
        column(*c) for c in (("fd", "inception"), ("fd", "lite0@64"), ("fd_infinity", "inception"), ("kid", "inception"))
    ]
    assert [titles(columns)[c] for c in columns] == [
        "FID (5k) ↓",
        "FD lite0@64 (5k) ↓",
        "FD∞ inception (5k) ↓",
        "KID inception (5k) ↓",
    ]


# Detectors


def test_detectability_is_the_best_leave_one_out_detector(tmp_path: Path) -> None:
    results = [cell("dcgan", metric(10.0)), cell("sngan", metric(9.0))]
    for seed, (weak, strong) in enumerate([(0.95, 0.8), (0.55, 0.9)]):  # `weak` is the best of one seed, not of the mean
        results.append(judge("weak", {("leave-one-out", "dcgan"): weak, ("seen", "dcgan"): 0.99}, seed=seed))
        results.append(judge("strong", {("leave-one-out", "dcgan"): strong, ("seen", "dcgan"): 0.7}, seed=seed))
    found = rows(build(tmp_path, *results))
    assert found["dcgan"]["detectability"]["value"] == pytest.approx(0.85)
    assert found["dcgan"]["detectability"]["detector"] == "strong"
    assert found["sngan"]["detectability"]["value"] is None


def test_detector_tables_show_everything_and_failures(tmp_path: Path) -> None:
    board = build(
        tmp_path,
        cell("dcgan", metric(10.0)),
        judge("dct", {("seen", "dcgan"): 0.81234}),
        judge("npr", {}, status="failed", reason="out of memory"),
    )
    for text in ("0.812", "npr, seed 0 failed: out of memory"):
        assert text in board.markdown() and text in page(tmp_path)
    for text in ("0.610", "0.620", "logistic on spectra"):
        assert text in page(tmp_path)
    [detector] = board.to_dict()["tracks"][0]["detectors"]
    assert detector["measures"]["auroc"]["value"] == 0.81234


# What is written


def test_names_and_reasons_are_escaped(tmp_path: Path) -> None:
    name = f"a|b{SCRIPT}"
    board = build(
        tmp_path,
        cell(name, metric(10.0), title=SCRIPT, paper="javascript:alert(1)", warnings=(SCRIPT,)),
        cell("dcgan", status="failed", reason=SCRIPT, dataset=f"folder:{SCRIPT}"),
        reference(SCRIPT, metric(None, unavailable=SCRIPT), external=True, note=SCRIPT),
        judge("dct", {(SCRIPT, name): 0.8}, method=SCRIPT),
    )
    assert SCRIPT not in page(tmp_path) and "&lt;script&gt;alert(1)" in page(tmp_path)
    assert 'href="javascript' not in page(tmp_path)
    assert r"a\|b" in board.markdown() and not re.search(r"(?<!\\)<", board.markdown())
    tables = [line for line in board.markdown().splitlines() if line.startswith("|")]
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert bars[:4] == [bars[0]] * 4  # header, rule and two entries: a bar in a name opens no column


def test_the_folder_is_whole_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    build(
        tmp_path,
        cell("../dcgan", metric(10.0), paper="https://arxiv.org/abs/1511.06434", pictures=pictures),
        cell("sngan", metric(12.0), pictures=pictures),
        reference("real", metric(1.0), pictures=pictures),
        judge("dct", {("leave-one-out", v): 0.8 for v in ("../dcgan", "sngan")}),
    )
    linked = set(re.findall(r'(?:src|href)="([^"#]+)"', page(tmp_path))) - {"https://arxiv.org/abs/1511.06434", "data:,"}
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert linked | {"index.html"} == written
    assert sum(path.startswith("samples/") for path in written) == 3
    assert sum(path.startswith("figures/") for path in written) == 2
    assert not re.search(r"""(src=|url\(|@import|<link[^>]*href=)["']?(https?:)?//""", page(tmp_path))


def test_samples_show_the_real_images_first(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    build(
        tmp_path,
        cell("dcgan", metric(10.0), pictures=pictures),
        reference("noise", metric(90.0), pictures=pictures),
        reference("real", metric(1.0), pictures=pictures),
    )
    assert re.findall(r'alt="samples of (\w+)"', page(tmp_path)) == ["real", "dcgan", "noise"]


def test_numbers_are_rounded_on_the_page_only(tmp_path: Path) -> None:
    board = build(tmp_path, cell("dcgan", metric(12.3456789), seed=3))
    assert "| 12.3" in re.sub(r"\*\*| +(?= )", "", board.markdown())
    with (tmp_path / "out" / "leaderboard.csv").open(newline="") as file:
        fd, *costs = csv.DictReader(file)
    assert (fd["dataset"], fd["kind"], fd["variant"], fd["seed"], fd["name"]) == (
        "cifar10",
        "variant",
        "dcgan",
        "3",
        "fd_lite0@64_5k",
    )
    assert fd["value"] == "12.3456789"
    assert {c["name"]: float(c["value"]) for c in costs}["generator_parameters"] == 1_200_000
    stored = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
    assert stored["tracks"][0]["generators"][0]["metrics"][0]["value"] == 12.3456789


def test_same_records_same_bytes(tmp_path: Path) -> None:
    results: dict[str, list[Result]] = {}
    for seed, run in enumerate("ab"):
        pictures = tmp_path / f"pictures-{run}"
        aurocs = {("leave-one-out", "dcgan"): 0.8, ("leave-one-out", f"gan-{run}"): 0.7}
        results[run] = [
            cell("dcgan", metric(10.0), seed=seed, run=run, pictures=pictures),
            cell(f"gan-{run}", metric(11.0), run=run, pictures=pictures),
            judge("dct", aurocs, seed=seed, run=run),
        ]
    written = []
    for order in ("ab", "ba"):
        out = tmp_path / f"out-{order}"
        leaderboard.build([r for run in order for r in results[run]], out)
        written.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert len(written[0]) > 5
    assert written[0] == written[1]


def test_mistakes_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bad = tmp_path / "bad" / "cells" / "record.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("{}")
    for runs, sentence in (
        ([], "no run folder given"),
        ([tmp_path / "absent"], "is not a folder"),
        ([tmp_path / "empty"], "holds no records"),
        ([tmp_path / "bad"], "is not a CellRecord"),
    ):
        with pytest.raises(UserError, match=sentence):
            leaderboard.build(read_runs(runs), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def in_new_process(code: str, *arguments: str) -> None:
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_leaderboard_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from gan_bench import leaderboard, records\n"
        "assert 'pandas' not in sys.modules and 'matplotlib' not in sys.modules, 'importing leaderboard must be cheap'\n"
        "record = records.CellRecord.model_validate_json(sys.argv[1])\n"
        "leaderboard.build([records.Result(pathlib.Path('run'), record, {})], pathlib.Path(sys.argv[2]))\n"
        "assert 'torch' not in sys.modules, 'the leaderboard must not import torch'\n"
    )
    in_new_process(code, cell("dcgan", metric(10.0)).record.model_dump_json(), str(tmp_path / "out"))
    assert "dcgan" in page(tmp_path)


def test_the_page_imports_nothing_above_records() -> None:
    code = (
        "import sys, gan_bench.leaderboard.page\n"
        "allowed = ('gan_bench.core', 'gan_bench.records', 'gan_bench.budget', 'gan_bench.leaderboard')\n"
        "tops = ('gan_bench', 'generators', 'detectors', 'leaderboard')\n"
        "ours = {name for name in sys.modules if name.split('.')[0] in tops}\n"
        "inside = {name for name in ours for part in allowed if name == part or name.startswith(part + '.')}\n"
        "assert ours - inside == {'gan_bench'}, ours - inside\n"
        "assert 'torch' not in sys.modules, 'the page must not import torch'\n"
    )
    in_new_process(code)


def test_a_warning_that_repeats_why_a_column_is_empty_is_said_once(tmp_path: Path) -> None:
    missing = metric(None, extractor="inception", unavailable="extractor 'inception': its weights are not here")
    warnings = ("extractor 'inception' is not available: its weights are not here; its columns stay empty.", "another")
    text = build(tmp_path, cell("dcgan", metric(10.0), missing, warnings=warnings)).markdown()
    assert text.count("its weights are not here") == 1 and "Warning in the records: another" in text


# Trainings

HISTORY = pd.DataFrame(
    {
        "step": [1, 2],
        "kimg": [0.1, 0.2],
        "g_loss": [3.0, 2.0],
        "d_loss": [1.0, 1.5],
        "g_gradient": [9.0, 4.0],
        "images_per_second": [50, 60],
    }
)
CURVES = {
    "images_per_second": "Images/s",
    "g_gradient": "Gradient norm",
    "d_loss": "Losses",
    "g_loss": "Losses",
    "absent": "D's accuracy",
}


def test_curves_are_drawn_where_the_record_says() -> None:
    figure = history_figure(HISTORY, CURVES)
    assert figure is not None
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert list(panels) == ["Losses", "Gradient norm", "Images/s"] == [p for p in PANELS if p in panels]
    assert {title: [line.get_label() for line in axes.lines] for title, axes in panels.items()} == {
        "Losses": ["g loss", "d loss"],
        "Gradient norm": ["g gradient"],
        "Images/s": ["images per second"],
    }
    assert [axes.get_yscale() for axes in panels.values()] == ["linear", "log", "linear"]
    assert [axes.get_legend() is not None for axes in panels.values()] == [True, True, False]


def test_a_column_that_the_record_does_not_name_is_not_drawn() -> None:
    assert history_figure(HISTORY, {}) is None
    assert history_figure(HISTORY, {"g_loss": "no such panel"}) is None
    assert history_figure(HISTORY[:1], CURVES) is None  # one report is no curve
    figure = history_figure(HISTORY, {"g_loss": "Losses"})
    assert figure is not None and [line.get_label() for axes in figure.axes for line in axes.lines] == ["g loss"]


def test_a_training_shows_the_files_beside_its_record(tmp_path: Path) -> None:
    made = cell("dcgan", metric(10.0), pictures=tmp_path / "pictures", rows=("images", "samples"), curves=CURVES)
    made.files["history"] = tmp_path / "anything.csv"
    HISTORY.to_csv(made.files["history"], index=False)
    build(tmp_path, made, cell("sngan", metric(12.0), pictures=tmp_path / "pictures"))
    shown = re.findall(r'src="(training/[^"]+)"', page(tmp_path))
    assert [Path(path).name for path in shown] == ["dcgan-curves.png", "dcgan-strip.png", "dcgan-rows.png"]
    assert "Rows from the top: images · samples" in page(tmp_path)
    for path, name in zip(shown[1:], ("strip", "rows"), strict=True):
        assert (tmp_path / "out" / path).read_bytes() == made.files[name].read_bytes()
