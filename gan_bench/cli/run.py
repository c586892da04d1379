"""`gan-bench run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gan_bench.budget import parse_preset
from gan_bench.cli import completion
from gan_bench.cli.options import Device, Json, check_names, names_in
from gan_bench.cli.output import log_to_stderr, print_json, print_table, stdout
from gan_bench.core.changes import label_of
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr
from gan_bench.core.training_log import check_log

if TYPE_CHECKING:
    from gan_bench.plan import Forecast
    from gan_bench.records import Plan
    from gan_bench.run import Outcome


def run(
    suite: Annotated[
        str, typer.Option(help="Suites, comma-separated; see `gan-bench list suites`.", autocompletion=completion.suites)
    ],
    budget: Annotated[
        str,
        typer.Option(
            help="A preset (smoke, quick, standard, full), a limit (8tflop, 60s, 500kimg, 1000steps), or both: full,60s.",
            autocompletion=completion.budgets,
        ),
    ] = "quick",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant; seeds 0, 1, ...")] = 1,
    first_seed: Annotated[
        int, typer.Option(min=0, help="The first seed; choose settings on seeds from 100 on, which are never reported.")
    ] = 0,
    variants: Annotated[
        str | None, typer.Option(help="Only these variants, comma-separated.", autocompletion=completion.variants)
    ] = None,
    extractors: Annotated[
        str | None,
        typer.Option(help="Other feature extractors than the suite's, comma-separated.", autocompletion=completion.extractors),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Other metrics than the suite's; see `gan-bench list metrics`.", autocompletion=completion.metrics),
    ] = None,
    detectors: Annotated[
        str | None,
        typer.Option(
            help="Other detectors than the suite's, such as spectrum,spectrum+aug; 'all', or 'none'.",
            autocompletion=completion.detectors,
        ),
    ] = None,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Attack the detectors too; needs `pip install 'gan-bench\\[attacks]'`.")
    ] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Another setting than the variant's: dcgan.lr=1e-4. Can be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder.", show_default="runs/BUDGET")] = None,
    device: Device = "auto",
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Cells at a time.", show_default="on a CPU as many as it has threads; on a GPU, or by time, 1"
        ),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Train with torch.compile: worth its minutes on a GPU; needs a C++ compiler.")
    ] = False,
    strict: Annotated[bool, typer.Option(help="Stop when an extractor's weights are missing.")] = False,
    log: Annotated[
        str | None,
        typer.Option(
            help="tensorboard: write losses and samples of each training to RUN/tensorboard; "
            "needs `pip install 'gan-bench\\[tensorboard]'`.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """The whole benchmark: train, score, detect, leaderboard. The same command again finishes what is missing."""
    log_to_stderr()
    preset = parse_preset(budget)
    suite_names, variant_names = names_in(suite) or [], names_in(variants)
    extractor_names, metric_names = names_in(extractors), names_in(metrics)
    detector_names = _detectors_in(detectors)
    _check(suite_names, variant_names, extractor_names, metric_names, detector_names)
    if log is not None:
        check_log(log)

    with stderr.status("starting"):
        from gan_bench import plan as planning
        from gan_bench import run as benchmark
        from gan_bench.device import pick
        from gan_bench.settings import parse_changes

        request = planning.RunRequest(
            suite_names, preset, seeds, first_seed,
            variants=variant_names, changes=parse_changes(changes or []),
            extractors=extractor_names, metrics=metric_names, detectors=detector_names,
            device=str(pick(device)), jobs=jobs, compiled=compiled, strict=strict, attacks=attacks,
        )  # fmt: skip
        plan = planning.make_plan(request)

    out = out or Path("runs") / preset.name
    if dry_run and as_json:
        print_json(plan.model_dump(mode="json"))
    else:
        _show_plan(plan, out, stdout if dry_run else stderr)
    if dry_run:
        return

    _show_outcome(benchmark.run(plan, out, logged=log is not None), out, as_json)


def _detectors_in(text: str | None) -> list[str] | None:
    """The names in --detectors: None for the suite's own, "all" for each with its default argument, "none" for none."""
    from gan_bench.detectors import every_name

    if text == "all":
        return every_name()
    return [] if text == "none" else names_in(text)


def _check(
    suite_names: list[str],
    variants: list[str] | None,
    extractors: list[str] | None,
    metrics: list[str] | None,
    detectors: list[str] | None,
) -> None:
    """Look up every name, those in the suite files too, before anything starts. Raises UserError at an unknown one."""
    from gan_bench import suites
    from gan_bench.datasets import DATASETS
    from gan_bench.detectors import DETECTORS, plain
    from gan_bench.features import EXTRACTORS
    from gan_bench.generators import VARIANTS
    from gan_bench.metrics import METRICS

    if not suite_names:
        raise UserError(f"--suite names no suite. Known: {', '.join(suites.names())}.")
    for name in suite_names:
        suite = suites.load(name)
        check_names(DATASETS, suite.datasets)
        check_names(VARIANTS, variants or suite.variants)
        check_names(EXTRACTORS, extractors or suite.extractors)
        check_names(METRICS, metrics or suite.metrics)
        check_names(DETECTORS, map(plain, suite.detectors if detectors is None else detectors))


def _show_plan(plan: Plan, out: Path, target: Console) -> None:
    """One row for each cell, then a summary, with guesses of their time."""
    import torch

    from gan_bench.plan import forecast
    from gan_bench.run_folder import RunFolder

    folder = RunFolder(out)
    forecasts: dict[tuple[str, str], Forecast] = {}
    rows, seconds = [], 0.0
    for cell in plan.cells:
        key, label = (cell.dataset, cell.key), label_of(cell.variant, cell.changed)
        if key not in forecasts:
            with stderr.status(f"estimating {cell.dataset} {label}"):
                forecasts[key] = forecast(cell, torch.device(plan.device), plan.jobs)

        guess, done = forecasts[key], folder.finished_cell(cell)
        seconds += 0 if done else guess.seconds
        rows.append({
            "dataset": cell.dataset, "variant": label, "seed": cell.seed,
            "steps": guess.steps, "kimg": None if guess.kimg is None else f"{guess.kimg:.0f}",
            "about": "done" if done else f"{guess.seconds:.0f} s",
        })  # fmt: skip

    print_table(rows, target)
    target.print(_summary(plan, out, seconds), highlight=False, soft_wrap=True)


def _summary(plan: Plan, out: Path, seconds: float) -> str:
    first = plan.cells[0]
    counts = f"{', '.join(first.metrics)}: {first.n_fake:,} fakes against {first.n_real:,} reals"
    at_a_time = f", {plan.jobs} at a time," if plan.jobs > 1 else ""
    what = f"{len(plan.cells)} cells{at_a_time} at budget {first.preset} on {plan.device} into {out}"
    minutes = seconds / plan.jobs / 60
    attacked = " and attacks on them" if plan.attacked else ""
    return f"{what}: about {minutes:.1f} min of training; then scoring ({counts}) and {len(plan.judges)} detectors{attacked}."


def _show_outcome(outcome: Outcome, out: Path, as_json: bool) -> None:
    """The leaderboard on stdout. Exits with 1 where something failed."""
    if as_json:
        print_json(outcome.board.to_dict())
    else:
        sys.stdout.write(outcome.board.markdown())

    stderr.print(f"leaderboard: {out / 'leaderboard' / 'index.html'}", soft_wrap=True)
    for failure in outcome.failures:
        stderr.print(f"gan-bench: {failure}", style="red", soft_wrap=True, markup=False)
    if outcome.failures:
        raise typer.Exit(1)
