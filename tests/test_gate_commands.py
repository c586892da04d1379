"""`gan-bench compare`, `baseline` and `check`, the action's script and the example, as their users run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_bench.records import Plan, write_record
from gan_bench.run_folder import RECORD
from tests.boards import cell, metric
from tests.conftest import ROOT, Ended

Cli = Callable[..., Ended]
OLD = (10.0, 10.2, 9.8)


def run_of(folder: Path, *values: float, variant: str = "dcgan", kid: float = 1.0, **more: Any) -> Path:
    """A run folder with one finished cell of a variant for each value of its headline; it may have another variant already."""
    cells = [
        cell(
            variant, metric(value), metric(kid + seed / 100, "kid"), seed=seed, samples_digest=f"{value} {seed}", **more
        ).record
        for seed, value in enumerate(values)
    ]
    for record in cells:
        write_record(folder / "cells" / "cifar10" / variant / f"seed-{record.spec.seed}" / RECORD, record)
    plan = Plan(cells=tuple(record.spec for record in cells), references=(), judges=(), device="cpu")
    write_record(folder / "plan.json", plan)
    return folder


@pytest.fixture
def baseline(tmp_path: Path, cli: Cli) -> Path:
    path = tmp_path / "baseline.json"
    ended = cli("baseline", str(run_of(tmp_path / "old", *OLD)), "--out", str(path))
    assert ended.code == 0 and "cifar10 dcgan" in ended.stdout
    return path


# check


@pytest.mark.parametrize(
    ("values", "code", "word"),
    [(OLD, 0, "pass"), ((9.9, 10.1, 10.3), 0, "pass"), ((20.0, 21.0, 19.0), 1, "regressed"), ((5.0, 18.0), 3, "inconclusive")],
)
def test_each_verdict_has_its_exit_code(
    tmp_path: Path, cli: Cli, baseline: Path, values: tuple[float, ...], code: int, word: str
) -> None:
    ended = cli("check", str(run_of(tmp_path / "new", *values)), "--baseline", str(baseline))
    assert ended.code == code and f"verdict: {word}" in ended.stderr


def test_what_is_inconclusive_can_be_allowed(tmp_path: Path, cli: Cli, baseline: Path) -> None:
    new = str(run_of(tmp_path / "new", 5.0, 18.0))
    assert cli("check", new, "--baseline", str(baseline), "--allow-inconclusive").code == 0


def test_one_new_run_is_held_against_three_old_ones(tmp_path: Path, cli: Cli, baseline: Path) -> None:
    ended = cli("check", str(run_of(tmp_path / "new", 30.0)), "--baseline", str(baseline), "--json")
    [decides] = [one for one in json.loads(ended.stdout)["checked"] if one["decides"]]
    assert ended.code == 1 and "prediction bound, 1 new against 3 old seeds" in decides["test"]


def test_a_baseline_is_written_anew_and_fails_all_the_same(tmp_path: Path, cli: Cli, baseline: Path) -> None:
    new = str(run_of(tmp_path / "new", 20.0, 21.0, 19.0))
    assert cli("check", new, "--baseline", str(baseline), "--update-baseline").code == 1
    assert cli("check", new, "--baseline", str(baseline)).code == 0


def test_the_reports_say_the_same(tmp_path: Path, cli: Cli, baseline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, junit, benchmark, history = (tmp_path / name for name in ("s.md", "j.xml", "b.json", "h.json"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    new = str(run_of(tmp_path / "new", 20.0, 21.0, 19.0, kid=5.0))
    reports = ("--junit", str(junit), "--benchmark-json", str(benchmark), "--history", str(history), "--github")
    for _ in range(2):
        ended = cli("check", new, "--baseline", str(baseline), *reports)

    cases = {case.get("name"): case for case in ET.parse(junit).iter("testcase")}
    assert "regressed" in cases["fd_lite0@64"].find("failure").get("message")
    assert cases["kid_lite0@64"].find("failure") is None  # it only informs
    assert "::error title=gan-bench regressed::cifar10 dcgan: fd_lite0@64 is 20" in ended.stdout
    assert summary.read_text().count("### gan-bench: regressed") == 2 and "Worse too" in summary.read_text()
    [point] = json.loads(benchmark.read_text())
    assert (point["name"], point["value"]) == ("cifar10 dcgan: fd_lite0@64", 20.0)
    assert [check["verdict"] for check in json.loads(history.read_text())] == ["regressed", "regressed"]
    assert history.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--min-effect", "5"), "--min-effect '5' is not a share of the baseline's value"),
        (("--min-effect=-5%",), "--min-effect '-5%' is not a share"),
        (("--github",), "$GITHUB_STEP_SUMMARY names, and it is not set"),
        (("--baseline", "absent.json"), "the baseline absent.json cannot be read"),
        (("--generator", "x.py:load"), "give either a run folder or samples, or --generator"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    tmp_path: Path, cli: Cli, baseline: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    ended = cli("check", str(run_of(tmp_path / "new", *OLD)), "--baseline", str(baseline), *arguments)
    assert ended.code == 2 and sentence in ended.stderr


def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path, cli: Cli, baseline: Path) -> None:
    below_a_file = str(baseline / "j.xml")
    ended = cli("check", str(run_of(tmp_path / "new", *OLD)), "--baseline", str(baseline), "--junit", below_a_file)
    assert ended.code == 2 and f"{below_a_file} cannot be written" in ended.stderr


def test_a_run_without_a_finished_cell_is_refused(tmp_path: Path, cli: Cli, baseline: Path) -> None:
    new = run_of(tmp_path / "new", 10.0, status="failed", reason="out of memory")
    ended = cli("check", str(new), "--baseline", str(baseline))
    assert ended.code == 2 and "has no finished cell" in ended.stderr


def test_an_unknown_metric_is_refused(tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "b.json"
    ended = cli("baseline", str(run_of(tmp_path / "old", *OLD)), "--metric", "fd", "--out", str(out))
    assert ended.code == 2 and "has no metric 'fd'; it has fd_lite0@64, kid_lite0@64." in ended.stderr and not out.exists()


# compare


def test_two_runs_are_compared_by_pairs_of_seeds(tmp_path: Path, cli: Cli) -> None:
    old, new = run_of(tmp_path / "old", 10.0, 20.0, 30.0), run_of(tmp_path / "new", 9.0, 19.1, 28.9)
    found = {row["column"]: row for row in json.loads(cli("compare", str(old), str(new), "--json").stdout)}
    assert found["fd_lite0@64"]["verdict"] == "better" and found["fd_lite0@64"]["test"] == "t test of 3 pairs of seeds"
    assert found["kid_lite0@64"]["verdict"] == "cannot tell"


def test_two_entries_of_one_run_are_compared(tmp_path: Path, cli: Cli) -> None:
    run = run_of(run_of(tmp_path / "run", *OLD), 20.0, 20.2, 19.8, variant="wgan")
    found = {row["column"]: row for row in json.loads(cli("compare", f"{run}:dcgan", f"{run}:wgan", "--json").stdout)}
    assert found["fd_lite0@64"]["verdict"] == "worse" and "Welch" in found["fd_lite0@64"]["test"]
    shown = cli("compare", f"{run}:dcgan", f"{run}:wgan")
    assert shown.code == 0 and "cifar10 dcgan, then wgan" in shown.stdout
    ended = cli("compare", f"{run}:dcgan", f"{run}:sngan")
    assert ended.code == 2 and "has no entry 'sngan'; it has dcgan, wgan." in ended.stderr


# Functions, the action and the example


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise RuntimeError('no weights')", "my_gan.py:5: RuntimeError: no weights"),
        ("return np.zeros((n - 1, 3, 32, 32), np.uint8)", "returns 9 images, not 10."),
        ("return np.zeros((n, 3, 32, 32))", "found float images"),
        ("return 'text'", "fails: "),
    ],
)
def test_what_a_function_must_not_do_is_said(tmp_path: Path, cli: Cli, body: str, sentence: str) -> None:
    file = tmp_path / "my_gan.py"
    file.write_text(f"import numpy as np\n\n\ndef load(n, seed):\n    {body}\n")
    arguments = ("--generator", f"{file}:load", "--dataset", "shapes", "-n", "10", "--out", str(tmp_path / "b.json"))
    ended = cli("baseline", *arguments)
    assert ended.code == 2 and sentence in ended.stderr


def test_the_example_works_as_its_readme_says(tmp_path: Path) -> None:
    example = tmp_path / "theirs"
    shutil.copytree(ROOT / "examples" / "ci", example)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "gan-bench").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gan_bench "$@"\n')
    (binaries / "gan-bench").chmod(0o755)
    here = os.environ | {"PATH": f"{binaries}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}

    tested = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=example, env=here, capture_output=True, text=True)
    assert tested.returncode == 0 and "2 passed" in tested.stdout, tested.stdout

    asked = {"BASELINE": "baseline.json", "GENERATOR": "my_gan.py:broken", "ARGUMENTS": "--same-model"}
    script = ["bash", str(ROOT / ".github" / "check.sh")]
    checked = subprocess.run(script, cwd=example, env=here | asked, capture_output=True, text=True)
    assert checked.returncode == 1 and "::error title=gan-bench regressed" in checked.stdout, checked.stderr
    assert "regressed" in (example / "gan-bench-report" / "summary.md").read_text()
