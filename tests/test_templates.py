"""What `gan-bench new` writes are whole files that work: one file for one new thing, no other touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan_bench.cli.new import written
from tests.conftest import ROOT

PLACES = {
    "variants": ("variant", "generators/hinge.py"),
    "datasets": ("dataset", "gan_bench/datasets/stripes.py"),
    "extractors": ("extractor", "gan_bench/features/channel_means.py"),
    "metrics": ("metric", "gan_bench/metrics/mean_gap.py"),
    "detectors": ("detector", "detectors/grain.py"),
    "corruptions": ("corruption", "detectors/corruptions/gamma.py"),
    "suites": ("suite", "gan_bench/suites/stripes.toml"),
}
USED = {  # the suite's own choices -> what runs the other templates
    '["shapes"]': '["stripes"]', '["dcgan", "cgan"]': '["dcgan", "hinge"]', '"fd_shapes-factors"': '"fd_raw"',
    '["shapes-factors", "raw"]': '["channel_means", "raw"]', '["fd", "pr"]': '["fd", "mean_gap"]',
    '["pixels"]': '["grain"]',
}  # fmt: skip


def template(family: str) -> str:
    """The template of a family, with what CONTRIBUTING.md says it needs inside the package."""
    kind, path = PLACES[family]
    text = written(kind, Path(path).stem)
    if family == "variants":
        text = text.replace("import blocks\n", "import VARIANTS, blocks\n")
        text = text.replace("class Hinge(", "@VARIANTS.register\nclass Hinge(")
    for found, wanted in USED.items() if family == "suites" else ():
        assert found in text
        text = text.replace(found, wanted)
    return text


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
    for family, (_, path) in PLACES.items():
        assert not (folder / path).exists()
        (folder / path).write_text(template(family))
    return folder


@pytest.mark.parametrize("family", PLACES)
def test_a_template_is_listed(project: Path, family: str):
    listed = command(project, "list", family, "--json")
    assert listed.stderr == "" and Path(PLACES[family][1]).stem in [
        next(iter(row.values())) for row in json.loads(listed.stdout)
    ]


def test_the_templates_run_together(project: Path, tmp_path: Path):
    done = command(
        project, "run", "--suite", "stripes", "--budget", "smoke", "--device", "cpu", "--jobs", "1", "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "cells/stripes/hinge/seed-0/record.json").read_text())
    values = {m["name"]: m["value"] for m in record["metrics"]}
    assert values["mean_gap_channel_means_256"] > 0 and values["fd_raw_256"] > 0
    judged = json.loads((tmp_path / "detectors/stripes/grain/seed-0/record.json").read_text())
    assert {d["variant"] for d in judged["detections"] if d["protocol"] == "leave-one-out"} == {"dcgan", "hinge"}
    assert {d["severity"] for d in judged["detections"] if d["corruption"] == "gamma"} == {1, 2, 3, 4, 5}


CONTRACTS = ["variants", "datasets", "features", "metrics", "detectors", "corruptions"]


def test_the_templates_pass_the_tests_of_their_families(project: Path):
    """Those that find every member by themselves."""
    shutil.copytree(ROOT / "tests", project / "tests")
    names = " or ".join(Path(path).stem for _, path in PLACES.values())
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", names]
    environment = os.environ | {"PYTHONPATH": str(project)}
    files = [f"tests/test_{family}.py" for family in CONTRACTS]
    done = subprocess.run([*call, *files], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 2 * len(CONTRACTS)  # type: ignore[index]


@pytest.mark.parametrize("family", PLACES)
def test_a_spoilt_template_is_named_and_the_others_are_listed(family: str, tmp_path: Path):
    """Without its title, or with its method, digest or outputs gone."""
    folder = copy_of_project(tmp_path)
    path, text = PLACES[family][1], template(family)
    spoilt = re.sub(rf"^( *){LOST[family]} = .*\n", "", text, flags=re.MULTILINE)
    assert spoilt != text
    (folder / path).write_text(spoilt)

    listed = command(folder, "list", family, "--json")
    assert listed.returncode == 0 and len(json.loads(listed.stdout)) >= 2
    assert listed.stderr.count("\n") == 1 and path.split("/")[-1] in listed.stderr and f"`{LOST[family]}`" in listed.stderr


LOST = {
    "variants": "title", "datasets": "n_classes", "extractors": "digest", "metrics": "outputs", "detectors": "method",
    "corruptions": "title", "suites": "headline",
}  # fmt: skip
