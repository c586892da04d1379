"""One run at a time writes to a run folder, and its plan lies there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import filelock

from gan_bench.core.errors import UserError
from gan_bench.records import Plan, TableRules, read_record, write_record


@contextlib.contextmanager
def held(folder: Path, plan_file: Path, plan: Plan) -> Iterator[None]:
    """Hold a folder for this plan alone, and write the plan into it.

    Raises UserError when the folder is not writable, in use, or holds a run of another budget or of other rules.
    """
    _make_writable(folder)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise UserError(
            f"the output folder {folder} belongs to a run that is still going on; wait for it or choose another --out."
        ) from error

    try:
        _check_track(folder, plan_file, plan)
        for half_written in folder.rglob(".*.tmp"):  # what a killed run was writing
            half_written.unlink()
        write_record(plan_file, plan.model_copy(update={"rules": rules_of(plan_file) | plan.rules}))
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def logged_in(file: Path) -> Iterator[None]:
    """Append every message of this block to a file."""
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package = logging.getLogger("gan_bench")
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        handler.close()


def rules_of(plan_file: Path) -> dict[str, TableRules]:
    """dataset -> how its table is read, as a plan says it; none of a plan that is absent or cannot be read."""
    with contextlib.suppress(UserError):
        return read_record(plan_file, Plan).rules
    return {}


def _make_writable(folder: Path) -> None:
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"the output folder {folder} is not writable ({error.strerror}); choose another with --out.") from error


def _check_track(folder: Path, plan_file: Path, plan: Plan) -> None:
    if not plan_file.exists():
        return
    before = read_record(plan_file, Plan)
    if _track(before) != _track(plan):
        raise UserError(
            f"the output folder {folder} holds a run of {_track(before)}, not of {_track(plan)}; choose another --out."
        )


def _track(plan: Plan) -> str:
    """What all runs of one folder share, in words. A preset's name does not pin its limits, which a release may change."""
    spec = plan.cells[0]
    limits = ", ".join(f"{limit:.12g} {name}" for name, limit in asdict(spec.budget).items() if limit is not None)
    return f"budget {spec.preset} ({limits}) of gan-bench rules {plan.benchmark_version}"
