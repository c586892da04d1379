"""Does the gate see what cripples a generator, and nothing else?  python benchmarks/gate.py --out results/gate

Trains a small GAN on `shapes` with three seeds as a baseline, then again in ways that change nothing or that break something.
Each is held against the baseline by `gan-bench check`, by the script of the GitHub action and by the fixture of pytest. Prints
a table of their exit codes, and of the seconds that a training and its check took.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import nn

from gan_bench import cell
from gan_bench.cli import app
from gan_bench.core.files import write_text
from gan_bench.datasets.base import Dataset, Split
from gan_bench.extraction import extract
from gan_bench.features import EXTRACTORS
from gan_bench.generators.base import Variant
from gan_bench.sample import Drawn
from gan_bench.train import Batches

ROOT = Path(__file__).resolve().parents[1]
VARIANT, BUDGET, WIDTH = "wgan-gp", "quick,0.4tflop", 8
MEASURED = ("--extractors", "shapes-factors", "--metrics", "fd,pr,modes", "--detectors", "none")
CASE = "GAN_BENCH_CRIPPLED"  # the environment variable that cripples this process and its workers
TEST = """
from pathlib import Path

import numpy as np

RUNS = sorted(Path({run!r}).glob("cells/shapes/*/seed-*"))


def draw(n, seed):
    return np.load(RUNS[seed] / "samples.npz")["images"][:n]


def test_samples(gan_bench):
    gan_bench.assert_sample_quality(draw, dataset="shapes", baseline={baseline!r}, seeds=3)
"""


def freeze_statistics() -> None:
    """Batch norm never updates its running statistics, so that samples are drawn with those of its start."""
    build = nn.BatchNorm2d.__init__

    def without_momentum(self: nn.BatchNorm2d, *arguments: Any, **options: Any) -> None:
        build(self, *arguments, **options)
        self.momentum = 0.0

    mock.patch.object(nn.BatchNorm2d, "__init__", without_momentum).start()


def lose_class(lost: int) -> None:
    """A generator that has lost a mode: samples that are of this class are left out, and others of its samples come instead."""
    whole, reader = cell.draw, EXTRACTORS.create("shapes-factors")
    reader.load(torch.device("cpu"))

    def without(variant: Variant, dataset: Dataset, seed: int, purpose: str, n: int) -> Drawn:
        images = whole(variant, dataset, seed, purpose, 2 * n).images
        classes = extract(reader, images, "classes").logits
        assert classes is not None
        return Drawn(images[classes.argmax(1) != lost][:n], None, None)

    mock.patch.object(cell, "draw", without).start()


def drop_classes(*dropped: int) -> None:
    """Trainings never see these classes; what they make is compared with all of them."""
    build = Batches.__init__

    def some(self: Batches, split: Split, *arguments: Any) -> None:
        kept = ~torch.isin(split.labels, torch.tensor(dropped))
        build(self, Split(split.images[kept], split.labels[kept]), *arguments)

    mock.patch.object(Batches, "__init__", some).start()


CRIPPLED: dict[str, Callable[[], None]] = {
    "batch norm without running statistics": freeze_statistics,
    "one class of 16 is never drawn": partial(lose_class, 9),
    "one class of 16 is not in the training images": partial(drop_classes, 9),
    "one hue of 4 is not in the training images": partial(drop_classes, 1, 5, 9, 13),
}
OTHERS: dict[str, tuple[str, ...]] = {
    "other seeds": ("--first-seed", "100"),
    "learning rate 1e-7": ("--set", f"{VARIANT}.lr=1e-7"),
    "half of the budget": ("--budget", "quick,0.2tflop"),
}

if CASE in os.environ:  # a worker imports this file again, and so it is crippled too
    CRIPPLED[os.environ[CASE]]()


def gan_bench(*arguments: str | Path, crippled: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    program = ["-m", "gan_bench"] if crippled is None else [__file__]
    environment = os.environ | ({} if crippled is None else {CASE: crippled})
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )


def train(out: Path, *arguments: str, crippled: str | None = None) -> float:
    """Three seeds; the seconds that they took."""
    started = time.monotonic()
    asked = ("--suite", "shapes", "--variants", VARIANT, "--set", f"{VARIANT}.width={WIDTH}", "--seeds", "3", *MEASURED)
    budget = () if "--budget" in arguments else ("--budget", BUDGET)
    done = gan_bench("run", *asked, *budget, *arguments, "--out", out, crippled=crippled)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - started


def by_action(run: Path, baseline: Path, folder: Path) -> int:
    """The exit code of the action's script."""
    program = folder / "bin" / "gan-bench"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gan_bench "$@"\n')
    program.chmod(0o755)
    asked = {"BASELINE": baseline, "SAMPLES": run, "REPORT": folder / "report"}
    environment = os.environ | {name: str(value) for name, value in asked.items()}
    environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    script = ROOT / ".github" / "check.sh"
    return subprocess.run(["bash", script], env=environment, capture_output=True, check=False).returncode


def by_pytest(run: Path, baseline: Path, folder: Path) -> int:
    """The exit code of pytest with one test, which draws what the run kept."""
    test = folder / "test_samples.py"
    test.write_text(TEST.format(run=str(run), baseline=str(baseline)))
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), str(test)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def row(name: str, run: Path, baseline: Path, folder: Path, seconds: float) -> str:
    """One line of the table."""
    started = time.monotonic()
    done = gan_bench("check", run, "--baseline", baseline, "--json")
    seconds += time.monotonic() - started
    [decides] = [one for one in json.loads(done.stdout)["checked"] if one["decides"]]
    codes = f"{done.returncode}, {by_action(run, baseline, folder)}, {by_pytest(run, baseline, folder)}"
    return f"| {name} | {decides['new']:.3f} | {decides['verdict']} | {codes} | {decides['reason']} | {seconds:.0f} |"


def main() -> None:
    """Train, check, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where to write the table, without .md")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        baseline, old = folder / "baseline.json", folder / "old"
        seconds = train(old)
        print(gan_bench("baseline", old, "--out", baseline).stdout)

        lines = [f"| {VARIANT}, width {WIDTH}, {BUDGET} | FD | verdict | exit codes | why | s |", "|" + "---|" * 6]
        lines.append(row("the baseline's own run", old, baseline, folder, seconds))
        for name in (*OTHERS, *CRIPPLED):
            run = folder / name.replace(" ", "-")
            seconds = train(run, *OTHERS.get(name, ()), crippled=name if name in CRIPPLED else None)
            lines.append(row(name, run, baseline, folder, seconds))
            print(lines[-1], flush=True)

    table = "\n".join(lines) + "\n"
    print(table)
    if arguments.out:
        write_text(arguments.out.with_suffix(".md"), table)


if __name__ == "__main__":
    app() if CASE in os.environ else main()
