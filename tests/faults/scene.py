"""A run of a few seconds with every kind of file, and what two such runs must agree on."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from gan_bench.detectors.corruptions.manifest import read_manifest
from gan_bench.records import AnyRecord, read_record
from gan_bench.run_folder import PARTS, RunFolder, lost_files, read_runs

COMMAND = ("run", "--suite", "shapes", "--budget", "smoke,24steps", "--extractors", "raw", "--variants", "dcgan,wgan-gp",
           "--detectors", "spectrum", "--device", "cpu")  # fmt: skip
# Module, constant, value: a few steps have many checkpoints, and few images are damaged in all ways.
QUICK = (("train", "HISTORY_EVERY", 2), ("train", "CHECKPOINT_SECONDS", 0.0), ("detectors.examine", "DAMAGED_SHARE", 40))
MEASURED = {"content_digest", "cost", "environment", "seconds"}  # fields of records that clocks decide
CLOCKED = ("seconds", "images_per_second")  # and columns of histories
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([
    "tests.faults.scene", "gan_bench.run", "gan_bench.plan", "gan_bench.cli", "gan_bench.leaderboard.pages.build", "jinja2",
    "matplotlib.backends.backend_agg", "sklearn.linear_model", "sympy", "torch_fidelity", "torchmetrics", "torchvision",
])  # fmt: skip


def arguments(out: Path, jobs: int = 1) -> list[str]:
    """The command line of a run into this folder."""
    return [*COMMAND, "--jobs", str(jobs), "--out", str(out)]


def values(out: Path) -> dict[str, Any]:
    """All that two runs of one command must agree on; asserts that every file which a record names is whole."""
    found: dict[str, Any] = {}
    for part, model in PARTS.items():
        for file in RunFolder(out).record_files(part):
            record: AnyRecord = read_record(file, model)
            assert lost_files(file.parent, record) == [], file
            data = {name: value for name, value in json.loads(file.read_text()).items() if name not in MEASURED}
            data["files"].pop("history.csv", None)
            found[str(file.relative_to(out))] = data
    for history in out.glob("cells/*/*/*/history.csv"):
        found[str(history.relative_to(out))] = pd.read_csv(history).drop(columns=[*CLOCKED]).to_csv()
    for manifest in out.glob("deliveries/*/*.parquet"):
        found[str(manifest.relative_to(out))] = read_manifest(manifest).sort_values("images", kind="stable").to_csv(index=False)
    return found


def assert_settled(out: Path) -> None:
    """No part of a file is left, no checkpoint of a finished cell, and nothing that the page would complain of."""
    assert [*out.rglob(".*.tmp"), *out.rglob("checkpoint-*.pt"), *out.rglob("fit-*.pt")] == []
    assert read_runs([out]).problems == []
    assert "class=problems" not in (out / "leaderboard/index.html").read_text()


class Running:
    """The command in a process of its own, in which everything is imported already."""

    def __init__(self, out: Path, jobs: int = 1) -> None:
        self.out, self.stderr = out, out.with_suffix(".stderr")
        self.process = FORK.Process(target=_command, args=(arguments(out, jobs), str(self.stderr)))
        self.process.start()

    def send(self, number: int) -> None:
        """Send a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def wait_for(self, pattern: str) -> None:
        """Wait until a file is there; for nothing where the command ends before."""
        while self.process.is_alive() and not list(self.out.glob(pattern)):
            time.sleep(0.005)

    def ended(self) -> tuple[int, str]:
        """Its exit code, less than 0 for a signal, and what it said on stderr."""
        self.process.join(120)
        code = self.process.exitcode
        assert code is not None, "it did not end in two minutes"
        return code, self.stderr.read_text(errors="replace")


def _command(command: list[str], stderr: str) -> None:
    """What the process does."""
    from gan_bench import cli

    for module, name, value in QUICK:
        setattr(importlib.import_module(f"gan_bench.{module}"), name, value)
    opened = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(opened, 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["gan-bench", *command]
    cli.main()
