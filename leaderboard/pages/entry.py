"""The page of an entry: everything that is known of one generator, one reference row or somebody's images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, flattered, number_cell, rounded, share_cell
from gan_bench.leaderboard.charts import Charts
from gan_bench.leaderboard.charts.entry import curve_charts, statistics_charts
from gan_bench.leaderboard.columns import Column, metric_title, titles
from gan_bench.leaderboard.commands import entry_command
from gan_bench.leaderboard.detections import tiers_of
from gan_bench.leaderboard.entries import Entry, problems
from gan_bench.leaderboard.groups import filled, group_of
from gan_bench.leaderboard.pages.code import code_of
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.pictures import pictures_of, player_of
from gan_bench.leaderboard.pages.site import Site, track_nav
from gan_bench.leaderboard.rows import Row, task_words
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import COST_HEADERS
from gan_bench.records import LEAVE_ONE_OUT, SEEN, AnyRecord, CellRecord

SHOWN_PROTOCOLS = (LEAVE_ONE_OUT, SEEN)


def entry_page(site: Site, names: Names, row: Row) -> None:
    """Write it."""
    s, record = names.s, row.entries[0].record
    paper = getattr(record, "paper", "")
    settings, differ = _settings(row)
    site.write(
        names.entry_page(row.label), "entry.html.j2", f"{row.label}, {s.track.dataset} {s.track.preset}: gan-bench", track_nav(names, ""),
        track=s.track,
        track_page=f"{names.folder}/index.html#row-{names.entries[row.label]}",
        label=row.label,
        title=getattr(record, "title", ""),
        standing=_standing(row, s),
        facts=_facts(row),
        paper=paper,
        paper_link=paper if re.match(r"https?://", paper) else "",
        faults=[faults] if (faults := problems(row.entries)) else [],
        warnings=warnings_of(row.entries),
        compare_link=f"{names.folder}/compare.html#{names.entries[row.label]}" if len(s.rows) > 1 else "",
        pictures=pictures_of(site, names, row),
        player=player_of(site, names, row),
        charts=_charts(site, s, row),
        numbers=_numbers(s, row),
        seeds_words=_seeds_words(row),
        notes=_interval_notes(row),
        detected=_detected(s, row),
        detector_links={label: f"../detectors/{name}.html" for label, name in names.detectors.items()},
        command=entry_command([entry.record for entry in row.entries], site.suites, _beside(s, row)),
        settings=settings,
        differ=differ,
        code=code_of(site, names, row),
        seeds=_seeds(site, row),
        downloads=_downloads(site, names, row),
    )  # fmt: skip


def _beside(s: Standings, row: Row) -> list[AnyRecord]:
    """The other records of its runs."""
    runs = {entry.run for entry in row.entries}
    return [entry.record for entry in s.entries if entry.run in runs]


def _standing(row: Row, s: Standings) -> str:
    """Its number and its rank, in one sentence."""
    value = row.of(row.headline).value
    if row.headline is None or value is None:
        return "It has no value in the number that ranks this track."

    number = f"{metric_title(row.headline)} {rounded(value)}"
    if row.kind != "variant":
        return f"{number}. It is here to compare with, so it has no rank."
    if row.ranks is None:
        alone = "one training of it tells nothing of the next, so it has no rank"
        return f"{number}; {'its loss uses the network behind this number, so it is not ranked by it' if row.trained_against(row.headline) else alone}."
    first, last = row.ranks
    n = sum(other.kind == "variant" and other.task == row.task for other in s.rows)
    rank = f"rank {first}" if first == last else f"rank {first} to {last}"
    return f"{number}, {rank} of {n}, over {row.of(row.headline).seeds} seeds."


def _facts(row: Row) -> list[str]:
    facts = [task_words(row.task)] if row.task else [row.kind]
    facts += [note] if (note := getattr(row.entries[0].record, "note", "")) else []
    for name, title in COST_HEADERS.items():
        value = row.cost[name].value if name in row.cost else None
        if value is not None:
            facts.append(f"{title} {rounded(value / (1e6 if name == 'generator_parameters' else 1))}")
    return facts


def warnings_of(entries: Iterable[Entry]) -> list[str]:
    """What the records warn of, each once."""
    return sorted({warning for entry in entries for warning in entry.record.warnings})


def _charts(site: Site, s: Standings, row: Row) -> list[Charts]:
    histories = [entry.files["history"] for entry in row.entries if "history" in entry.files]
    cells = [entry.record for entry in row.entries if isinstance(entry.record, CellRecord)]
    curves = curve_charts(histories, cells[0].curves) if cells and histories else None

    found = (site.statistics(entry) for entry in row.entries)
    statistics = next((one for one in found if one is not None), None)
    reals = next((r for r in s.rows if r.kind == "reference" and r.entries[0].name == "real"), None)
    real = site.statistics(reals.entries[0]) if reals is not None and reals is not row else None
    shown = statistics_charts(statistics, real) if statistics is not None else []
    return [*shown, *([curves] if curves is not None else [])]


def _numbers(s: Standings, row: Row) -> Table:
    """One line for each number: the mean with its interval, and each seed."""
    columns, names = [c for c in filled(s.columns, s.rows) if c in row.quality], titles(s.columns)
    many = len(row.entries) > 1
    headers = [
        ColumnHeader("Number", numeric=False, name=True), ColumnHeader("Group", numeric=False),
        ColumnHeader("Mean" if many else "Value"),
        *(ColumnHeader(_seed_words(entry)) for entry in row.entries if many),
        ColumnHeader("Means", numeric=False),
    ]  # fmt: skip
    rows = []
    for c in columns:
        mean = number_cell(row.of(c))
        mean = flattered(mean) if row.trained_against(c) else mean
        if mean.text == DASH:
            mean = replace(mean, small=mean.hint, hint="")
        each = [_seed_cell(entry, c) for entry in row.entries if many]
        told = "" if s.telling(c) else "not telling here"
        rows.append([TableCell(names[c], told), TableCell(group_of(c)), mean, *each, TableCell(f"{c.n_fake:,} fakes, {c.n_real:,} reals ({c.split})")])
    return Table(headers, rows, [""] * len(rows))


def _seed_cell(entry: Entry, column: Column) -> TableCell:
    found = [m for m in getattr(entry.record, "metrics", ()) if m.name == column.name and m.value is not None]
    return TableCell(rounded(found[0].value), value=found[0].value) if found else TableCell(DASH)


def _seed_words(entry: Entry) -> str:
    return "images" if entry.seed is None else f"seed {entry.seed}"


def _seeds_words(row: Row) -> str:
    if row.entries[0].seed is None:
        return "one set of images"
    return f"mean over {row.n_done} seeds" if row.n_done > 1 else "one seed"


def _interval_notes(row: Row) -> list[str]:
    methods = sorted({e.method for e in row.quality.values() if e.method and e.value is not None})
    return [f"In brackets: {method}." for method in methods]


def _detected(s: Standings, row: Row) -> Table:
    """AUROC of each detector on this entry: by protocol and tier."""
    own = [d for d in s.detected if d.variant == row.label and d.protocol in SHOWN_PROTOCOLS]
    tiers = tiers_of(own)
    places = [(protocol, tier) for protocol in SHOWN_PROTOCOLS for tier in tiers]
    words = {LEAVE_ONE_OUT: "never saw it", SEEN: "saw it"}
    headers = [ColumnHeader("Detector", numeric=False, name=True)]
    headers += [ColumnHeader(f"{words[protocol]}, {tier}", term=protocol) for protocol, tier in places]
    found = {(d.detector, d.protocol, d.tier): d for d in own}

    rows = []
    for detector in dict.fromkeys(d.detector for d in own):
        cells = []
        for protocol, tier in places:
            d = found.get((detector, protocol, tier))
            cells.append(TableCell(DASH) if d is None else share_cell(d.auroc, heat=True))
        rows.append([TableCell(detector), *cells])
    return Table(headers, rows, [""] * len(rows))


def _settings(row: Row) -> tuple[Table, str]:
    """Each setting, and the paper's value where the variant states it; and how many differ, in words."""
    headers = [ColumnHeader("Setting", numeric=False, name=True), ColumnHeader("Here"), ColumnHeader("In the paper"), ColumnHeader("", numeric=False)]
    record = row.entries[0].record
    if not isinstance(record, CellRecord):
        return Table(headers, [], []), ""

    paper: Mapping[str, Any] = record.paper_settings
    rows, differ = [], 0
    for name, value in record.spec.settings.items():
        here, there = _plain(value), _plain(paper[name]) if name in paper else DASH
        changed = name in record.spec.changed
        differs = name in paper and here != there
        differ += differs
        words = ["changed by the user"] * changed + ["differs from the paper"] * differs
        rows.append([TableCell(name), TableCell(here), TableCell(there), TableCell(", ".join(words))])
    text = f"{differ} of {len(paper)} that the paper states differ from it" if paper else ""
    return Table(headers, rows, [""] * len(rows)), text


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seeds(site: Site, row: Row) -> Table:
    """One line for each record: where and by what it was made, and whether it was verified."""
    headers = [
        ColumnHeader("Seed", numeric=False, name=True), ColumnHeader("Status", numeric=False), ColumnHeader("Budget", numeric=False),
        ColumnHeader("Machine", numeric=False), ColumnHeader("Version", numeric=False), ColumnHeader("Verified", numeric=False),
    ]  # fmt: skip
    rows = []
    for entry in row.entries:
        e = entry.record.environment
        version = f"gan-bench {e.packages.get('gan-bench', '?')}, torch {e.packages.get('torch', '?')}, commit {e.git_commit or 'unknown'}"
        texts = (_seed_words(entry), entry.status, _budget(entry), f"{e.device_name}, {e.threads} thread{'s' * (e.threads != 1)}, {e.precision}", version, site.state(entry))
        rows.append([TableCell(text) for text in texts])
    return Table(headers, rows, [""] * len(rows))


def _budget(entry: Entry) -> str:
    record = entry.record
    if not isinstance(record, CellRecord):
        return DASH
    limits = [f"{limit:g} {name}" for name, limit in asdict(record.spec.budget).items() if limit is not None]
    return f"{record.spec.preset}: {', '.join(limits)}"


def _downloads(site: Site, names: Names, row: Row) -> list[tuple[str, str]]:
    """The files that are kept beside the page: text, path."""
    name, found = names.entries[row.label], []
    for place, entry in enumerate(row.entries):
        for what, end in (("record", "json"), ("history", "csv"), ("statistics", "json")):
            if what in entry.files:
                path = site.folder.copy(entry.files[what], names.kept(name, f"{place}-{what}.{end}"))
                found += [(f"{what} of {_seed_words(entry)}", path)] if path else []
    return [*found, ("badge", names.kept(name, "badge.svg"))]
