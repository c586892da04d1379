"""The templates of CONTRIBUTING.md are whole files that work: one file for one new thing, no other touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TEMPLATE = re.compile(r"`([\w/.]+\.(?:py|toml))`:\n\n```(?:python|toml)\n(.*?)```", re.DOTALL)
FAMILIES = {
    "variants": "hinge", "datasets": "stripes", "extractors": "channel-means", "metrics": "mean-gap",
    "detectors": "brightness", "corruptions": "gamma", "suites": "stripes",
}  # fmt: skip


def command(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of the project in `tree`."""
    environment = os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "200"}
    call = [sys.executable, "-m", "gan_bench", *arguments]
    return subprocess.run(call, cwd=tree, env=environment, capture_output=True, text=True)


def copy_of_project(folder: Path) -> Path:
    for name in ("gan_bench", "generators", "detectors", "leaderboard"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the seven templates."""
    folder = copy_of_project(tmp_path_factory.mktemp("templates"))
    for path, text in TEMPLATE.findall((ROOT / "CONTRIBUTING.md").read_text()):
        assert not (folder / path).exists()
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_a_template_is_listed(project: Path, family: str):
    listed = command(project, "list", family, "--json")
    assert listed.stderr == "" and FAMILIES[family] in [next(iter(row.values())) for row in json.loads(listed.stdout)]


def test_the_templates_run_together(project: Path, tmp_path: Path):
    done = command(
        project, "run", "--suite", "stripes", "--budget", "smoke", "--device", "cpu", "--jobs", "1", "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "cells/stripes/hinge/seed-0/record.json").read_text())
    values = {m["name"]: m["value"] for m in record["metrics"]}
    assert values["mean_gap_channel-means_256"] > 0 and values["fd_raw_256"] > 0
    judged = json.loads((tmp_path / "detectors/stripes/brightness/seed-0/record.json").read_text())
    assert {d["variant"] for d in judged["detections"] if d["protocol"] == "leave-one-out"} == {"dcgan", "hinge"}
    assert {d["severity"] for d in judged["detections"] if d["corruption"] == "gamma"} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spoilt_template_is_named_and_the_others_are_listed(family: str, tmp_path: Path):
    """Without its title, or with its method, digest or outputs gone."""
    folder = copy_of_project(tmp_path)
    path, text = next(found for found in TEMPLATE.findall((ROOT / "CONTRIBUTING.md").read_text()) if FOLDER[family] in found[0])
    spoilt = re.sub(rf"^( *){LOST[family]} = .*\n", "", text, flags=re.MULTILINE)
    assert spoilt != text
    (folder / path).write_text(spoilt)

    listed = command(folder, "list", family, "--json")
    assert listed.returncode == 0 and len(json.loads(listed.stdout)) >= 2
    assert listed.stderr.count("\n") == 1 and path.split("/")[-1] in listed.stderr and f"`{LOST[family]}`" in listed.stderr


FOLDER = {
    "variants": "generators/", "datasets": "datasets/", "extractors": "features/", "metrics": "metrics/",
    "detectors": "detectors/brightness", "corruptions": "corruptions/", "suites": "suites/",
}  # fmt: skip
LOST = {
    "variants": "title", "datasets": "n_classes", "extractors": "digest", "metrics": "outputs", "detectors": "method",
    "corruptions": "title", "suites": "headline",
}  # fmt: skip
