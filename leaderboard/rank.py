"""Which column ranks a table, and ranks that claim no more than the seeds allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_bench.core.differences import FEWEST_SEEDS, rank_intervals
from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.rows import Row, by_task
from gan_bench.records import TableRules

NO_RULES = TableRules(headline="")  # nothing asked for, nothing marked


def ranks_in(column: Column, rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Label -> the best and the worst rank that it can have in this column; all `rows` are variants of one task.

    Ranked are those that have two seeds or more there and were not trained against its extractor. Those that lack seeds come
    last, whatever the other seeds gave: a mean over the trainings that went well would flatter them.
    """
    fair = [row for row in rows if not row.trained_against(column)]
    whole = [row for row in fair if row.of(column).seeds >= FEWEST_SEEDS and not row.lacks_seeds(column)]
    broken = [row for row in fair if row.lacks_seeds(column)]
    if not whole:
        return {}

    found = rank_intervals([row.of(column).values for row in whole], column.higher_is_better)
    last = len(whole) + 1, len(whole) + len(broken)
    return dict(zip((row.label for row in whole), found, strict=True)) | {row.label: last for row in broken}


def best_in(column: Column, rows: Iterable[Row]) -> set[str]:
    """The labels that may be the first of their task in this column; none of a task where that is all that are ranked."""
    best: set[str] = set()
    for variants in by_task(rows).values():
        ranks = ranks_in(column, variants)
        first = {label for label, (best_rank, _) in ranks.items() if best_rank == 1}
        best |= first if len(first) < len(ranks) else set()
    return best


def top_in(column: Column, rows: Iterable[Row]) -> set[str]:
    """The labels with the best mean of their task in this column, certain or not; none of a task whose means are all equal."""
    top: set[str] = set()
    for variants in by_task(rows).values():
        fair = [row for row in variants if row.of(column).value is not None and not row.trained_against(column)]
        values = [row.of(column).value or 0.0 for row in fair]
        if len(set(values)) > 1:
            best = max(values) if column.higher_is_better else min(values)
            top |= {row.label for row, value in zip(fair, values, strict=True) if value == best}
    return top


def choose_headline(columns: Sequence[Column], rules: TableRules) -> Column | None:
    """The column to rank by, out of those that hold values; None where there is none to choose.

    It is the first that exists of: the one asked for (by the start of its name), FID, the Frechet distance of lite0, any
    Frechet distance, the first column. One that is not telling must be asked for.
    """
    telling = [c for c in columns if not c.name.startswith(rules.not_telling)]
    frechet = [c for c in telling if c.metric == "fd"]
    preferences = (
        [c for c in columns if rules.headline and c.name.startswith(rules.headline)],
        [c for c in frechet if c.extractor == "inception"],
        [c for c in frechet if c.extractor.startswith("lite0")],
        frechet,
        telling,
    )
    return next((found[0] for found in preferences if found), None)
