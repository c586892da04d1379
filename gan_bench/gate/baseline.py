"""A baseline: what later trainings are held against, as one JSON file that can be kept in a repository."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from gan_bench.core.digests import json_digest
from gan_bench.core.errors import UserError
from gan_bench.core.files import write_text
from gan_bench.gate.entries import Subject
from gan_bench.records import BENCHMARK_VERSION, Model


class Baseline(Model):
    """The entries of a run, or one of samples.

    primary  the column of each entry that decides, by the entry's title
    digest   SHA-256 of all other fields
    """

    kind: Literal["baseline"] = "baseline"
    benchmark_version: str = BENCHMARK_VERSION
    created: str
    entries: tuple[Subject, ...]
    primary: dict[str, str]
    digest: str = ""


def make_baseline(entries: list[Subject], metric: str | None = None, before: Baseline | None = None) -> Baseline:
    """A baseline of those entries that have a finished training.

    metric  the column that decides, without its count, such as "fd_lite0@64"; None: that of `before`, else the suite's headline

    Raises UserError where an entry has no such column.
    """
    finished = [entry for entry in entries if entry.trainings]
    known = before.primary if before else {}
    primary = {entry.title: _decisive(entry, metric or known.get(entry.title)) for entry in finished}
    kept = tuple(_slim(entry, primary[entry.title]) for entry in finished)
    made = Baseline(created=datetime.now(UTC).isoformat(timespec="seconds"), entries=kept, primary=primary)
    return made.model_copy(update={"digest": _content_of(made.model_dump(mode="json"))})


def _content_of(data: dict[str, Any]) -> str:
    """The digest of a baseline as JSON has it, so that one without a field that a later version adds is still the same."""
    return json_digest({name: value for name, value in data.items() if name != "digest"})


def _slim(entry: Subject, column: str) -> Subject:
    """The entry with the shares of the column that decides alone: those of all would be megabytes."""
    trainings = [t.model_copy(update={"shares": {k: v for k, v in t.shares.items() if k == column}}) for t in entry.trainings]
    return entry.model_copy(update={"trainings": tuple(trainings)})


def _decisive(entry: Subject, column: str | None) -> str:
    """The column that decides; None: the entry's own. Raises UserError where the entry has no value in it."""
    if column is None:
        return entry.primary()
    known = sorted(entry.metrics())
    if column not in known:
        raise UserError(f"{entry.title} has no metric {column!r}; it has {', '.join(known)}.")
    return column


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write it, whole or not at all. Raises CannotWrite."""
    write_text(path, baseline.model_dump_json(indent=1) + "\n")


def read_baseline(path: Path) -> Baseline:
    """Read one. Raises UserError where it is absent, is no baseline, is of other rules, or was changed by hand."""
    try:
        text = path.read_bytes()
        data = from_json(text)
    except OSError as error:
        raise UserError(f"the baseline {path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise UserError(f"the baseline {path} is not JSON.") from error

    rules = data.get("benchmark_version") if isinstance(data, dict) else None
    if rules is not None and rules != BENCHMARK_VERSION:
        raise UserError(f"the baseline {path} is of rules {rules}, and this is {BENCHMARK_VERSION}; make a new one.")
    try:
        found = Baseline.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(f"the baseline {path} is none of this version of gan-bench: {field}: {first['msg']}.") from error
    if not found.entries:
        raise UserError(f"the baseline {path} is empty.")
    if found.digest != _content_of(data):
        raise UserError(f"the baseline {path} was changed after it was written; make it again with `gan-bench baseline`.")
    return found
