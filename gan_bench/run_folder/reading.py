"""Reading run folders: the records, the files beside them, how tables are read, and a sentence for all that is wrong."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_bench import suites
from gan_bench.core import collector
from gan_bench.core.digests import sha256_or_none
from gan_bench.core.errors import UserError
from gan_bench.records import (
    NEWER,
    AnyRecord,
    Contents,
    Plan,
    Result,
    TableRules,
    Verification,
    read_contents,
)
from gan_bench.run_folder.owner import rules_of
from gan_bench.run_folder.paths import EXTERNAL, PARTS, SHOWN, RunFolder
from gan_bench.run_folder.planned import planned

GOES_ON = "the same `gan-bench run` command goes on"
AGAIN = "run the same command again"
ANEW = "the same `gan-bench {}` command makes it anew"
MOST_TOLD = 3  # problems in one error
log = logging.getLogger(__name__)


class Runs(NamedTuple):
    """What run folders hold.

    results   all readable records, in a fixed order
    problems  one sentence for each thing that is wrong, with what to do about it
    rules     dataset -> how its table is read
    suites    dataset -> the suite of gan-bench that it was taken from
    """

    results: list[Result]
    problems: list[str]
    rules: dict[str, TableRules]
    suites: dict[str, str]


def read_runs(folders: Sequence[Path], needed: bool = False) -> Runs:
    """All that can be read of run folders; what is wrong is logged as well, as a warning for each problem.

    needed  whether it is an error that nothing can be read

    Raises UserError when no folder is given, or one is absent or no run folder: it has neither a plan nor a record.
    """
    if not folders:
        raise UserError("no run folder given; give run folders such as runs/NAME.")

    with collector.paused():
        found = [_Reading(folder) for folder in dict.fromkeys(folders)]
    results = [result for one in found for result in one.results]
    problems = [sentence for one in found for sentence in one.problems]
    if needed and not results:
        raise UserError(" ".join(problems[:MOST_TOLD]))
    for sentence in problems:
        log.warning("%s", sentence)
    of_users = rules_in(folders)  # what their own suite files have: nobody knows the paths of these
    ours = {dataset: suite for dataset, suite in suites.of_datasets().items() if dataset not in of_users}
    return Runs(results, problems, suites.table_rules() | of_users, ours)


def all_rules(folders: Iterable[Path]) -> dict[str, TableRules]:
    """dataset -> how its table is read: as the plans of these run folders say it, else as the dataset's suite does."""
    return suites.table_rules() | rules_in(folders)


def rules_in(folders: Iterable[Path]) -> dict[str, TableRules]:
    """dataset -> how its table is read, as the plans of run folders say it; none of a plan that cannot be read."""
    found: dict[str, TableRules] = {}
    for folder in folders:
        run = RunFolder(folder)
        found |= rules_of(run.plan) if run.holds(run.plan) else {}
    return found


