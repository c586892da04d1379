"""The page of an entry: everything that is known of one generator, one reference row or somebody's images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gan_bench.leaderboard.charts import Charts
from gan_bench.leaderboard.charts.entry import curve_charts, statistics_charts
from gan_bench.leaderboard.commands import entry_command
from gan_bench.leaderboard.entries import Entry, problems
from gan_bench.leaderboard.pages.classes import doubt_of
from gan_bench.leaderboard.pages.code import code_of
from gan_bench.leaderboard.pages.entry_tables import detected_table, numbers_table, seed_words, seeds_table, settings_table
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.pictures import pictures_of, player_of
from gan_bench.leaderboard.pages.site import Site, track_nav
from gan_bench.leaderboard.rows import Row, headline_words, task_words
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import COST_HEADERS, cost_cell
from gan_bench.records import AnyRecord, CellRecord


def entry_page(site: Site, names: Names, row: Row) -> None:
    """Write it."""
    s, player = names.s, player_of(site, names, row)
    site.write(
        names.entry_page(row.label), "entry.html.j2", names.window(row.label), track_nav(names, ""),
        track=s.track,
        label=row.label,
        **_heading(s, row),
        **_links(names, row),
        **_again(site, names, row),
        player=player,
        pictures=pictures_of(site, names, row, with_strip=player is None),
        charts=_charts(site, s, row),

        numbers=numbers_table(s, row),
        seeds_words=_seeds_words(row),
        notes=_interval_notes(row),
        detected=detected_table(s, row),
    )  # fmt: skip


def _heading(s: Standings, row: Row) -> dict[str, Any]:
    """What stands at the top of the page."""
    record, faults = row.entries[0].record, problems(row.entries)
    paper = getattr(record, "paper", "")
    return {
        "title": getattr(record, "title", ""), "standing": _standing(row, s), "facts": _facts(row), "paper": paper,
        "paper_link": paper if re.match(r"https?://", paper) else "", "faults": [faults] if faults else [],
        "warnings": warnings_of(row.entries),
    }  # fmt: skip


def _links(names: Names, row: Row) -> dict[str, Any]:
    """Where the page leads."""
    name = names.entries[row.label]
    return {
        "track_page": f"{names.folder}/index.html#row-{name}",
        "compare_link": f"{names.folder}/compare.html#{name}" if len(names.s.rows) > 1 else "",
        "detector_links": {label: f"../detectors/{detector}.html" for label, detector in names.detectors.items()},
    }


def _again(site: Site, names: Names, row: Row) -> dict[str, Any]:
    """How it was made, and how to make it again."""
    settings, differ = settings_table(row)
    return {
        "command": entry_command([entry.record for entry in row.entries], site.suites, _beside(names.s, row)),
        "settings": settings, "differ": differ, "code": code_of(site, names, row), "seeds": seeds_table(site, row),
        "downloads": _downloads(site, names, row),
    }  # fmt: skip


def _beside(s: Standings, row: Row) -> list[AnyRecord]:
    """The other records of its runs."""
    runs = {entry.run for entry in row.entries}
    return [entry.record for entry in s.entries if entry.run in runs]


def _standing(row: Row, s: Standings) -> str:
    """Its number and its rank, in one sentence."""
    number = headline_words(row)
    if not number:
        return "It has no value in the number that ranks this track."
    if row.kind != "variant":
        return f"{number}. It is here to compare with, so it has no rank."
    if row.trained_against(row.headline):
        return f"{number}; its loss uses the network behind this number, so it is not ranked by it."
    if row.ranks is None:
        return f"{number}; one training of it tells nothing of the next, so it has no rank."
    first, last = row.ranks
    n = sum(other.kind == "variant" and other.task == row.task for other in s.rows)
    rank = f"rank {first}" if first == last else f"rank {first} to {last}"
    return f"{number}, {rank} of {n}, over {row.of(row.headline).seeds} seeds."


def _facts(row: Row) -> list[str]:
    facts = [task_words(row.task)] if row.task else [row.kind]
    facts += [note] if (note := getattr(row.entries[0].record, "note", "")) else []
    costs = {title: cost_cell(name, row.cost.get(name)) for name, title in COST_HEADERS.items()}
    return facts + [f"{title} {cell.text}" for title, cell in costs.items() if cell.value is not None]


def warnings_of(entries: Iterable[Entry]) -> list[str]:
    """What the records warn of, each once."""
    return sorted({warning for entry in entries for warning in entry.record.warnings})


def _charts(site: Site, s: Standings, row: Row) -> list[Charts]:
    histories = [entry.files["history"] for entry in row.entries if "history" in entry.files]
    cells = [entry.record for entry in row.entries if isinstance(entry.record, CellRecord)]
    curves = curve_charts(histories, cells[0].curves, site.damaged) if cells and histories else None

    found = (site.statistics(entry) for entry in row.entries)
    statistics = next((one for one in found if one is not None), None)
    reals = next((r for r in s.rows if r.kind == "reference" and r.entries[0].name == "real"), None)
    real = site.statistics(reals.entries[0]) if reals is not None and reals is not row else None
    shown = statistics_charts(statistics, real, doubt_of(s)) if statistics is not None else []
    return [*shown, *([curves] if curves is not None else [])]


def _seeds_words(row: Row) -> str:
    if row.entries[0].seed is None:
        return "one set of images"
    return f"mean over {row.n_done} seeds" if row.n_done > 1 else "one seed"


def _interval_notes(row: Row) -> list[str]:
    methods = sorted({e.method for e in row.quality.values() if e.method and e.value is not None})
    return [f"In brackets: {method}." for method in methods]


def _downloads(site: Site, names: Names, row: Row) -> list[tuple[str, str]]:
    """The files that are kept beside the page: text, path."""
    found = []
    for place, entry in enumerate(row.entries):
        for what, end in (("record", "json"), ("history", "csv"), ("statistics", "json")):
            if what in entry.files:
                path = site.folder.copy(entry.files[what], names.entry_file(row.label, f"{place}-{what}.{end}"))
                found += [(f"{what} of {seed_words(entry)}", path)] if path else []
    return [*found, ("badge", names.entry_file(row.label, "badge.svg"))]
