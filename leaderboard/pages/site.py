"""What every page shares while the folder of pages is written: where it goes, what charts look like, what is verified."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gan_bench.core.errors import UserError
from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.cells import ColumnHeader
from gan_bench.leaderboard.charts import Chart, ChartStore, LegendItem
from gan_bench.leaderboard.charts.palette import legend_mark
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.glossary import term
from gan_bench.leaderboard.pages.folder import ANEW, PagesFolder
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.verified import State, States, state_of
from gan_bench.records import Statistics, read_contents

BACKTICKS = re.compile(r"`([^`]+)`")
Nav = list[tuple[str, str, bool]]  # text, path, whether this is the page


@dataclass
class Site:
    """The folder of pages while it is written.

    look   label of an entry or a detector -> its colour and mark in every chart
    known  what was verified (see `verified.states`)
    names  where the pages of each track are
    suites dataset -> the suite that trains on it
    problems  sentences about what could not be read of runs
    """

    folder: PagesFolder
    board: Board
    store: ChartStore
    look: Mapping[str, LegendItem]
    known: States
    names: list[Names]
    suites: Mapping[str, str]
    problems: Sequence[str]
    _statistics: dict[Path, Statistics | None] = field(default_factory=dict)

    def write(self, path: str, template: str, window: str, nav: Nav, **shown: Any) -> None:
        """Write one page from a template. `window`: what the browser calls it."""
        context = {"root": "../" * path.count("/"), "window": window, "nav": nav, "page": "", "drawn": self.drawn, **shown}
        self.folder.write(path, self._templates.get_template(template).render(context))

    def drawn(self, chart: Chart) -> Markup:
        """The SVG of a chart."""
        return Markup(self.store.svg(chart))

    def state(self, entry: Entry) -> State:
        """Whether a record was verified."""
        return state_of(entry.run, entry.record, self.known)

    def statistics(self, entry: Entry) -> Statistics | None:
        """What is known of the pixels and classes of an entry's samples; None where nothing is."""
        file = entry.files.get("statistics")
        if file is not None and file not in self._statistics:
            self._statistics[file] = self._read(file)
        return None if file is None else self._statistics[file]

    def _read(self, file: Path) -> Statistics | None:
        try:
            contents = read_contents(file, Statistics)
        except UserError as error:
            self.folder.problem(f"{str(error).rstrip('.')}; it is not shown: {ANEW}.")
            return None
        if contents.edited:
            self.folder.problem(f"{file} was edited since it was written; {ANEW}.")
        return contents.record

    def damaged(self, file: Path, fault: str) -> None:
        """Note a file of a run that cannot be shown."""
        self.folder.problem(f"{file} is damaged ({fault}), so it is not shown; {ANEW}.")

    def classes(self, row: Row) -> Statistics | None:
        """The statistics of the first seed of an entry whose samples were told apart by class; None where none were."""
        found = (self.statistics(entry) for entry in row.entries)
        return next((one for one in found if one is not None and one.classes), None)

    @cached_property
    def _templates(self) -> Environment:
        templates = Environment(
            loader=PackageLoader("gan_bench.leaderboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        templates.filters |= {"mark": lambda item: Markup(legend_mark(item)), "anchor": anchor, "tip": tip, "code": with_code}
        return templates


def anchor(name: str) -> str:
    """Where a word stands on the page of words; "": it is not there."""
    found = term(name)
    return "" if found is None else found.name.replace(" ", "-")


def with_code(text: str) -> Markup:
    """Text for HTML, in which what stands between backticks is code."""
    return Markup(BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))


def tip(header: ColumnHeader) -> str:
    """What a reader is told of a column: what it is, when it misleads, and what was measured here."""
    found = term(header.term)
    told = [] if found is None else [found.what, found.misleads]
    return " ".join(text for text in (*told, header.hint) if text)


def track_nav(names: Names, here: str) -> Nav:
    """The links above the pages of one track; `here`: the text of the one that is open."""
    pages = [("Overview", "index.html"), ("Generators", f"{names.folder}/index.html")]
    if names.s.judges or names.s.attacks:
        pages.append(("Detectors", f"{names.folder}/detectors.html"))
    if len(names.s.rows) > 1:
        pages.append(("Compare", f"{names.folder}/compare.html"))
    return [(text, path, text == here) for text, path in pages]
