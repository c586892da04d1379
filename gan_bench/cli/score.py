"""`gan-bench score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.budget import parse_preset
from gan_bench.cli import completion
from gan_bench.cli.options import MOST_IMAGES, MOST_SEEDS, Device, Json, check_names, names_in, range_in, registered
from gan_bench.cli.output import log_to_stderr, print_json, print_table, say, stdout
from gan_bench.core.errors import UserError

if TYPE_CHECKING:
    from gan_bench.external import Scoring
    from gan_bench.records import MetricValue, ReferenceRecord
    from gan_bench.references import Measured


def score(
    dataset: Annotated[
        str,
        typer.Option(
            help="The dataset to compare with: a name, or folder:PATH for a folder of images.",
            autocompletion=completion.dataset,
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of PNG, JPEG or WebP images (sub-folders: classes), or an .npz, .npy or .pt file.",
            show_default=False,
        ),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(help="Instead of images FILE:NAME, a function (n, seed) -> images or an nn.Module, as in my_gan.py:load."),
    ] = None,
    latent: Annotated[
        str | None, typer.Option(help="The size of an nn.Module's latents: 128, or 100,1,1.", show_default="its z_dim")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=MOST_SEEDS, help="How often the generator draws, with seeds 0, 1, ...")] = 1,
    value_range: Annotated[
        str | None, typer.Option(help="What is black and what is white in floats: --value-range=-1,1.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option("-n", "--samples", min=1, max=MOST_IMAGES, show_default="all; of a generator the preset's",
                     help="Score exactly this many; of a folder, chosen by a fixed shuffle."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="The preset whose number of reals to compare with.", show_default="quick", autocompletion=completion.budgets
        ),
    ] = None,
    extractors: Annotated[
        str | None,
        typer.Option(
            help="Feature extractors, comma-separated; or 'all'.",
            show_default="the dataset's",
            autocompletion=completion.extractors,
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Metrics, comma-separated (`gan-bench list metrics`); or 'all'.",
            show_default="the dataset's",
            autocompletion=completion.metrics,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Put the result on the leaderboard of --run as an entry of this name.")
    ] = None,
    run_folder: Annotated[
        Path | None,
        typer.Option("--run", help="The run folder of --name, old or new. What is not said is as for its entries."),
    ] = None,
    fail_if: Annotated[
        list[str] | None, typer.Option(help="Exit 1 where this holds, as in --fail-if 'fd_mnist-cnn > 8'. Can be repeated.")
    ] = None,
    device: Device = "auto",
    strict: Annotated[bool, typer.Option("--strict", help="Stop when an extractor's weights are missing.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Score any images, or what any generator draws, against a dataset."""
    log_to_stderr()
    preset = parse_preset(budget or "quick")
    extractor_names, metric_names = names_in(extractors, "--extractors"), names_in(metrics, "--metrics")
    _check(dataset, extractor_names, metric_names)
    _check_source(path, generator, latent, seeds)
    if (name is None) != (run_folder is None):
        raise UserError("--name and --run belong together: the entry's name, and the run folder whose leaderboard gets it.")

    from gan_bench.datasets import DATASETS
    from gan_bench.device import pick
    from gan_bench.external import Scoring, check_entry, like_entries, write_entry
    from gan_bench.gate.limit import parse_limit
    from gan_bench.references import means
    from gan_bench.run_folder import RunFolder

    limits, run = [parse_limit(text) for text in fail_if or []], RunFolder(run_folder) if run_folder is not None else None
    scoring = Scoring(
        dataset, preset, pick(device), samples, range_in(value_range), extractor_names, metric_names, strict, name
    )
    if run is not None:
        check_entry(run, DATASETS.create(dataset), name or "")
        scoring = like_entries(scoring, run, any_budget=budget is None)

    sets = _measured(path, generator, _shape_in(latent), seeds, scoring)
    numbers = means([one.record for one in sets])
    _print([one.record for one in sets], numbers, as_json)
    if run is not None and name is not None:
        write_entry(run, DATASETS.create(dataset), name, sets)
        say(f"entry {name!r} of {dataset} is on the leaderboard: {run.leaderboard / 'index.html'}")

    broken = [sentence for limit in limits if (sentence := limit.broken_by(numbers))]
    for sentence in broken:
        say(f"gan-bench: {sentence}", style="red")
    if broken:
        raise typer.Exit(1)