class _Reading:
    """One run folder as it is read. Raises UserError where it is none."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder; give run folders such as runs/NAME.")
        self.folder, self.run = folder, RunFolder(folder)
        self.results: list[Result] = []
        self.problems: list[str] = []
        self._outside: list[Path] = []  # links that are not followed
        self._no_files: list[Path] = []  # what lies where a file should

        has_plan, is_empty = os.path.lexists(self.run.plan), True
        verification = self._verification()
        for part, model in PARTS.items():
            files, links = self.run.listed(part)
            self._outside += links
            is_empty = is_empty and not files and not links
            for file in files:
                self._add(file, model, verification)
        if is_empty and not has_plan:
            raise UserError(f"{folder} holds no records; a run folder has cells/, references/ or detectors/ in it.")
        self._tell_missing(is_empty)
        self._tell_links()
        self._tell_no_files()

    def _add(self, file: Path, model: type[AnyRecord], verification: Verification | None) -> None:
        """One record, with the files beside it."""
        try:
            contents = read_contents(file, model)
        except UserError as error:
            todo = "update gan-bench to read it" if NEWER in str(error) else ANEW.format(_maker(file))
            self.problems.append(f"{_clause(error)}; it is left out: {todo}.")
            return
        self._tell_doubts(file, contents)
        found = self._as_written(file.parent, contents.record, self._beside(file.parent))
        self.results.append(Result(self.folder, contents.record, found, verification))

    def _as_written(self, folder: Path, record: AnyRecord, found: dict[str, Path]) -> dict[str, Path]:
        """Those of the files beside a record that have the digests in it. Records of schema 4 and before have none."""
        there = {path.name: what for what, path in found.items()}
        for name in sorted(record.files.keys() & set(SHOWN.values())):
            path = folder / name
            if name not in there and not os.path.lexists(path):
                self.problems.append(f"{path} is not there; {ANEW.format(_maker(path))}.")
            elif name in there and sha256_or_none(path) != record.files[name]:
                found.pop(there[name])
                self.problems.append(f"{path} is not as it was written, so it is not shown; {ANEW.format(_maker(path))}.")
        return found

    def _beside(self, folder: Path) -> dict[str, Path]:
        """The regular files in a record's folder that may be shown; what lies outside the run folder is none of it."""
        is_inside = self.run.holds(folder)
        with os.scandir(folder) as listed:
            there = {entry.name: entry for entry in listed}

        found: dict[str, Path] = {}
        for what, name in SHOWN.items():
            path = folder / name
            if name not in there:
                continue
            is_link = there[name].is_symlink()
            if (is_link or not is_inside) and not self.run.holds(path):
                self._outside.append(path)
            elif path.is_file():
                found[what] = path
            else:
                self._no_files.append(path)
        return found

    def _verification(self) -> Verification | None:
        """What `gan-bench verify` wrote; None where it did not, or somebody edited it."""
        file, anew = self.run.verification, f"nothing counts as verified until `gan-bench verify {self.folder}` writes it anew"
        if not os.path.lexists(file):
            return None
        if not self.run.holds(file):
            self._outside.append(file)
            return None
        try:
            contents = read_contents(file, Verification)
        except UserError as error:
            self.problems.append(f"{_clause(error)}; {anew}.")
            return None
        if contents.edited:
            self.problems.append(f"{file} was edited since it was written; {anew}.")
            return None
        self._tell_doubts(file, contents)
        return contents.record

    def _tell_doubts(self, file: Path, contents: Contents) -> None:
        if contents.edited:
            tells = f"`gan-bench verify {self.folder}` tells what of it still holds"
            why = "its content_digest is not that of its content"
            self.problems.append(f"{file} was edited since it was written: {why}; {tells}.")
        if contents.unknown:
            fields = ", ".join(contents.unknown)
            self.problems.append(
                f"{file} was written by a newer version of gan-bench; update gan-bench to see its fields {fields}, which this "
                "one does not know."
            )

    def _tell_links(self) -> None:
        if self._outside:
            n, first = len(self._outside), self._outside[0].relative_to(self.folder)
            what = f"{first} is a link" if n == 1 else f"{first} and {n - 1} more are links"
            self.problems.append(
                f"{self.folder}: {what} to a place outside the run folder, and not followed; put a copy in place of the link."
            )

    def _tell_no_files(self) -> None:
        for path in self._no_files:
            makes = ANEW.format(_maker(path))
            self.problems.append(f"{path} is no file that can be read, and not shown; remove it, and {makes}.")

    def _tell_missing(self, is_empty: bool) -> None:
        """What the plan has and the folder has not, if there is a plan."""
        if not os.path.lexists(self.run.plan):
            return
        if not self.run.holds(self.run.plan):
            self._outside.append(self.run.plan)
            return
        try:
            contents = read_contents(self.run.plan, Plan)
        except UserError as error:
            todo = "update gan-bench to read it" if NEWER in str(error) else f"delete it and {AGAIN}, which writes a new one"
            self.problems.append(f"{_clause(error)}; {todo}.")
            return

        self._tell_doubts(self.run.plan, contents)
        if is_empty:
            self.problems.append(f"{self.folder} holds no records yet; {GOES_ON}.")
            return
        parts = planned(self.run, contents.record, [result.record for result in self.results])
        missing = {what: sum(not (one / SHOWN["record"]).exists() for one in folders) for what, folders in parts.items()}
        told = [f"{n} of {len(parts[what])} {what}" for what, n in missing.items() if n]
        if told:
            have = "has" if sum(missing.values()) == 1 else "have"
            what = f"{' and '.join(told)} {have} no record"
            self.problems.append(f"{self.folder} is not finished: {what}; {GOES_ON}.")


def _maker(file: Path) -> str:
    """The command that makes a file of a run folder: somebody's entry comes from `score`."""
    return "score" if any(part.startswith(EXTERNAL) for part in file.parts) else "run"


def _clause(error: UserError) -> str:
    """An error without its full stop, so that the sentence goes on."""
    return str(error).rstrip(".")
