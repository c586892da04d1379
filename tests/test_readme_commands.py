"""Each command of README.md works as it stands, in one folder as its reader would have it, at the sizes of `smoke`."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shellingham
import torch
from PIL import Image

from gan_bench.budget import PRESETS
from gan_bench.datasets.base import CachedDataset
from gan_bench.features import own_classifier
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {"pip install .": "test_embedding.py", "gan-bench demo": "test_demo.py"}  # what tests them
SET_UP = ("make bench", "make test")
RUN, BUDGET = "runs/quick", "smoke,20steps"

pytestmark = pytest.mark.usefixtures("one_thread")


def commands() -> Iterator[str]:
    """Those of all console blocks, in order, without comments; "data fetch | verify" is two."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            first, *others = re.sub(r"\s+#.*", "", line).split(" | ")
            yield first
            yield from (f"{first.rpartition(' ')[0]} {other}" for other in others)


COMMANDS = [command for command in dict.fromkeys(commands()) if command not in {*SET_UP, *ELSEWHERE}]


def at_smoke(command: str) -> list[str]:
    """The words behind "gan-bench", with the budget for tests. What is added to a run is scored as the run was."""
    words = shlex.split(command)[1:]
    if "--budget" in words and "--dry-run" not in words:
        words[words.index("--budget") + 1] = BUDGET
    elif words[0] == "run" or ("--dataset" in words and "--run" not in words):
        words += ["--budget", BUDGET]

    if words[0] == "run":
        words += ["--out", RUN]
    if words[0] == "run" and "my.toml" not in words:  # less than whole suites, which tests/test_run.py trains and judges
        if not {"--variants", "modes"} & set(words):
            words += ["--variants", "dcgan,cgan"]
        if "--detectors" not in words:
            words += ["--detectors", "none"]
    return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, fetched: dict[str, CachedDataset]) -> Path:
    """What the commands name: photos of two classes, samples of a generator, the files of examples/."""
    here = tmp_path_factory.mktemp("reader")
    pixels = fetched["cifar10"].load("test").images[:2300].permute(0, 2, 3, 1).numpy()
    for name, images in {
        "photos/day": pixels[:600],
        "photos/night": pixels[600:1200] // 3,
        "samples": pixels[2000:2300],
    }.items():
        (here / name).mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(here / name / f"{i}.png")
    np.save(here / "samples.npy", pixels[2000:2300])

    for file in (ROOT / "examples").glob("my*"):
        shutil.copy(file, here)
    return here


@pytest.fixture(autouse=True)
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's folder and home; few reals also where the budget is not said, and a classifier of few steps."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("bash", "/bin/bash"))
    monkeypatch.setattr(own_classifier, "SHOWN", 0)
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["smoke"], name="quick"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(command: str, folder: Path, cli):
    for copy in ("old", "new", "good"):
        if copy in command and not (folder / "runs" / copy).exists():
            shutil.copytree(folder / RUN, folder / "runs" / copy)
    if "baseline.json" in command and not (folder / "baseline.json").exists():
        assert cli("baseline", "runs/new", "-o", "baseline.json").code == 0

    ended = cli(*at_smoke(command))
    assert ended.code == 0, ended.stderr + ended.stdout


def test_the_lines_of_python_work():
    logged: list[dict[str, float]] = []
    fakes = torch.rand(300, 3, 32, 32) * 2 - 1
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(block.replace("_5k", "_300"), {"fakes": fakes, "wandb": SimpleNamespace(log=logged.append)})
    assert logged and all(name.startswith("eval/") for numbers in logged for name in numbers)
