"""`gan-bench verify`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from gan_bench.cli.options import Device, Json
from gan_bench.cli.output import Row, log_to_stderr, print_json, print_table, say, stdout

if TYPE_CHECKING:
    from gan_bench.records import Verification

MOST_TOLD = 10  # things that could not be compared
DIGEST, SHOWN_DIGITS = re.compile("[0-9a-f]{64}"), 12


def verify(
    run: Annotated[Path, typer.Argument(help="A run folder, such as runs/NAME.")],
    redraw: Annotated[bool, typer.Option("--redraw", help="Draw the samples again from the kept generators.")] = False,
    retrain: Annotated[
        list[Path] | None,
        typer.Option(help="Train this cell again, such as cells/mnist/dcgan/seed-0. Several times: several cells."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Compute every number of a run again from what the run keeps, and compare.

    Records, samples, weights, models and scores against their digests; metrics and intervals from the samples, detections from
    the score of each image. What was found is also written to RUN/verification.json, for the leaderboard.

    Exit 1 where something differs. What cannot be compared here, such as metrics of an extractor that is not available, is told
    and does not count as verified.
    """
    log_to_stderr()

    from gan_bench.device import pick
    from gan_bench.verify.folder import VerifyRequest
    from gan_bench.verify.folder import verify as verify_folder

    found = verify_folder(VerifyRequest(run, redraw, tuple(retrain or ()), pick(device)))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show(found)
    if found.findings:
        raise typer.Exit(1)


def _show(found: Verification) -> None:
    for line in found.lines:
        say(line, stdout)
    if found.findings:
        stdout.print()
        print_table(_rows(found))

    for remark in found.remarks:
        say(remark)
    for one in found.unchecked[:MOST_TOLD]:
        say(f"not compared: {one.file}, {one.what}: {one.reason}")
    if len(found.unchecked) > MOST_TOLD:
        say(f"not compared: {len(found.unchecked) - MOST_TOLD:,} more, see verification.json")


def _rows(found: Verification) -> list[Row]:
    return [
        {"file": escape(one.file), "what": escape(one.what), "recorded": _value(one.recorded), "found": _value(one.found)}
        for one in found.findings
    ]


def _value(value: object) -> str:
    """Numbers with all their digits, since a difference may be small; of a digest the first ones."""
    text = "none" if value is None else str(value)
    return f"{text[:SHOWN_DIGITS]}..." if DIGEST.fullmatch(text) else escape(text)
