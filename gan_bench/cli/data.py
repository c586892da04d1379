"""`gan-bench data fetch` and `gan-bench data verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.cli import completion
from gan_bench.cli.output import log_to_stderr, say, stdout
from gan_bench.cli.usage import Command
from gan_bench.core.cache import is_temporary
from gan_bench.core.errors import UserError
from gan_bench.core.files import cache_folder

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset

app = typer.Typer(help="Datasets: fetch and verify.", no_args_is_help=True)


@app.command(cls=Command)
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Datasets, or an extractor whose weights come from elsewhere.",
            show_default="all datasets",
            autocompletion=completion.fetched,
        ),
    ] = None,
) -> None:
    """Get what is missing or damaged."""
    log_to_stderr()
    from gan_bench.datasets import DATASETS
    from gan_bench.features import EXTRACTORS

    for name in names or DATASETS.complete_names():
        if name in EXTRACTORS.names():
            _fetch_weights(name)
        else:
            _fetch(DATASETS.create(name))
        stdout.print(f"{name}: here", highlight=False)


def _fetch(dataset: Dataset) -> None:
    """Raises UserError where it cannot be kept."""
    dataset.fetch()
    name = dataset.made_of or dataset.name.removeprefix("images:")
    if is_temporary(name):
        raise UserError(f"{name} was fetched, but the cache {cache_folder()} cannot keep it.")


def _fetch_weights(name: str) -> None:
    from gan_bench.features import EXTRACTORS
    from gan_bench.features.base import Unavailable

    try:
        EXTRACTORS.create(name).fetch()
    except Unavailable as reason:
        raise UserError(f"{name}: {reason}.") from reason


@app.command(cls=Command)
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Datasets.", show_default="all", autocompletion=completion.dataset)
    ] = None,
) -> None:
    """Compare the cached bytes of datasets with the pinned digests. Exit 1 when something is missing or damaged.

    `gan-bench cache verify` checks whatever else is kept.
    """
    log_to_stderr()
    from gan_bench.datasets import DATASETS

    n_faults = 0
    for name in names or DATASETS.complete_names():
        faults = DATASETS.create(name).verify()
        n_faults += len(faults)
        say("\n".join(faults) or f"{name}: every digest holds", stdout)
    say("Datasets alone were checked; `gan-bench cache verify` checks all that is kept.")
    if n_faults:
        raise typer.Exit(1)
