"""The tables on the page of an entry: all numbers, who detects it, its settings, and its seeds."""

from __future__ import annotations

from dataclasses import asdict, replace

from gan_bench.leaderboard.cells import (
    DASH,
    ColumnHeader,
    Table,
    TableCell,
    flattered,
    number_cell,
    plain_table,
    rounded,
    share_cell,
)
from gan_bench.leaderboard.columns import Column, column_of, titles
from gan_bench.leaderboard.detections import tiers_of
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.groups import filled, group_of
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import LEAVE_ONE_OUT, SEEN, CellRecord

PROTOCOLS = {LEAVE_ONE_OUT: "never saw it", SEEN: "saw it"}  # protocol -> what the detector did
NO_NUMBER = "?"  # where a record does not tell a version


def texts(*titles: str) -> list[ColumnHeader]:
    """Headers of columns of text; the first names the rows."""
    return [ColumnHeader(title, numeric=False, name=i == 0) for i, title in enumerate(titles)]


def numbers_table(s: Standings, row: Row) -> Table:
    """One line for each number: the mean with its interval, and each seed."""
    columns, names = [c for c in filled(s.columns, s.rows) if c in row.quality], titles(s.columns)
    seeds = row.entries if len(row.entries) > 1 else ()
    headers = [
        *texts("Number", "Group"), ColumnHeader("Mean" if seeds else "Value"),
        *(ColumnHeader(seed_words(entry)) for entry in seeds), ColumnHeader("Compared", numeric=False),
    ]  # fmt: skip

    rows = []
    for c in columns:
        name = TableCell(names[c], "" if s.telling(c) else "not telling here")
        compared = TableCell(f"{c.n_fake:,} fakes, {c.n_real:,} reals ({c.split})")
        rows.append([name, TableCell(group_of(c)), _mean_cell(row, c), *(_seed_cell(entry, c) for entry in seeds), compared])
    return plain_table(headers, rows)


def _mean_cell(row: Row, column: Column) -> TableCell:
    cell = number_cell(row.of(column))
    if cell.value is None:
        return replace(cell, small=cell.hint, hint="")
    return flattered(cell) if row.trained_against(column) else cell


def _seed_cell(entry: Entry, column: Column) -> TableCell:
    values = [m.value for m in getattr(entry.record, "metrics", ()) if column_of(m) == column and m.value is not None]
    return TableCell(rounded(values[0]), value=values[0]) if values else TableCell(DASH)


def seed_words(entry: Entry) -> str:
    """What a record is called on the page of its entry."""
    return "images" if entry.seed is None else f"seed {entry.seed}"


def detected_table(s: Standings, row: Row) -> Table:
    """AUROC of each detector on this entry, by protocol and tier."""
    found = {(d.detector, d.protocol, d.tier): d for d in s.detected if d.variant == row.label and d.protocol in PROTOCOLS}
    tiers = tiers_of(found.values())
    tested = {(protocol, tier) for _, protocol, tier in found}
    places = [(protocol, tier) for protocol in PROTOCOLS for tier in tiers if (protocol, tier) in tested]
    headers = [
        *texts("Detector"),
        *(ColumnHeader(f"{PROTOCOLS[protocol]}, {tier}", term=protocol) for protocol, tier in places),
    ]

    rows = []
    for detector in dict.fromkeys(detector for detector, _, _ in found):
        detections = [found.get((detector, *place)) for place in places]
        aurocs = [TableCell(DASH) if d is None else share_cell(d.auroc, heat=True) for d in detections]
        rows.append([TableCell(detector), *aurocs])
    return plain_table(headers, rows)


def settings_table(row: Row) -> tuple[Table, str]:
    """Each setting, and the paper's value where the variant states it; and how many differ, in words."""
    headers = [*texts("Setting"), ColumnHeader("Here"), ColumnHeader("In the paper"), ColumnHeader("Note", numeric=False)]
    record = row.entries[0].record
    if not isinstance(record, CellRecord):
        return plain_table(headers, []), ""

    paper, rows, n_different = record.paper_settings, [], 0
    for name, value in record.spec.settings.items():
        here, there = _plain(value), _plain(paper[name]) if name in paper else DASH
        differs = name in paper and here != there
        n_different += differs
        notes = ["changed by the user"] * (name in record.spec.changed) + ["differs from the paper"] * differs
        rows.append([TableCell(name), TableCell(here), TableCell(there), TableCell(", ".join(notes))])
    return plain_table(
        headers, rows
    ), f"{n_different} of the {len(paper)} that the paper states are others here" if paper else ""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def seeds_table(site: Site, row: Row) -> Table:
    """One line for each record: where and by what it was made, and whether it was verified."""
    rows = []
    for entry in row.entries:
        here = entry.record.environment
        versions = [f"{name} {here.packages.get(name, NO_NUMBER)}" for name in ("gan-bench", "torch")]
        machine = f"{here.device_name}, {here.threads} thread{'s' * (here.threads != 1)}, {here.precision}"
        commit = f"commit {here.git_commit or 'unknown'}"
        words = (seed_words(entry), entry.status, _budget(entry), machine, ", ".join([*versions, commit]), site.state(entry))
        rows.append([TableCell(word) for word in words])
    return plain_table(texts("Seed", "Status", "Budget", "Machine", "Version", "Verified"), rows)


def _budget(entry: Entry) -> str:
    if not isinstance(entry.record, CellRecord):
        return DASH
    spec = entry.record.spec
    limits = [f"{limit:g} {name}" for name, limit in asdict(spec.budget).items() if limit is not None]
    return f"{spec.preset}: {', '.join(limits)}"
