"""What the page says of `gan-bench verify`: which records were computed again, by which version, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from gan_bench.records import AnyRecord, Result, Verification

State = Literal["verified", "partly verified", "not verified"]
States = dict[tuple[Path, str], State]
NEVER = "Not verified. `gan-bench verify` computes every number again from the files of a run."


def states(results: Iterable[Result]) -> States:
    """(run folder, content digest of a record) -> whether the run's last verification found nothing in it that differs.

    "partly verified": some of it could not be compared. What is not in it is not verified: see `state_of`.
    """
    found: States = {}
    for run, verification in _verifications(results).items():
        for one in verification.verified:
            found[run, one.content_digest] = "partly verified" if one.unchecked else "verified"
    return found


def state_of(run: Path, record: AnyRecord, known: States) -> State:
    """Whether this record of this run folder, as it is now, was verified; `known` is what `states` gives.

    A record without a digest is not: it is of schema 1, or was edited.
    """
    return "not verified" if record.content_digest is None else known.get((run, record.content_digest), "not verified")


def verified_notes(results: Sequence[Result]) -> list[str]:
    """A sentence for each run folder, with what differed and what could not be compared; run folders are named if several."""
    verifications, runs = _verifications(results), sorted({result.run for result in results})
    known, notes = states(results), []
    for run in runs:
        mine = [state_of(run, result.record, known) for result in results if result.run == run]
        told = _sentence(verifications[run], mine) if run in verifications else NEVER
        notes.append(f"{run.name}: {told}" if len(runs) > 1 else told)
    return notes


def _verifications(results: Iterable[Result]) -> dict[Path, Verification]:
    return {result.run: result.verification for result in results if result.verification is not None}


def _sentence(verification: Verification, mine: Sequence[State]) -> str:
    """Of one run: "Verified on 2026-11-25 by gan-bench 0.1.0, rules 0.3: 12 cells: ... agree; samples redrawn: no."."""
    by = f"gan-bench {verification.gan_bench_version}, rules {verification.benchmark_version}"
    redrawn, retrained = "yes" if verification.redrawn else "no", len(verification.retrained)
    extra = f", {retrained} trained again" if retrained else ""
    told = [
        f"Verified on {verification.at:%Y-%m-%d} by {by}: {'; '.join(verification.lines)}; samples redrawn: {redrawn}{extra}."
    ]

    if verification.findings:
        files = dict.fromkeys(finding.file for finding in verification.findings)
        told.append(f"Differences in {', '.join(files)}, which do not count as verified.")
    if "not verified" in mine:
        told.append(f"{mine.count('not verified'):,} of {len(mine):,} records are not verified.")
    partly = [f"{one.file} ({', '.join(one.unchecked)})" for one in verification.verified if one.unchecked]
    if partly:
        told.append(f"Not compared: {', '.join(partly)}.")
    return " ".join(told)
