"""Which column ranks a table, and ranks that do not claim more than the intervals allow."""

from __future__ import annotations

from collections.abc import Sequence

from gan_bench.leaderboard.columns import Column

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


def choose_headline(columns: Sequence[Column], asked: str | None) -> Column | None:
    """The column to rank by, out of those that hold values; None where there is no column.

    It is the first that exists of: the one asked for (by the start of its name), FID, the Frechet distance of lite0, any
    Frechet distance, the first column.
    """
    frechet = [c for c in columns if c.metric == "fd"]
    preferences = (
        [c for c in columns if asked and c.name.startswith(asked)],
        [c for c in frechet if c.extractor == "inception"],
        [c for c in frechet if c.extractor.startswith("lite0")],
        frechet,
        columns,
    )
    return next((found[0] for found in preferences if found), None)
