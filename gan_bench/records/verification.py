"""What `gan-bench verify` found in a run folder."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from gan_bench.records.base import BENCHMARK_VERSION, Model, Written
from gan_bench.records.results import Environment

Shown = str | float | int | None


class Tally(Model):
    """How many things of one kind were compared, and how many of them agree."""

    agree: int = 0
    of: int = 0


class Finding(Model):
    """Something that differs.

    file  relative to the run folder
    what  such as "samples" or "fd_lite0@64_5k"
    """

    file: str
    what: str
    recorded: Shown
    found: Shown


class Unchecked(Model):
    """Something that could not be compared here, and why. It is neither agreement nor difference."""

    file: str
    what: str
    reason: str


class Verified(Model):
    """A record in which nothing differs.

    unchecked  what of it could not be compared; empty: everything was
    """

    file: str
    content_digest: str
    unchecked: tuple[str, ...] = ()


class Verification(Written):
    """One verification of one run folder.

    benchmark_version  the rules by which numbers were computed again
    at                 when it ended, in UTC
    redrawn            whether samples were drawn again from the kept generators
    retrained          the cells that were trained again
    counts             "cells", "references", "detectors", "attacks" -> "records", "samples", "metrics", ... -> how many
    remarks            sentences that are neither differences nor gaps, such as how far a retrained cell is off
    """

    kind: Literal["verification"] = "verification"
    gan_bench_version: str
    benchmark_version: str = BENCHMARK_VERSION
    at: datetime
    environment: Environment
    redrawn: bool = False
    retrained: tuple[str, ...] = ()
    counts: dict[str, dict[str, Tally]] = {}
    verified: tuple[Verified, ...] = ()
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """One for each kind of thing: "12 cells: 12 records, 12 samples, 203 of 204 metrics agree"."""
        return [_line(part, items) for part, items in self.counts.items()]


def _line(part: str, items: dict[str, Tally]) -> str:
    counts = [_number(tally, item) for item, tally in items.items()]
    n = items["records"].of if "records" in items else 1
    return f"{n:,} {_singular(part, n)}: {', '.join(counts)} agree"


def _number(tally: Tally, item: str) -> str:
    some = "" if tally.agree == tally.of else f"{tally.agree:,} of "
    return f"{some}{tally.of:,} {_singular(item, tally.of)}"


def _singular(word: str, n: int) -> str:
    return word.removesuffix("s") if n == 1 else word
