"""Standings -> the table of generators, and that of a profile over datasets."""

from __future__ import annotations

from dataclasses import replace

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
    table_of,
)
from gan_bench.leaderboard.columns import Column, titles
from gan_bench.leaderboard.detections import HEADLINE_TIERS
from gan_bench.leaderboard.entries import problems
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.groups import COST, DETECTABILITY, ENTRY, filled, first_shown, group_of
from gan_bench.leaderboard.profile import SHOWN_TAUS, Profile
from gan_bench.leaderboard.rank import best_in, top_in
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
FIRST_COST = "train_seconds"  # the one that is shown before a reader chooses columns
NOT_TELLING = "on this dataset this metric puts damaged or random images before real ones, or cannot tell them apart"
DETECTABILITY_HINT = (
    f"a lower bound: AUROC of one detector fitted without this variant ({LEAVE_ONE_OUT}), chosen on the validation fold; "
    "0.5 is a coin toss"
)

PROFILE_NOTE = (
    "The share of these datasets in which an entry is at most so many times worse than the best one, by the metric that ranks "
    "it; in brackets the range over its seeds. A performance profile (Dolan and Moré 2002), for those who want one order."
)

Part = tuple[ColumnHeader, list[TableCell]]  # a column: its header, and a cell for each row


def generator_table(s: Standings) -> Table:
    """Entry, rank, metrics, detectability, costs, seeds and status. A column in which no row has anything is left out."""
    columns = [
        _names(s), _ranks(s), *_metrics(s), *(_detectability(s, tier) for tier in HEADLINE_TIERS),
        *(_costs(s, name) for name in COST_HEADERS), _seeds(s), _statuses(s),
    ]  # fmt: skip
    return table_of(columns, [row.status for row in s.rows])


def profile_table(profile: Profile) -> Table:
    """The share of datasets within a few factors of the best, for each entry; small: the range over its seeds."""
    headers = [
        ColumnHeader("Entry", numeric=False, name=True),
        *(ColumnHeader(f"within {tau:g} times ↑", "", "down") for tau in SHOWN_TAUS),
    ]
    rows = []
    for curve in profile.curves:
        shares = [(curve.share(tau), curve.span(tau)) for tau in SHOWN_TAUS]
        cells = [
            TableCell(f"{share:.2f}", "" if low == high else f"[{low:.2f}, {high:.2f}]", share) for share, (low, high) in shares
        ]
        rows.append([TableCell(curve.label), *cells])
    return plain_table(headers, rows)


def _names(s: Standings) -> Part:
    cells = [TableCell(row.label, getattr(row.entries[0].record, "title", ""), tag=_tag(row)) for row in s.rows]
    return ColumnHeader("Entry", numeric=False, name=True), cells


def _tag(row: Row) -> str:
    if row.status != "done":
        return row.status
    return "" if row.task is None or row.task == FROM_LATENTS else row.task


def _ranks(s: Standings) -> Part:
    return ColumnHeader("Rank", "the best and the worst rank within its task", term="rank"), [_rank_cell(row) for row in s.rows]


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


def _metrics(s: Standings) -> list[Part]:
    names, columns = titles(s.columns), filled(s.columns, s.rows)
    first = first_shown(s, columns)
    parts = []
    for c in columns:
        best, top = (best_in(c, s.rows), top_in(c, s.rows)) if s.telling(c) else (set(), set())
        cells = [_metric_cell(row, c, row.label in best, row.label in top) for row in s.rows]
        parts.append((_metric_header(c, names[c], s.telling(c), c in first), cells))
    return parts


def _metric_header(c: Column, title: str, telling: bool, shown: bool) -> ColumnHeader:
    hint = f"{c.n_fake:,} fakes against {c.n_real:,} reals, split {c.split}; recorded as {c.name}"
    first = "down" if c.higher_is_better else "up"
    if not telling:
        title, hint = f"{title} (not telling)", f"{NOT_TELLING}; {hint}"
    return ColumnHeader(title, hint, first, term=c.metric, group=group_of(c), shown=shown)


def _metric_cell(row: Row, column: Column, best: bool, top: bool) -> TableCell:
    cell = replace(number_cell(row.of(column), best), top=top)
    return flattered(cell) if row.trained_against(column) else cell


def _detectability(s: Standings, tier: str) -> Part:
    header = ColumnHeader(f"Detectability {tier}, at least ↓", DETECTABILITY_HINT, term="detectability", group=DETECTABILITY)
    return header, [_detectability_cell(row, tier) for row in s.rows]


def _detectability_cell(row: Row, tier: str) -> TableCell:
    cell, detector = share_cell(row.detectability[tier]), row.detector.get(tier)
    return cell if detector is None else replace(cell, small=f"{cell.small} by {detector}".strip())


def _costs(s: Standings, name: str) -> Part:
    header = ColumnHeader(
        COST_HEADERS[name], "mean over finished seeds", term=name, group=COST, shown=name == FIRST_COST
    )  # fmt: skip
    return header, [cost_cell(name, row.cost.get(name)) for row in s.rows]


def cost_cell(name: str, estimate: Estimate | None) -> TableCell:
    """What a training cost, in the unit of `COST_HEADERS`."""
    if estimate is None or estimate.value is None:
        return TableCell(DASH)
    value = estimate.value / (1e6 if name == "generator_parameters" else 1)
    return TableCell(rounded(value), value=value)


def _seeds(s: Standings) -> Part:
    cells = [TableCell(_seeds_text(row), value=float(row.n_done)) for row in s.rows]
    several = any(len(row.entries) > 1 for row in s.rows)
    return ColumnHeader("Seeds", "trainings that ended well", term="seed", group=ENTRY, shown=several), cells


def _seeds_text(row: Row) -> str:
    if row.entries[0].seed is None:
        return DASH
    return str(row.n_done) if row.n_done == len(row.entries) else f"{row.n_done} of {len(row.entries)} seeds"


def _statuses(s: Standings) -> Part:
    cells = [_status_cell(row) for row in s.rows]
    broken = any(row.kind == "variant" and problems(row.entries) for row in s.rows)
    return ColumnHeader("Status", numeric=False, group=ENTRY, shown=broken), cells


def _status_cell(row: Row) -> TableCell:
    if row.kind != "variant":
        note = getattr(row.entries[0].record, "note", "")
        return TableCell("; ".join(text for text in (row.status, note) if text))

    faults = problems(row.entries)
    if not row.n_done:
        return TableCell(faults)
    return TableCell("; ".join(text for text in (row.status, faults) if text))
