"""Standings -> what a terminal and the Markdown show: a short table for each task, who won, what failed, the detectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from gan_bench.leaderboard.cells import (
    DASH,
    FLATTERED,
    ColumnHeader,
    Table,
    TableCell,
    flattered,
    number_cell,
    plain_table,
    rounded,
)
from gan_bench.leaderboard.columns import Column, metric_title
from gan_bench.leaderboard.detections import HEADLINE_TIERS, Detected
from gan_bench.leaderboard.entries import Entry, problems
from gan_bench.leaderboard.rank import best_in
from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import CLEAN, EVERY, LEAVE_ONE_OUT, ROBUST, SEEN, CellRecord, JudgeRecord, short_count

# The metrics that stand beside the headline: the first of those that are there.
BESIDE = ("modes_covered", "high_quality", "modes", "precision", "recall", "coverage")
MOST_BESIDE = 2
RANK, ENTRY, INTERVAL, DETECTABLE, SECONDS = "Rank", "Entry", "95 %", "Detectable", "Seconds"
TIER_WORDS = {"clean": "as drawn", "web": "re-encoded as a web site would do it"}
DAMAGED = "damaged"
DETECTORS_NOTE = (
    "AUROC: 1 separates all fakes from all reals; 0.5 is a coin toss. Seen: fitted on fakes of all variants; leave-one-out: of "
    "all but the tested one, the mean over the variants. Damaged: as seen clean, the mean over corruptions and severities."
)

Numbers = dict[tuple[str, bool], list[float | None]]  # (column, whether of all variants together) -> AUROCs


@dataclass(frozen=True)
class Short:
    """A short table. Its columns are those of all tables of the track, the most important ones first.

    heading  dataset, preset and task
    verdict  who won, and whether that is certain; "" where nothing is compared
    """

    heading: str
    table: Table
    verdict: str = ""


@dataclass(frozen=True)
class Shape:
    """The columns that all short tables of a track share.

    beside  numbers in the second place
    tiers   the delivery tiers of the detectability; none: no detector says anything
    best    column -> the labels that may be the best of their task in it
    """

    ranked: bool
    intervals: bool
    beside: tuple[Column, ...]
    tiers: tuple[str, ...]
    timed: bool
    best: dict[Column | None, set[str]]


def short_tables(s: Standings, n_tiers: int = 1) -> list[Short]:
    """One table for each task, then one of what is no trained variant, to compare with.

    n_tiers  how many of `detections.HEADLINE_TIERS` stand there at most, beginning with the last one
    """
    shape = _shape(s, n_tiers)
    tables = [
        Short(f"{s.track.dataset}, {s.track.preset}, {task_words(task)}", _table(rows, shape), verdict(rows))
        for task, rows in by_task(s.rows).items()
    ]
    others = [row for row in s.rows if row.kind != "variant"]
    if others:
        tables.append(Short(f"{s.track.dataset}, {s.track.preset}, to compare with", _table(others, shape)))
    return tables


def short_notes(s: Standings, n_tiers: int = 1) -> list[str]:
    """What the columns of `short_tables` are, in a few words."""
    shape, notes = _shape(s, n_tiers), []
    headlines = list(dict.fromkeys(row.headline for row in s.rows if row.headline))
    for c in headlines:
        counts = f"{short_count(c.n_fake)} fakes against {short_count(c.n_real)} reals"
        direction = "higher" if c.higher_is_better else "lower"
        notes.append(f"{metric_title(c)}: {counts}, {direction} is better{', beside it its 95 % interval' * shape.intervals}.")
    if shape.beside:
        words: dict[str, list[str]] = {}
        for c in shape.beside:
            words.setdefault(c.extractor, []).append(c.metric.replace("_", " "))
        notes.append(
            "; ".join(f"{' and '.join(names)}: by {extractor}" for extractor, names in words.items()) + ", higher is better."
        )
    if shape.tiers:
        how = ", or ".join(TIER_WORDS.get(tier, tier) for tier in shape.tiers)
        notes.append(f"Detectable, at least: 1 all fakes are spotted, 0.5 a coin toss; images {how}.")
    if any(row.trained_against(c) and row.of(c).value is not None for row in s.rows for c in [*headlines, *shape.beside]):
        notes.append(f"{FLATTERED} its loss uses the network behind this number, which flatters it; not ranked.")
    return [note[:1].upper() + note[1:] for note in notes]


def verdict(rows: Sequence[Row]) -> str:
    """Who is the first of the variants of one task, and whether that is certain."""
    headline = rows[0].headline
    fair = [row for row in rows if row.of(headline).value is not None and not row.trained_against(headline)]
    if headline is None:
        return "Nothing can be ranked: no entry has a number that tells good images from bad ones."
    if not fair:
        return "Nothing can be ranked: the training of each entry aimed at this number."

    name, ranked = metric_title(headline), [row for row in fair if row.ranks]
    if len(rows) == 1 or len(fair) == 1:
        return f"{fair[0].label} is alone: there is no other entry to compare it with."
    if len(ranked) < 2:
        return (
            f"{fair[0].label} has the best {name}, but nobody knows whether it wins: one training of each tells nothing of "
            "the next. `--seeds 3` gives ranks."
        )

    first, seeds = [row for row in ranked if row.ranks and row.ranks[0] == 1], min(row.of(headline).seeds for row in ranked)
    unknown = [row.label for row in fair if not row.ranks]
    limit = f" Not ranked, since one seed tells nothing: {', '.join(unknown)}." if unknown else ""
    if [row.ranks for row in first] == [(1, 1)]:
        others = "all others that are ranked" if unknown else "all others"
        return f"{first[0].label} wins for certain: in {name} it is better than {others}, over {seeds} seeds.{limit}"
    *most, last = [row.label for row in first]
    return f"No certain winner: {', '.join(most)} or {last} is first in {name}; more seeds than {seeds} may tell.{limit}"


def failures(s: Standings) -> list[str]:
    """A sentence for each entry, detector and attack of which some seed did not end well."""
    named: dict[str, list[Entry]] = {}
    for e in s.entries:
        named.setdefault(f"detector {e.label}" if isinstance(e.record, JudgeRecord) else e.label, []).append(e)
    return [f"{s.track.dataset} {label}: {faults}" for label, entries in named.items() if (faults := problems(entries))]


def _shape(s: Standings, n_tiers: int) -> Shape:
    headlines = {row.headline for row in s.rows if row.headline}
    metrics = {headline.metric for headline in headlines}
    beside: dict[str, Column] = {}
    for metric in BESIDE:
        found = [c for c in s.columns if c.metric == metric and metric not in metrics and s.telling(c)]
        if found and len(beside) < MOST_BESIDE:
            beside[metric] = found[0]

    tiers = [tier for tier in HEADLINE_TIERS if any(row.detectability[tier].value is not None for row in s.rows)]
    timed = any("train_seconds" in row.cost for row in s.rows)
    intervals = any(row.of(row.headline).low is not None for row in s.rows)
    best: dict[Column | None, set[str]] = {c: best_in(c, s.rows) for c in (*headlines, *beside.values()) if s.telling(c)}
    return Shape(
        any(row.ranks for row in s.rows), intervals, tuple(beside.values()), tuple(tiers[-n_tiers:]), timed, best
    )  # fmt: skip


def _table(rows: Sequence[Row], shape: Shape) -> Table:
    headline = rows[0].headline
    several = len(shape.tiers) > 1
    headers = [
        *([ColumnHeader(RANK)] if shape.ranked else []),
        ColumnHeader(ENTRY, numeric=False),
        ColumnHeader(_directed(headline) if headline else "Result"),
        *([ColumnHeader(INTERVAL, numeric=False)] if shape.intervals else []),
        *(ColumnHeader(c.metric.capitalize().replace("_", " ")) for c in shape.beside),
        *(ColumnHeader(f"{DETECTABLE} {tier}" if several else DETECTABLE) for tier in shape.tiers),
        *([ColumnHeader(SECONDS)] if shape.timed else []),
    ]
    return Table(headers, [_cells(row, shape) for row in rows], [row.status for row in rows])


def _directed(column: Column) -> str:
    """A title with its direction where it folds: "FD ↓ lite0@64"."""
    title = metric_title(column)
    name = title.removesuffix(f" {column.extractor}")
    return f"{name} {'↑' if column.higher_is_better else '↓'}{title.removeprefix(name)}"


def _cells(row: Row, shape: Shape) -> list[TableCell]:
    cells = [TableCell(_rank(row))] if shape.ranked else []
    lacking = f" ({row.n_done} of {len(row.entries)} seeds)" if 0 < row.n_done < len(row.entries) else ""
    failed = row.status in ("failed", "diverged")
    headline = TableCell(row.status) if failed else _number(row, row.headline, shape)
    cells += [TableCell(row.label + lacking), TableCell(headline.text, best=headline.best)]
    cells += [TableCell(headline.small)] if shape.intervals else []

    beside = [_number(row, c, shape) for c in shape.beside]
    cells += [TableCell(cell.text, best=cell.best) for cell in beside]
    cells += [_share(row.detectability[tier].value) for tier in shape.tiers]
    if shape.timed:
        seconds = row.cost["train_seconds"].value if "train_seconds" in row.cost else None
        cells.append(TableCell(DASH if seconds is None else rounded(seconds)))
    return cells


def _rank(row: Row) -> str:
    if row.ranks is None:
        return DASH
    first, last = row.ranks
    return str(first) if first == last else f"{first}-{last}"


def _number(row: Row, column: Column | None, shape: Shape) -> TableCell:
    cell = number_cell(row.of(column), best=row.label in shape.best.get(column, ()))
    return flattered(cell) if row.trained_against(column) else cell


def _share(value: float | None) -> TableCell:
    return TableCell(DASH if value is None else f"{value:.3f}", value=value)


def short_detectors(s: Standings) -> Table:
    """One row for each detector: its AUROC seen, by leave-one-out, and on damaged images, as far as there are numbers.

    The first is the one that does best on fakes of variants that it never saw.
    """
    numbers: dict[str, Numbers] = {e.label: defaultdict(list) for e in s.judges if e.status == "done"}
    for d in s.detected:
        numbers[d.detector][_column_of(d), d.variant == EVERY].append(d.auroc.value)

    named = [f"{protocol} {tier}" for protocol in (SEEN, LEAVE_ONE_OUT) for tier in HEADLINE_TIERS] + [DAMAGED]
    means = {label: _means(found, named) for label, found in numbers.items()}
    columns = [column for column in named if any(column in found for found in means.values())]
    unseen = [column for column in reversed(columns) if column.startswith(LEAVE_ONE_OUT)]
    order = sorted(means, key=lambda label: [-means[label].get(column, -1.0) for column in unseen])

    headers = [ColumnHeader("Detector", numeric=False), *(ColumnHeader(f"{c[:1].upper()}{c[1:]}") for c in columns)]
    rows = [[TableCell(label), *(_share(means[label].get(column)) for column in columns)] for label in order]
    return plain_table(headers, rows)


def _column_of(d: Detected) -> str:
    """The column of `short_detectors` that a detection counts for; "": none."""
    if d.protocol == ROBUST and d.tier == CLEAN:
        return DAMAGED
    return f"{d.protocol} {d.tier}"


def _means(numbers: Numbers, columns: Iterable[str]) -> dict[str, float]:
    """Column -> the mean, of tests on all variants together where there are such."""
    means = {}
    for column in columns:
        together, apart = ([v for v in numbers.get((column, every), ()) if v is not None] for every in (True, False))
        if together or apart:
            means[column] = fmean(together or apart)
    return means


def best_cell(all_standings: Iterable[Standings]) -> CellRecord | None:
    """The first seed of the first variant of all tables that was trained to its end."""
    records = (entry.record for s in all_standings for row in s.rows for entry in row.entries if entry.status == "done")
    return next((record for record in records if isinstance(record, CellRecord)), None)
