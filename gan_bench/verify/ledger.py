"""What was compared, what differs, and what could not be compared: kept in one place, so that no check hides another."""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gan_bench.core.errors import shown
from gan_bench.records import Finding, Shown, Tally, Unchecked, Verified

ONE_A_RECORD = ("records", "samples", "redrawn", "retrained", "score files")  # items of which a record has one
log = logging.getLogger(__name__)


@dataclass
class Ledger:
    """All checks of one run folder."""

    run: Path
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _agrees: dict[str, dict[str, dict[str, bool]]] = field(default_factory=lambda: defaultdict(dict))

    def sheet(self, part: str, file: Path) -> Sheet:
        """The checks of one file of a part, such as "cells"."""
        return Sheet(self, part, str(file.relative_to(self.run)))

    def count(self, part: str, item: str, thing: str, agrees: bool) -> None:
        """A comparison of a thing. One that is compared in several ways counts once, and agrees where all of them do."""
        things = self._agrees[part].setdefault(item, {})
        things[thing] = agrees and things.get(thing, True)

    @property
    def counts(self) -> dict[str, dict[str, Tally]]:
        """part -> item -> how many things were compared, and how many agree."""
        found: dict[str, dict[str, Tally]] = {}
        for part, items in self._agrees.items():
            found[part] = {item: Tally(agree=sum(things.values()), of=len(things)) for item, things in items.items()}
        return found


@dataclass
class Sheet:
    """The checks of one record and of the files beside it.

    item  what a comparison counts as: "samples", "metrics", ...
    what  what is compared, as the table of differences names it
    """

    ledger: Ledger
    part: str
    file: str

    def compare(self, item: str, what: str, recorded: Shown, found: Shown, agrees: bool | None = None) -> bool:
        """Note a comparison; `agrees` where equality is not the question. Returns whether they agree."""
        same = recorded == found if agrees is None else agrees
        self.ledger.count(self.part, item, self.file if item in ONE_A_RECORD else f"{self.file} {what}", same)
        if not same:
            self.ledger.findings.append(Finding(file=self.file, what=what, recorded=recorded, found=found))
        return same

    def agrees(self, item: str, what: str) -> None:
        """Note something that is as it should be."""
        self.compare(item, what, None, None)

    def differs(self, item: str, what: str, recorded: Shown, found: Shown) -> None:
        """Note something that is wrong in itself."""
        self.compare(item, what, recorded, found, agrees=False)

    def skip(self, what: str, reason: str) -> None:
        """Note what could not be compared, and why."""
        self.ledger.unchecked.append(Unchecked(file=self.file, what=what, reason=reason))

    @contextlib.contextmanager
    def attempt(self, item: str, what: str) -> Iterator[None]:
        """The context in which anything that is raised becomes a difference, so that all other checks still take place."""
        try:
            yield
        except Exception as error:
            log.debug("%s: %s", self.file, what, exc_info=True)
            self.differs(item, what, "readable", shown(error))

    def verified(self, digest: str | None) -> Verified | None:
        """The record, with what of it could not be compared; None where something of it differs, or it has no digest."""
        if digest is None or any(finding.file == self.file for finding in self.ledger.findings):
            return None
        skipped = tuple(one.what for one in self.ledger.unchecked if one.file == self.file)
        return Verified(file=self.file, content_digest=digest, unchecked=skipped)
