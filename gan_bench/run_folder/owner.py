"""One run at a time writes to a run folder, and its plan lies there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import filelock

from gan_bench.core.errors import UserError
from gan_bench.core.files import FULL, cannot_write
from gan_bench.records import (
    NEWER,
    CellRecord,
    CellSpec,
    Plan,
    TableRules,
    read_contents,
    read_record,
    write_record,
)

log = logging.getLogger(__name__)


@contextlib.contextmanager
def held(folder: Path, plan_file: Path, log_file: Path, plan: Plan) -> Iterator[None]:
    """Hold a folder for this plan alone, write the plan into it, and every message of this block into the log.

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
    except OSError as error:
        raise cannot_write(folder / ".lock", error) from error

    try:
        with _logged_in(log_file):
            _check_track(folder, plan_file, plan)
            for half_written in folder.rglob(".*.tmp"):  # what a killed run was writing
                half_written.unlink()
            write_record(plan_file, plan.model_copy(update={"rules": rules_of(plan_file) | plan.rules}))
            yield
    finally:
        lock.release()


class _LogFile(logging.FileHandler):
    """Appends messages to a file; what a full disk refuses is lost without a word, since whoever needs the disk will say so."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: the base class prints a traceback."""


@contextlib.contextmanager
def _logged_in(file: Path) -> Iterator[None]:
    """Append every message of this block to a file."""
    try:
        handler = _LogFile(file)
    except OSError as error:
        raise cannot_write(file, error) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package = logging.getLogger("gan_bench")
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        with contextlib.suppress(OSError):  # what it could not write comes up once more
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
        if error.errno in FULL:
            raise cannot_write(folder, error) from error
        raise UserError(f"the output folder {folder} is not writable ({error.strerror}); choose another with --out.") from error


def _check_track(folder: Path, plan_file: Path, plan: Plan) -> None:
    before = _spec_before(folder, plan_file)
    if before is not None and _track(before) != _track(plan.cells[0]):
        raise UserError(
            f"the output folder {folder} holds a run of {_track(before)}, not of {_track(plan.cells[0])}; choose another --out."
        )


def _spec_before(folder: Path, plan_file: Path) -> CellSpec | None:
    """A cell of the plan that lies there or, where that is damaged, of the first record that can be read.

    Raises UserError where a newer version wrote the plan.
    """
    if not plan_file.exists():
        return None
    try:
        plan, _, edited, _ = read_contents(plan_file, Plan)
        if plan.cells and not edited:
            return plan.cells[0]
        log.warning("%s was edited since it was written; it is written anew.", plan_file)
    except UserError as error:
        if NEWER in str(error):
            raise
        log.warning("%s; it is written anew.", str(error).rstrip("."))

    for file in sorted(folder.glob("cells/**/record.json")):
        with contextlib.suppress(UserError):
            return read_record(file, CellRecord).spec
    return None


def _track(spec: CellSpec) -> str:
    """What all runs of one folder share, in words. A preset's name does not pin its limits, which a release may change."""
    limits = ", ".join(f"{limit:.12g} {name}" for name, limit in asdict(spec.budget).items() if limit is not None)
    return f"budget {spec.preset} ({limits}) of gan-bench rules {spec.benchmark_version}"
