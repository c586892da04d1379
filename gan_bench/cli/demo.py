"""`gan-bench demo`."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.budget import parse_preset
from gan_bench.cli.output import log_to_stderr, say
from gan_bench.cli.run import show_outcome
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr

if TYPE_CHECKING:
    from gan_bench.plan import RunRequest

BUDGET = "60s"
OUT = Path("runs") / "demo"
DIGITS, SHAPES = "mnist", "shapes"  # what is shown, and what comes instead where the digits cannot be fetched
EXTRACTORS = {DIGITS: "mnist-cnn", SHAPES: "shapes-factors"}


def demo() -> None:
    """Two minutes: train a GAN on digits, score its samples, detect them, and open the page. Made for two CPU cores.

    The files are in runs/demo. Where the digits cannot be fetched, it draws coloured shapes.
    """
    log_to_stderr()
    stderr.print("gan-bench trains a GAN on digits for a minute, scores its samples, then tries to detect them.")
    with stderr.status("starting"):
        from gan_bench import plan as planning
        from gan_bench import run as benchmark

        dataset = _available()
        plan = planning.make_plan(_request(dataset))

    out = OUT if dataset == DIGITS else OUT.with_name(f"{OUT.name}-{dataset}")
    show_outcome(benchmark.run(plan, out), out, as_json=False)
    if sys.stdout.isatty():
        webbrowser.open((out / "leaderboard" / "index.html").resolve().as_uri())


def _available() -> str:
    """The digits, or the shapes where no source of the digits answers."""
    from gan_bench.datasets import DATASETS

    try:
        DATASETS.create(DIGITS).fetch()
    except UserError as error:
        say(f"{error} So it draws shapes.")
        return SHAPES
    return DIGITS


def _request(dataset: str) -> RunRequest:
    from gan_bench.device import pick
    from gan_bench.plan import RunRequest

    return RunRequest(
        [dataset], parse_preset(BUDGET), 1, 0, variants=["cgan"], extractors=[EXTRACTORS[dataset]],
        metrics=["fd", "pr", "modes"], detectors=["pixels", "spectrum"], device=str(pick("auto")),
    )  # fmt: skip
