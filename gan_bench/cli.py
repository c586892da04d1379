"""The command line: arguments, messages, exit codes. What needs torch is imported by the command that uses it."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

import gan_bench
from gan_bench.budget import parse_preset
from gan_bench.errors import UserError
from gan_bench.progress import console as stderr
from gan_bench.registry import nearest

app = typer.Typer(
    name="gan-bench",
    help="Train GANs under fixed budgets, score them, detect them, rank them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Datasets: fetch and verify.", no_args_is_help=True)
app.add_typer(data_app, name="data")
stdout = Console()

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]


INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
FAMILIES = ("variants", "datasets", "extractors", "metrics", "detectors", "suites", "budgets")


def names_in(text: str | None) -> list[str] | None:
    """ "a,b" -> ["a", "b"], without repeats."""
    return None if text is None else list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def log_to_stderr() -> None:
    handler: logging.Handler
    if stderr.is_terminal:
        handler = RichHandler(console=stderr, show_path=False, show_level=False, log_time_format="%H:%M:%S")
    else:  # a CI log: one message, one line
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger("gan_bench")
    root.setLevel(logging.INFO)
    root.handlers = [handler]


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_table(rows: list[dict[str, Any]], target: Console = stdout) -> None:
    """Rows with the same keys, which head the columns. Long cells fold, but for the first, a name; nothing is cut off."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, column in enumerate(rows[0]):
        table.add_column(column, overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    target.print(table)


@app.command()
def run(
    suite: Annotated[str, typer.Option(help="Suites, comma-separated; see `gan-bench list suites`.")],
    budget: Annotated[
        str,
        typer.Option(
            help="A preset (smoke, quick, standard, full), a limit (8tflop, 60s, 500kimg, 1000steps), or both: full,60s."
        ),
    ] = "quick",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant; seeds 0, 1, ...")] = 1,
    variants: Annotated[str | None, typer.Option(help="Only these variants, comma-separated.")] = None,
    extractors: Annotated[str | None, typer.Option(help="Other feature extractors than the suite's, comma-separated.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Other metrics than the suite's; see `gan-bench list metrics`.")] = None,
    detectors: Annotated[str | None, typer.Option(help="Other detectors than the suite's; 'none' for no detection.")] = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """The whole benchmark: train, score, detect, leaderboard. The same command again finishes what is missing."""
    log_to_stderr()
    preset = parse_preset(budget)
    suite_names = known_suites(names_in(suite) or [])
    chosen_detectors = [] if detectors == "none" else names_in(detectors)
    with stderr.status("starting"):
        check_names(variants, extractors, metrics, chosen_detectors)
        from gan_bench import run as benchmark
        from gan_bench.device import pick
        from gan_bench.settings import parse_changes

        plan = benchmark.make_plan(
            suite_names, preset, seeds,
            variants=names_in(variants), changes=parse_changes(changes or []),
            extractors=names_in(extractors), metrics=names_in(metrics),
            detectors=chosen_detectors, device=str(pick(device)), jobs=jobs, compiled=compiled, strict=strict,
        )  # fmt: skip
    out = out or Path("runs") / preset.name
    show_plan(plan, out, as_json=as_json and dry_run, to_stdout=dry_run)
    if dry_run:
        return
    outcome = benchmark.run(plan, out)
    if as_json:
        print_json(outcome.board.to_dict())
    else:
        sys.stdout.write(outcome.board.markdown())
    stderr.print(f"leaderboard: {out / 'leaderboard' / 'index.html'}", soft_wrap=True)
    for trouble in outcome.troubles:
        stderr.print(f"gan-bench: {trouble}", style="red", soft_wrap=True, markup=False)
    if outcome.troubles:
        raise typer.Exit(1)


def known_suites(names: list[str]) -> list[str]:
    from gan_bench import suites

    if not names:
        raise UserError(f"--suite names no suite. Known: {', '.join(suites.names())}.")
    for name in names:
        suites.load(name)
    return names


def check_names(variants: str | None, extractors: str | None, metrics: str | None, detectors: list[str] | None) -> None:
    """Every name is looked up before anything starts. Raises UserError at an unknown one."""
    from detectors import DETECTORS
    from gan_bench.features import EXTRACTORS
    from gan_bench.metrics import METRICS
    from generators import VARIANTS

    asked = (
        (VARIANTS, names_in(variants)),
        (EXTRACTORS, names_in(extractors)),
        (METRICS, names_in(metrics)),
        (DETECTORS, detectors),
    )
    for registry, names in asked:
        for name in names or []:
            registry.get(name)


def show_plan(plan: Any, out: Path, *, as_json: bool, to_stdout: bool) -> None:
    from gan_bench.run import estimate, finished_cell

    if as_json:
        print_json(plan.model_dump(mode="json"))
        return
    import torch

    guesses: dict[tuple[str, str], Any] = {}
    rows, total = [], 0.0
    for cell in plan.cells:
        key = (cell.dataset, cell.variant)
        if key not in guesses:
            with stderr.status(f"estimating {cell.dataset} {cell.variant}"):
                guesses[key] = estimate(cell, torch.device(plan.device), plan.jobs)
        guess, done = guesses[key], finished_cell(out, cell)
        total += 0 if done else guess.seconds
        rows.append({
            "dataset": cell.dataset, "variant": cell.variant, "seed": cell.seed,
            "steps": guess.steps, "kimg": None if guess.kimg is None else f"{guess.kimg:.0f}",
            "about": "done" if done else f"{guess.seconds:.0f} s",
        })  # fmt: skip
    target = stdout if to_stdout else stderr
    print_table(rows, target)
    first = plan.cells[0]
    counts = f"{', '.join(first.metrics)}: {first.n_fake:,} fakes against {first.n_real:,} reals"
    at_a_time = f", {plan.jobs} at a time," if plan.jobs > 1 else ""
    what = f"{len(plan.cells)} cells{at_a_time} at budget {first.preset} on {plan.device} into {out}"
    summary = f"{what}: about {total / plan.jobs / 60:.1f} min of training; then scoring ({counts})"
    target.print(f"{summary} and {len(plan.judges)} detectors.", highlight=False, soft_wrap=True)


@app.command()
def score(
    path: Annotated[
        Path, typer.Argument(help="A folder of PNG, JPEG or WebP images (sub-folders: classes), or an .npz, .npy or .pt file.")
    ],
    dataset: Annotated[str, typer.Option(help="The dataset to compare with: a name, or folder:PATH for anybody's.")],
    value_range: Annotated[
        str | None, typer.Option(help="What is black and what is white in an array of floats: --value-range=-1,1.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Score exactly this many, chosen by a fixed shuffle.", show_default="all")
    ] = None,
    budget: Annotated[str, typer.Option(help="The preset whose number of reals to compare with.")] = "quick",
    extractors: Annotated[
        str | None, typer.Option(help="Feature extractors, comma-separated.", show_default="the dataset's")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Metrics, comma-separated; see `gan-bench list metrics`.", show_default="the dataset's")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Put the result on the leaderboard of --run as an entry of this name.")
    ] = None,
    run_folder: Annotated[Path | None, typer.Option("--run", help="The run folder that --name writes to.")] = None,
    device: Device = "auto",
    strict: Annotated[bool, typer.Option(help="Stop when an extractor's weights are missing.")] = False,
    as_json: Json = False,
) -> None:
    """Judge anybody's images against a dataset."""
    log_to_stderr()
    preset = parse_preset(budget)
    check_names(None, extractors, metrics, None)
    if (name is None) != (run_folder is None):
        raise UserError("--name and --run belong together: the entry's name, and the run folder whose leaderboard gets it.")
    from gan_bench import external
    from gan_bench.device import pick

    record = external.score_path(
        path, dataset, preset, n=samples, value_range=range_in(value_range),
        extractors=names_in(extractors), metrics=names_in(metrics),
        device=pick(device), strict=strict, name=name, run_folder=run_folder,
    )  # fmt: skip
    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    print_table([
        {
            "metric": m.name,
            "value": f"{m.value:.4g}",
            "95 %": m.interval and f"{m.interval.low:.4g} to {m.interval.high:.4g}",
            "better": "higher" if m.higher_is_better else "lower",
            "fakes": m.n_fake,
            "reals": m.n_real,
        }
        for m in record.metrics
        if m.value is not None
    ])  # fmt: skip
    for reason in dict.fromkeys(m.unavailable for m in record.metrics if m.unavailable):
        missing = ", ".join(m.name for m in record.metrics if m.unavailable == reason)
        stdout.print(f"no {missing}: {reason}", soft_wrap=True, markup=False, highlight=False)


def range_in(text: str | None) -> tuple[float, float] | None:
    """ "-1,1" -> (-1.0, 1.0). Raises UserError."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = 0.0
    if not low < high:
        raise UserError(f"--value-range {text!r} is not black and white as two numbers, such as -1,1 or 0,1.")
    return low, high


@app.command()
def leaderboard(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write.", show_default="leaderboard/ in the only run folder")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild the pages from records alone."""
    log_to_stderr()
    if out is None and len(runs) > 1:
        raise UserError("several run folders need --out, the folder of their common leaderboard.")
    from gan_bench import suites
    from leaderboard.page import build

    out = out or runs[0] / "leaderboard"
    board = build(runs, out, suites.headlines())
    if as_json:
        print_json(board.to_dict())
    else:
        sys.stdout.write(board.markdown())
    stderr.print(f"leaderboard: {out / 'index.html'}", soft_wrap=True)


@app.command("list")
def list_(what: Annotated[str, typer.Argument(help=", ".join(FAMILIES))], as_json: Json = False) -> None:
    """What there is: variants, datasets, extractors, metrics, detectors, suites, budgets."""
    if what not in FAMILIES:
        raise UserError(nearest(what, FAMILIES, "list"))
    from gan_bench.catalogue import rows

    found = rows(what)
    if as_json:
        print_json(found)
    else:
        print_table(found)


@data_app.command()
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Datasets, or an extractor whose weights come from elsewhere.", show_default="all datasets"),
    ] = None,
) -> None:
    """Get what is missing or damaged."""
    log_to_stderr()
    from gan_bench.datasets import DATASETS
    from gan_bench.features import EXTRACTORS
    from gan_bench.features.base import Unavailable

    for name in names or DATASETS.complete_names():
        if name in EXTRACTORS.names():
            try:
                EXTRACTORS.create(name).fetch()
            except Unavailable as reason:
                raise UserError(f"{name}: {reason}.") from reason
        else:
            DATASETS.create(name).fetch()
        stdout.print(f"{name}: here", highlight=False)


