"""`gan-bench compare`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.cli import completion
from gan_bench.cli.gate import Budget, Samples, ValueRange, check_scoring, scoring_of
from gan_bench.cli.options import Device, Json
from gan_bench.cli.output import log_to_stderr, print_json, print_table, say, stdout
from gan_bench.core.errors import UserError

if TYPE_CHECKING:
    from gan_bench.gate.compare import Compared
    from gan_bench.gate.entries import Subject

Side = Annotated[
    str, typer.Argument(help="A run folder, RUN:ENTRY for one entry of it, or samples: what `gan-bench score` reads.")
]


def compare(
    old: Side,
    new: Side,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="What samples are compared with; of runs, only this dataset.",
            show_default="all of a run",
            autocompletion=completion.dataset,
        ),
    ] = None,
    same_model: Annotated[
        bool, typer.Option("--same-model", help="Both sides have the same weights: only the drawn samples differ.")
    ] = False,
    budget: Budget = "quick",
    samples: Samples = None,
    value_range: ValueRange = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """How NEW differs from OLD: each metric with a 95 % interval, and better, worse or cannot tell.

    Over seeds for runs; over samples for two sets of samples, and with --same-model. Exits 0 whatever it finds.
    """
    log_to_stderr()
    from gan_bench.gate.compare import compare as compare_entries

    check_scoring(budget, value_range)
    places = [_place(text) for text in (old, new)]  # both, before the first is scored
    sides = [_side(*place, dataset, budget, samples, value_range, device) for place in places]
    found = [row for pair in _pairs(sides[0], sides[1], old, new) for row in compare_entries(*pair, same_model)]
    if as_json:
        print_json([row._asdict() for row in found])
        return
    for title in dict.fromkeys(row.entry for row in found):
        stdout.print(title, style="bold", highlight=False)
        print_table([_shown(row) for row in found if row.entry == title])
    for test in dict.fromkeys(row.test for row in found):
        say(f"intervals: {test}")
    say("difference: new - old, a 95 % interval; each holds by itself: of twenty metrics that do not differ, one seems to")


def _place(text: str) -> tuple[Path, str]:
    """A path, and the name of one entry of it; "": all. Raises UserError where nothing is there."""
    from gan_bench.run_folder import RunFolder

    folder, _, name = text.rpartition(":")
    run = RunFolder(Path(folder))
    if not Path(text).exists() and folder and (run.is_one or run.has_records):
        return run.path, name
    if not Path(text).exists():
        raise UserError(f"{text} does not exist; give a run folder, RUN:ENTRY, or samples.")
    return Path(text), ""


def _side(
    path: Path, name: str, dataset: str | None, budget: str, samples: int | None, value_range: str | None, device: str
) -> tuple[list[Subject], bool]:
    """The entries of one side, and whether one was chosen by name."""
    from gan_bench.gate.compare import chosen
    from gan_bench.gate.sources import entries_of

    scoring = partial(scoring_of, dataset, budget, samples, value_range, device)
    entries = entries_of(path, None, dataset, 1, scoring)
    return (chosen(entries, name, str(path)) if name else entries), bool(name)


def _pairs(
    old: tuple[list[Subject], bool], new: tuple[list[Subject], bool], old_text: str, new_text: str
) -> list[tuple[Subject, Subject]]:
    """What is compared with what. Raises UserError where nothing belongs together."""
    from gan_bench.gate.entries import matched

    if old[1] or new[1]:
        found = [(a, b) for a in old[0] for b in new[0] if a.dataset == b.dataset]
    else:
        found = [(a, b) for a, b in matched(old[0], new[0]) if b is not None]
    if not found:
        raise UserError(f"nothing in {new_text} belongs to {old_text}; name one entry of each, as in {old_text}:dcgan.")
    return found


def _shown(row: Compared) -> dict[str, object]:
    """Narrow enough for 80 columns."""
    return {
        "metric": row.column, "old": f"{row.old:.3g}", "new": f"{row.new:.3g}",
        "difference": "" if row.low is None else f"{row.low:+.2g} to {row.high:+.2g}", "new is": row.verdict,
    }  # fmt: skip
