"""Standings -> the tables that a reader sees; the page and the Markdown show the same ones."""

from __future__ import annotations

import re
from dataclasses import replace

from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, flattered, number_cell, rounded, share_cell
from gan_bench.leaderboard.columns import Column, titles
from gan_bench.leaderboard.detections import HEADLINE_TIERS
from gan_bench.leaderboard.entries import problems
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.profile import SHOWN_TAUS, Profile
from gan_bench.leaderboard.rank import best_in
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import FROM_LATENTS, LEAVE_ONE_OUT

COST_HEADERS = {
    "kimg": "kimg",
    "tflop": "TFLOP",
    "train_seconds": "Training (s)",
    "images_per_second": "Images/s",
    "generator_parameters": "G parameters (M)",
}
NOT_TELLING = "on this dataset this metric puts damaged or random images before real ones, or cannot tell them apart"
DETECTABILITY = (
    f"a lower bound: AUROC of one detector fitted without this variant ({LEAVE_ONE_OUT}), chosen on the validation fold; "
    "0.5 is a coin toss"
)

PROFILE_NOTE = (
    "The share of these datasets in which an entry is at most so many times worse than the best one, by the metric that ranks "
    "it; in brackets the range over its seeds. A performance profile (Dolan and Moré 2002), for those who want one order."
)


def generator_table(s: Standings) -> Table:
    """Rank, entry, metrics, detectability, costs, seeds and status of each entry."""
    best = {c: best_in(c, s.rows) if s.telling(c) else set() for c in s.columns}
    rows = []
    for row in s.rows:
        quality = [_metric_cell(row, c, row.label in best[c]) for c in s.columns]
        detected = [_detectability_cell(row, tier) for tier in HEADLINE_TIERS]
        costs = [_cost_cell(name, row.cost.get(name)) for name in COST_HEADERS]
        seeds = TableCell(_seeds_text(row), value=float(row.n_done))
        rows.append([_rank_cell(row), _entry_cell(row), *quality, *detected, *costs, seeds, _status_cell(row)])

    return Table(_generator_headers(s), rows, [row.status for row in s.rows])


def profile_table(profile: Profile) -> Table:
    """The share of datasets within a few factors of the best, for each entry; small: the range over its seeds."""
    headers = [
        ColumnHeader("Entry", numeric=False),
        *(ColumnHeader(f"within {tau:g} times ↑", "", "down") for tau in SHOWN_TAUS),
    ]
    rows = []
    for curve in profile.curves:
        shares = [(curve.share(tau), curve.span(tau)) for tau in SHOWN_TAUS]
        cells = [
            TableCell(f"{share:.2f}", "" if low == high else f"[{low:.2f}, {high:.2f}]", share) for share, (low, high) in shares
        ]
        rows.append([TableCell(curve.label), *cells])
    return Table(headers, rows, [""] * len(rows))


def _generator_headers(s: Standings) -> list[ColumnHeader]:
    names = titles(s.columns)
    return [
        ColumnHeader("Rank"),
        ColumnHeader("Entry", numeric=False),
        *(_metric_header(c, names[c], s.telling(c)) for c in s.columns),
        *(ColumnHeader(f"Detectability {tier}, at least ↓", DETECTABILITY) for tier in HEADLINE_TIERS),
        *(ColumnHeader(text, "mean over finished seeds") for text in COST_HEADERS.values()),
        ColumnHeader("Seeds"),
        ColumnHeader("Status", numeric=False),
    ]


def _metric_header(c: Column, title: str, telling: bool) -> ColumnHeader:
    hint = f"{c.name}: {c.n_fake} fakes against {c.n_real} reals, split {c.split}"
    first = "down" if c.higher_is_better else "up"
    if telling:
        return ColumnHeader(title, hint, first)
    return ColumnHeader(f"{title} (not telling)", f"{NOT_TELLING}; {hint}", first)


def _metric_cell(row: Row, column: Column, best: bool) -> TableCell:
    cell = number_cell(row.of(column), best)
    return flattered(cell) if row.trained_against(column) else cell


def _detectability_cell(row: Row, tier: str) -> TableCell:
    cell, detector = share_cell(row.detectability[tier]), row.detector.get(tier)
    return cell if detector is None else replace(cell, small=f"{cell.small} by {detector}".strip())


def _rank_cell(row: Row) -> TableCell:
    if row.ranks is None:
        return _no_rank_cell(row)

    first, last = row.ranks
    text = str(first) if first == last else f"{first}-{last}"
    hint = "a seed has no value, so it comes last" if row.lacks_seeds(row.headline) else ""
    return TableCell(text, value=first + last / 1000, hint=hint)


def _no_rank_cell(row: Row) -> TableCell:
    headline = row.of(row.headline)
    if row.kind != "variant" or headline.value is None:
        return TableCell(DASH)
    if row.trained_against(row.headline):
        return TableCell(DASH, hint="trained against the metric that ranks this table")
    return TableCell("1 seed", hint="one seed gives no rank")


def _entry_cell(row: Row) -> TableCell:
    title, paper = (getattr(row.entries[0].record, name, "") for name in ("title", "paper"))
    link = paper if re.match(r"https?://", paper) else ""
    return TableCell(row.label, title, hint=paper, tag=_tag(row), link=link)


def _tag(row: Row) -> str:
    if row.status != "done":
        return row.status
    return "" if row.task is None or row.task == FROM_LATENTS else row.task


def _cost_cell(name: str, estimate: Estimate | None) -> TableCell:
    if estimate is None or estimate.value is None:
        return TableCell(DASH)
    value = estimate.value / (1e6 if name == "generator_parameters" else 1)
    return TableCell(rounded(value), value=value)


def _seeds_text(row: Row) -> str:
    if row.entries[0].seed is None:
        return DASH
    return str(row.n_done) if row.n_done == len(row.entries) else f"{row.n_done} of {len(row.entries)} seeds"


def _status_cell(row: Row) -> TableCell:
    if row.kind != "variant":
        note = getattr(row.entries[0].record, "note", "")
        return TableCell("; ".join(text for text in (row.status, note) if text))

    faults = problems(row.entries)
    if not row.n_done:
        return TableCell(faults)
    return TableCell("; ".join(text for text in (row.status, faults) if text))
