"""Does the gate see what cripples a generator, and nothing else?  python benchmarks/gate.py --out results/gate

Trains dcgan on `shapes` with three seeds as a baseline, then again in ways that change nothing or that break something, each
with three seeds, and holds each against the baseline as `gan-bench check` does. Prints a table with the time that each took.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from torch import nn

from gan_bench import run as benchmark
from gan_bench.budget import parse_preset
from gan_bench.core.files import write_text
from gan_bench.datasets.base import Split
from gan_bench.gate.baseline import Baseline, make_baseline
from gan_bench.gate.check import check
from gan_bench.gate.entries import Subject, of_run
from gan_bench.gate.rule import Limits
from gan_bench.plan import RunRequest, make_plan
from gan_bench.train import Batches

BUDGET = "smoke,0.4tflop"
METRICS, EXTRACTORS = ["fd", "pr", "modes"], ["shapes-factors"]


def trained(folder: Path, first_seed: int = 0, budget: str = BUDGET, **settings: Any) -> list[Subject]:
    """dcgan with three seeds."""
    request = RunRequest(
        ["shapes"], parse_preset(budget), 3, first_seed, variants=["dcgan"], changes={"dcgan": settings},
        metrics=METRICS, extractors=EXTRACTORS, detectors=[], jobs=1,
    )  # fmt: skip
    benchmark.run(make_plan(request), folder)
    return of_run(folder)


@contextlib.contextmanager
def frozen_statistics() -> Iterator[None]:
    """A batch norm whose running statistics are never updated, so that it draws with those of its start."""
    build = nn.BatchNorm2d.__init__

    def without_momentum(self: nn.BatchNorm2d, *arguments: Any, **options: Any) -> None:
        build(self, *arguments, **options)
        self.momentum = 0.0

    with mock.patch.object(nn.BatchNorm2d, "__init__", without_momentum):
        yield


@contextlib.contextmanager
def without_classes(dropped: int) -> Iterator[None]:
    """Trainings that never see the first classes; what they make is compared with all of them."""
    build = Batches.__init__

    def some(self: Batches, split: Split, *arguments: Any) -> None:
        kept = split.labels >= dropped
        build(self, Split(split.images[kept], split.labels[kept]), *arguments)

    with mock.patch.object(Batches, "__init__", some):
        yield


CASES: dict[str, tuple[Callable[[], AbstractContextManager[None]], dict[str, Any]]] = {
    "other seeds": (contextlib.nullcontext, {"first_seed": 100}),
    "learning rate 1e-7": (contextlib.nullcontext, {"lr": 1e-7}),
    "batch norm without running statistics": (frozen_statistics, {}),
    "one class of 16 dropped": (partial(without_classes, 1), {}),
    "one shape of 4 dropped": (partial(without_classes, 4), {}),
    "half of the budget": (contextlib.nullcontext, {"budget": "smoke,0.2tflop"}),
}


def row(name: str, baseline: Baseline, new: list[Subject], seconds: float) -> str:
    """One line of the table."""
    report = check(baseline, new, Limits())
    [decides] = [one for one in report.checked if one.decides]
    value = "" if decides.new is None else f"{decides.new:.3f}"
    verdict = report.verdict
    return f"| {name} | {value} | {verdict.word} | {verdict.code} | {decides.decision.reason} | {seconds:.0f} |"


def main() -> None:
    """Train, check, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where to write the table, without .md")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        old = trained(Path(folder) / "baseline")
        baseline = make_baseline(old)
        [subject] = old
        value = subject.mean(baseline.primary[subject.title])
        lines = [f"| dcgan on shapes | {baseline.primary[subject.title]} | verdict | exit | why | s |", "|" + "---|" * 6]
        lines += [f"| the baseline | {value:.3f} | | | | {time.monotonic() - started:.0f} |"]
        lines += [row("the baseline itself", baseline, old, 0.0)]
        for name, (broken, changes) in CASES.items():
            started = time.monotonic()
            with broken():
                new = trained(Path(folder) / name.replace(" ", "-"), **changes)
            lines.append(row(name, baseline, new, time.monotonic() - started))
            print(lines[-1], flush=True)

    table = "\n".join(lines) + "\n"
    print(table)
    if arguments.out:
        write_text(arguments.out.with_suffix(".md"), table)


if __name__ == "__main__":
    main()
