"""`gan-bench run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gan_bench import suites
from gan_bench.budget import parse_preset
from gan_bench.cli import completion
from gan_bench.cli.board import show_board, show_failures, show_next, show_page
from gan_bench.cli.options import LARGEST_SEED, MOST_SEEDS, Device, Json, check_names, names_in, registered
from gan_bench.cli.output import Row, log_to_stderr, print_json, print_table, stdout
from gan_bench.core.changes import label_of
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr
from gan_bench.core.training_log import check_log

if TYPE_CHECKING:
    from gan_bench.plan.forecast import Forecast
    from gan_bench.records import Plan
    from gan_bench.run import Outcome
    from gan_bench.suites import Suite

MOST_ROWS, ENDS = 50, 20  # of a printed plan; where it has more, so many at each end are shown
MOST_TIMED = 50  # kinds of trainings; the others are taken to be like these


def run(
    suite: Annotated[
        str,
        typer.Option(
            help="Suites, comma-separated: names (`gan-bench list suites`), my.toml, or folder:PATH, any images.",
            autocompletion=completion.suites,
        ),
    ],
    budget: Annotated[
        str,
        typer.Option(
            help="A preset (smoke, quick, standard, full), a limit (8tflop, 60s, 500kimg, 1000steps), or both: full,60s.",
            autocompletion=completion.budgets,
        ),
    ] = "quick",
    seeds: Annotated[int, typer.Option(min=1, max=MOST_SEEDS, help="Trainings of each variant; seeds 0, 1, ...")] = 1,
    first_seed: Annotated[
        int,
        typer.Option(
            min=0, max=LARGEST_SEED, help="The first seed; choose settings on seeds from 100 on, which are never reported."
        ),
    ] = 0,
    variants: Annotated[
        str | None,
        typer.Option(
            help="Only these variants, comma-separated; 'all', or a file of your own: my_gan.py,dcgan.",
            autocompletion=completion.variants,
        ),
    ] = None,
    extractors: Annotated[
        str | None,
        typer.Option(help="Other feature extractors than the suite's; or 'all'.", autocompletion=completion.extractors),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Other metrics than the suite's; or 'all'.", autocompletion=completion.metrics)
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
        list[str] | None,
        typer.Option(
            "--set", help="Another setting: dcgan.lr=1e-4; a training for each of several: 1e-4,5e-4. Can be repeated."
        ),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4096,
            show_default="32",
            help="Side in pixels to which a folder's images are resized: 16, 32, 64, 128, 256.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder.", show_default="runs/BUDGET")] = None,
    device: Device = "auto",
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4096,
            help="Trainings at a time.",
            show_default="on a CPU as many as it has threads; on a GPU, or by time, 1",
        ),
    ] = None,
    compiled: Annotated[
        bool,
        typer.Option("--compile", help="Train with torch.compile: some variants gain by it on a GPU. Needs a C++ compiler."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop when an extractor's weights are missing.")] = False,
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
    suite_names, variant_names = names_in(suite, "--suite") or [], names_in(variants, "--variants")
    extractor_names, metric_names = names_in(extractors, "--extractors"), names_in(metrics, "--metrics")
    detector_names = _detectors_in(detectors)
    _check(suite_names, variant_names, extractor_names, metric_names, detector_names)
    if log is not None:
        check_log(log)

    with stderr.status("starting"):
        from gan_bench import plan as planning
        from gan_bench import run as benchmark
        from gan_bench.device import pick
        from gan_bench.generators.own import read_sources
        from gan_bench.settings import parse_changes

        own = read_sources(variant_names or [name for one in suite_names for name in suites.load(one).variants])
        request = planning.RunRequest(
            suite_names, preset, seeds, first_seed,
            variants=variant_names, own=own,
            changes=parse_changes(changes or [], {source.kind.name: source.kind for source in own.values()}),
            extractors=extractor_names, metrics=metric_names, detectors=detector_names,
            device=str(pick(device)), jobs=jobs, compiled=compiled, strict=strict, attacks=attacks, side=side,
        )  # fmt: skip
        plan = planning.make_plan(request)

    out = out or Path("runs") / preset.name
    _check_out(out)
    if dry_run and as_json:
        print_json(plan.model_dump(mode="json"))
    else:
        _show_plan(plan, out, stdout if dry_run else stderr)
    if dry_run:
        return

    show_outcome(benchmark.run(plan, out, logged=log is not None), out, as_json)


def _detectors_in(text: str | None) -> list[str] | None:
    """The names in --detectors: None for the suite's own, "all" for each with its default argument, "none" for none."""
    from gan_bench.detectors import every_name

    if text == "all":
        return every_name()
    return [] if text == "none" else names_in(text, "--detectors")


def _check(
    suite_names: list[str],
    variants: list[str] | None,
    extractors: list[str] | None,
    metrics: list[str] | None,
    detectors: list[str] | None,
) -> None:
    """Look up every name, those in the suite files too, before anything starts. Raises UserError at an unknown one."""
    for name in suite_names:
        suite = suites.load(name)
        if not suites.is_ours(name):
            _check_own(name, suite)
        asked = {"variants": variants, "extractors": extractors, "metrics": metrics}
        carried = {part: tuple(names) for part, names in asked.items() if names}
        _look_up(suite.model_copy(update=carried | ({} if detectors is None else {"detectors": tuple(detectors)})))


