"""`gan-bench score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.budget import parse_preset
from gan_bench.cli import completion
from gan_bench.cli.options import Device, Json, check_names, names_in, range_in
from gan_bench.cli.output import log_to_stderr, print_json, print_table, stdout
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr

if TYPE_CHECKING:
    from gan_bench.records import ReferenceRecord


def score(
    path: Annotated[
        Path, typer.Argument(help="A folder of PNG, JPEG or WebP images (sub-folders: classes), or an .npz, .npy or .pt file.")
    ],
    dataset: Annotated[
        str,
        typer.Option(
            help="The dataset to compare with: a name, or folder:PATH for a folder of images.",
            autocompletion=completion.dataset,
        ),
    ],
    value_range: Annotated[
        str | None, typer.Option(help="What is black and what is white in an array of floats: --value-range=-1,1.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Score exactly this many, chosen by a fixed shuffle.", show_default="all")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="The preset whose number of reals to compare with.", autocompletion=completion.budgets)
    ] = "quick",
    extractors: Annotated[
        str | None,
        typer.Option(
            help="Feature extractors, comma-separated.", show_default="the dataset's", autocompletion=completion.extractors
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Metrics, comma-separated; see `gan-bench list metrics`.",
            show_default="the dataset's",
            autocompletion=completion.metrics,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Put the result on the leaderboard of --run as an entry of this name.")
    ] = None,
    run_folder: Annotated[Path | None, typer.Option("--run", help="The run folder that --name writes to.")] = None,
    fail_if: Annotated[
        list[str] | None, typer.Option(help="Exit 1 where this holds, as in --fail-if 'fd_mnist-cnn > 8'. Can be repeated.")
    ] = None,
    device: Device = "auto",
    strict: Annotated[bool, typer.Option(help="Stop when an extractor's weights are missing.")] = False,
    as_json: Json = False,
) -> None:
    """Score any images against a dataset."""
    log_to_stderr()
    preset, extractor_names, metric_names = parse_preset(budget), names_in(extractors), names_in(metrics)
    _check(dataset, extractor_names, metric_names)
    if (name is None) != (run_folder is None):
        raise UserError("--name and --run belong together: the entry's name, and the run folder whose leaderboard gets it.")

    from gan_bench.device import pick
    from gan_bench.external import ScoreRequest, score_path
    from gan_bench.gate.limit import parse_limit

    limits = [parse_limit(text) for text in fail_if or []]

    request = ScoreRequest(
        path, dataset, preset, samples, range_in(value_range), extractor_names, metric_names, strict, name, run_folder
    )
    record = score_path(request, pick(device))
    if as_json:
        values = {m.name: m.value for m in record.metrics if m.value is not None}
        print_json(record.model_dump(mode="json") | {"values": values})
    else:
        _show(record)

    broken = [sentence for limit in limits if (sentence := limit.broken_by(record.metrics))]
    for sentence in broken:
        stderr.print(f"gan-bench: {sentence}", style="red", soft_wrap=True, markup=False, highlight=False)
    if broken:
        raise typer.Exit(1)


def _check(dataset: str, extractors: list[str] | None, metrics: list[str] | None) -> None:
    from gan_bench.datasets import DATASETS
    from gan_bench.features import EXTRACTORS
    from gan_bench.metrics import METRICS

    check_names(DATASETS, [dataset])
    check_names(EXTRACTORS, extractors)
    check_names(METRICS, metrics)


def _show(record: ReferenceRecord) -> None:
    """One row for each number, then what could not be computed, and why."""
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