@data_app.command()
def verify(names: Annotated[list[str] | None, typer.Argument(help="Datasets.", show_default="all")] = None) -> None:
    """Compare the cached bytes with the pinned digests. Exit 1 when something is missing or damaged."""
    log_to_stderr()
    from gan_bench.datasets import DATASETS

    faults = 0
    for name in names or DATASETS.complete_names():
        found = DATASETS.create(name).verify()
        faults += len(found)
        stdout.print("\n".join(found) or f"{name}: every digest holds", highlight=False, soft_wrap=True, markup=False)
    if faults:
        raise typer.Exit(1)


@app.command()
def sample(
    cell: Annotated[Path, typer.Argument(help="A finished cell, such as runs/quick/cells/mnist/dcgan/seed-0.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many images.")] = 64,
    start: Annotated[int, typer.Option(min=0, help="Index of the first; image i is always the same.")] = 0,
    label: Annotated[str | None, typer.Option(help="Only this class, by number or name; of a conditional variant.")] = None,
    out: Annotated[Path, typer.Option(help="FILE.png: one grid. FILE.npz: an array. A folder: one PNG an image.")] = Path(
        "samples.png"
    ),
    device: Device = "auto",
) -> None:
    """Draw images from a trained generator."""
    log_to_stderr()
    from gan_bench import images, pictures
    from gan_bench.datasets import DATASETS
    from gan_bench.device import pick
    from gan_bench.sample import draw, load_generator

    variant, record = load_generator(cell, pick(device))
    with stderr.status(f"drawing {n} images"):
        dataset = DATASETS.create(record.spec.dataset)
        wanted = None if label is None else class_of(label, variant, dataset)
        samples, labels, _ = draw(variant, dataset, record.spec.seed, "user", n, start, label=wanted)
    try:
        if out.suffix == ".png":
            pictures.save_samples_picture(samples, dataset, out, columns=min(n, 16), most=n)
        elif out.suffix == ".npz":
            images.save_samples(samples, labels, out)
        elif variant.draws_points:
            raise UserError(
                f"{record.spec.dataset} holds points; give --out FILE.png for one picture or FILE.npz for an array."
            )
        else:
            for i, picture in enumerate(samples, start):
                images.save_png(images.grid(picture[None], columns=1, scale=1, gap=0), out / f"{i:06d}.png")
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}).") from error
    stdout.print(f"{n} images: {out}", highlight=False, soft_wrap=True)


def class_of(text: str, variant: Any, dataset: Any) -> int:
    """The class that a number or a name means. Raises UserError when there is none, or the variant heeds none."""
    if not variant.conditional:
        raise UserError(f"{variant.name} is not class-conditional, so --label has no meaning for it.")
    found = dataset.class_index(text)
    if found is not None:
        return found
    raise UserError(nearest(text, dataset.class_names, f"class of {dataset.name}"))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Device, threads, versions, and which weights and datasets are at hand."""
    from gan_bench.catalogue import health

    found = health()
    if as_json:
        print_json(found)
    else:
        print_table([{"": key, " ": value} for key, value in found.items()])


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        stdout.print(f"gan-bench {gan_bench.__version__} (rules {gan_bench.BENCHMARK_VERSION})", highlight=False)
        raise typer.Exit()


def main() -> None:
    """The console script. A user's mistake is a sentence on stderr and exit 2; Ctrl-C is exit 130."""
    try:
        app()
    except UserError as error:
        stderr.print(f"gan-bench: {error}", soft_wrap=True, markup=False, highlight=False)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            stderr.print("gan-bench: interrupted; the same command goes on from the last checkpoint.")
        raise


if __name__ == "__main__":
    main()
