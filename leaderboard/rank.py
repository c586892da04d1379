"""Which column ranks a table, and ranks that do not claim more than the intervals allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.rows import Row, by_task
from gan_bench.records import TableRules

NO_RULES = TableRules(headline="")  # nothing asked for, nothing marked
FEWEST_SEEDS = 2  # of a rank: the interval of one training does not cover what another seed would give

Point = tuple[float, float | None, float | None]  # value, low, high; no interval: low and high are None


def rank_range(points: Sequence[Point], higher_is_better: bool) -> list[tuple[int, int]]:
    """The best and the worst rank (from 1) that each entry can claim, in the order of `points`.

    An entry is behind another only where their intervals do not touch, so overlapping entries share ranks.
    A point without an interval is an interval of no width.
    """
    spans = [(value if low is None else low, value if high is None else high) for value, low, high in points]
    if higher_is_better:
        spans = [(-high, -low) for low, high in spans]

    ranks = []
    for low, high in spans:
        n_better = sum(other_high < low for _, other_high in spans)
        n_worse = sum(other_low > high for other_low, _ in spans)
        ranks.append((1 + n_better, len(spans) - n_worse))
    return ranks


def ranks_in(column: Column, rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Label -> the best and the worst rank that it can claim in this column; all `rows` are variants of one task.

    Ranked are those that have two seeds or more there and were not trained against its extractor.
    """
    points: dict[str, Point] = {}
    for row in rows:
        estimate = row.of(column)
        if estimate.value is not None and estimate.seeds >= FEWEST_SEEDS and not row.trained_against(column):
            points[row.label] = (estimate.value, estimate.low, estimate.high)

    return dict(zip(points, rank_range(list(points.values()), column.higher_is_better), strict=True))


def best_in(column: Column, rows: Iterable[Row]) -> set[str]:
    """The labels that may be the first of their task in this column; none of a task where that is all that are ranked."""
    best: set[str] = set()
    for variants in by_task(rows).values():
        ranks = ranks_in(column, variants)
        first = {label for label, (best_rank, _) in ranks.items() if best_rank == 1}
        best |= first if len(first) < len(ranks) else set()
    return best


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