def _check(dataset: str, extractors: list[str] | None, metrics: list[str] | None) -> None:
    from gan_bench.datasets import DATASETS
    from gan_bench.features import EXTRACTORS
    from gan_bench.metrics import METRICS

    check_names(DATASETS, [dataset])
    check_names(EXTRACTORS, registered(extractors))
    check_names(METRICS, registered(metrics))


def _check_source(path: Path | None, generator: str | None, latent: str | None, seeds: int) -> None:
    """Raises UserError unless there are either images or a generator, with options that fit."""
    if (path is None) == (generator is None):
        raise UserError("give either images or --generator FILE:NAME, such as --generator my_gan.py:load.")
    if path is not None and (latent is not None or seeds > 1):
        option = "--seeds" if latent is None else "--latent"
        raise UserError(f"{option} is for --generator; images at a path were drawn already.")


def _shape_in(latent: str | None) -> tuple[int, ...] | None:
    """ "128" -> (128,); "100,1,1" -> (100, 1, 1). Raises UserError."""
    if latent is None:
        return None
    sides = latent.split(",")
    if not all(side.strip().isdecimal() and int(side) > 0 for side in sides):
        raise UserError(f"--latent {latent!r} is no size of a latent, such as 128, or 100,1,1 for one with sides.")
    return tuple(map(int, sides))


def _measured(
    path: Path | None, generator: str | None, latent: tuple[int, ...] | None, seeds: int, scoring: Scoring
) -> list[Measured]:
    """The sets of images, scored: one at a path, or one for each seed of a generator."""
    from gan_bench.external import measure_path
    from gan_bench.gate.sources import draws_of, load_generator

    if path is not None:
        return [measure_path(path, scoring)]
    assert generator is not None
    return list(draws_of(load_generator(generator, latent), generator, seeds, scoring).values())


def _print(records: list[ReferenceRecord], numbers: list[MetricValue], as_json: bool) -> None:
    """The numbers: of several seeds their means."""
    if as_json:
        values = {number.name: number.value for number in numbers if number.value is not None}
        means = [number.model_dump(mode="json") for number in numbers]
        found = [record.model_dump(mode="json") for record in records]
        print_json({**(found[0] if len(found) == 1 else {"metrics": means, "seeds": found}), "values": values})
        return

    _show(numbers)
    if len(records) > 1:
        say(f"means over {len(records)} seeds, with t intervals: draws from one generator, not trainings")


def _show(numbers: list[MetricValue]) -> None:
    """One row for each number; narrow enough for 80 columns. Then what has no value, and why: on a screen the log says it."""
    print_table([
        {
            "metric": m.name,
            "value": f"{m.value:.4g}",
            "95 %": m.interval and f"{m.interval.low:.4g} to {m.interval.high:.4g}",
            "better": "higher" if m.higher_is_better else "lower",
        }
        for m in numbers
        if m.value is not None
    ])  # fmt: skip

    missing = [m for m in numbers if m.unavailable and m.value is None]
    lines = [f"no {', '.join(m.name for m in missing if m.unavailable == reason)}: {reason}"
             for reason in dict.fromkeys(m.unavailable for m in missing)]  # fmt: skip
    counts = dict.fromkeys(f"{m.n_fake:,} fakes against {m.n_real:,} reals" for m in numbers if m.value is not None)
    for line in (*([] if stdout.is_terminal else lines), "; ".join(counts)):
        say(line, stdout)