def _check_out(out: Path) -> None:
    """Raises UserError where the run folder, or a folder above it, is a file."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise UserError(f"--out {out} cannot be a run folder, since {there} is a file; give another path.")


def _look_up(suite: Suite, place: Callable[[str], str] | None = None) -> None:
    """Raises UserError at an unknown name in a suite. `place`: a name -> where the suite's file has it."""
    from gan_bench.datasets import DATASETS
    from gan_bench.detectors import DETECTORS, plain
    from gan_bench.features import EXTRACTORS
    from gan_bench.generators import VARIANTS
    from gan_bench.metrics import METRICS

    check_names(DATASETS, suite.datasets, place)
    check_names(VARIANTS, registered(suite.variants), place)
    check_names(EXTRACTORS, registered(suite.extractors), place)
    check_names(METRICS, registered(suite.metrics), place)
    check_names(DETECTORS, map(plain, suite.detectors), place)


def _check_own(name: str, suite: Suite) -> None:
    """Look up every name in a suite that is not one of gan-bench. Raises UserError, which names its file and line."""
    from gan_bench.metrics import METRICS

    _look_up(suite, partial(suites.place_of, name))
    measured = METRICS.names() if suites.ALL in suite.metrics else suite.metrics
    numbers = [number for metric in METRICS.describe()[0] if metric["name"] in measured for number in metric["outputs"]]
    if not any(suite.headline.startswith(f"{number}_") for number in numbers):
        place, known = suites.place_of(name, "headline"), f"{', '.join(numbers)}, each with _ and an extractor behind it"
        raise UserError(f"{place}: headline = {suite.headline!r} is no number of its metrics, which are {known}.")


def _show_plan(plan: Plan, out: Path, target: Console) -> None:
    """One row for each cell, of many the first and the last; then a summary, with guesses of their time."""
    from gan_bench.run_folder import RunFolder, state_of

    folder, forecasts = RunFolder(out), _forecasts(plan)
    usual = fmean(guess.seconds for guess in forecasts.values())
    rows, seconds = [], 0.0
    for cell in plan.cells:
        guess, state = forecasts.get((cell.dataset, cell.key)), state_of(folder, cell)
        of_cell = usual if guess is None else guess.seconds
        seconds += 0 if state else of_cell
        rows.append({
            "dataset": cell.dataset, "variant": label_of(cell.variant, cell.changed), "seed": cell.seed,
            "steps": guess and guess.steps, "kimg": None if guess is None or guess.kimg is None else f"{guess.kimg:.0f}",
            "about": state or f"{of_cell:.0f} s",
        })  # fmt: skip

    _print_rows(rows, target)
    target.print(_summary(plan, out, seconds), highlight=False, soft_wrap=not target.is_terminal)


def _forecasts(plan: Plan) -> dict[tuple[str, str], Forecast]:
    """By dataset and key of a cell; of many kinds of cells those of the first."""
    import torch

    from gan_bench.plan.forecast import forecast

    kinds = {(cell.dataset, cell.key): cell for cell in plan.cells}
    found: dict[tuple[str, str], Forecast] = {}
    for key, cell in list(kinds.items())[:MOST_TIMED]:
        with stderr.status(f"estimating {cell.dataset} {label_of(cell.variant, cell.changed)}"):
            found[key] = forecast(cell, torch.device(plan.device), plan.jobs)
    return found


def _print_rows(rows: Sequence[Row], target: Console) -> None:
    """All rows, or of many the first and the last."""
    if len(rows) <= MOST_ROWS:
        print_table(rows, target)
        return
    hidden = dict.fromkeys(rows[0], "...")
    n = len(rows) - 2 * ENDS
    print_table([*rows[:ENDS], {**hidden, "variant": f"... {n:,} more"}, *rows[-ENDS:]], target)


def _summary(plan: Plan, out: Path, seconds: float) -> str:
    first = plan.cells[0]
    counts = f"{', '.join(first.metrics)}: {first.n_fake:,} fakes against {first.n_real:,} reals"
    at_a_time = f", {plan.jobs} at a time," if plan.jobs > 1 else ""
    what = f"{len(plan.cells)} cells{at_a_time} at budget {first.preset} on {plan.device} into {out}"
    minutes = seconds / plan.jobs / 60
    attacked = " and attacks on them" if plan.attacked else ""
    after = f"then scoring ({counts}) and {len(plan.judges)} detectors{attacked}"
    return f"{what}: about {minutes:.1f} min of training; {after}. A cell is one training of one variant."


def show_outcome(outcome: Outcome, out: Path, as_json: bool) -> None:
    """The leaderboard on stdout; what failed, and what to do next, on stderr. Exits with 1 where something failed."""
    if as_json:
        print_json(outcome.board.to_dict())
    else:
        show_board(outcome.board)

    show_failures(outcome.failures)
    show_page(out / "leaderboard" / "index.html")
    if not as_json:
        show_next(outcome.board, out)
    if outcome.failures:
        raise typer.Exit(1)
