"""One order over several datasets: performance profiles (Dolan and Moré 2002) in place of a mean of ranks.

The profile of an entry at tau is the share of the tracks in which it comes within a factor tau of the best one. A mean of ranks
depends on who else takes part, and hides how large the differences are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.standings import Standings

FEWEST_TRACKS = FEWEST_ENTRIES = 2
SHOWN_TAUS = (1.1, 1.5, 2.0, 4.0)


@dataclass(frozen=True)
class Curve:
    """An entry over the tracks of one budget and its seeds.

    factors  for each seed, for each track, how many times worse than the best entry's mean it is: 1 or more, but for single
             seeds that are better than that mean; infinite where it has no value
    """

    label: str
    factors: tuple[tuple[float, ...], ...]

    def share(self, tau: float) -> float:
        """The share of tracks within a factor tau of the best, the mean over the seeds."""
        return fmean(self._shares(tau))

    def span(self, tau: float) -> tuple[float, float]:
        """The smallest and the largest share that a seed has."""
        shares = self._shares(tau)
        return min(shares), max(shares)

    def _shares(self, tau: float) -> list[float]:
        return [fmean(factor <= tau for factor in seed) for seed in self.factors]


@dataclass(frozen=True)
class Profile:
    """The curves of the variants of one task, over the tracks of one budget and rules version; the best at small taus first."""

    preset: str
    benchmark_version: str
    task: str
    datasets: tuple[str, ...]
    curves: tuple[Curve, ...]

    @property
    def heading(self) -> str:
        """What it is over, in words."""
        return f"Over {', '.join(self.datasets)}: {self.preset}, {task_words(self.task)}"


def profiles(all_standings: Iterable[Standings]) -> list[Profile]:
    """A profile for each budget and task with two entries or more, on two datasets or more, whose headlines are distances.

    A track whose best mean is not above 0 is left out: there is no "so many times worse than 0".
    """
    groups: dict[tuple[str, str, str], list[tuple[str, list[Row]]]] = {}
    for s in all_standings:
        for task, rows in by_task(s.rows).items():
            if rows[0].headline is not None and not rows[0].headline.higher_is_better and not _best(rows) <= 0:
                groups.setdefault((s.track.preset, s.track.benchmark_version, task), []).append((s.track.dataset, rows))

    found = []
    for where, tracks in groups.items():
        datasets, rows_of = zip(*tracks, strict=True)
        if len(tracks) >= FEWEST_TRACKS and max(map(len, rows_of)) >= FEWEST_ENTRIES:
            found.append(Profile(*where, datasets, tuple(_curves(rows_of))))
    return found


def _curves(tracks: Sequence[list[Row]]) -> list[Curve]:
    """One curve for each label that is in some track; where it is absent, or is not ranked by the headline, it is infinite."""
    best = [_best(rows) for rows in tracks]
    labels = list(dict.fromkeys(row.label for rows in tracks for row in rows))
    curves = [Curve(label, _factors(label, tracks, best)) for label in labels]
    return sorted(curves, key=lambda curve: [-curve.share(tau) for tau in SHOWN_TAUS])


def _best(rows: Iterable[Row]) -> float:
    """The best mean of a track; not a number where no entry counts."""
    return min((row.of(row.headline).value or 0.0 for row in rows if _counts(row)), default=math.nan)


def _counts(row: Row) -> bool:
    return row.of(row.headline).value is not None and not row.trained_against(row.headline)


def _factors(label: str, tracks: Sequence[list[Row]], best: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    values = []
    for rows in tracks:
        mine = [row for row in rows if row.label == label and _counts(row) and not row.lacks_seeds(row.headline)]
        values.append(mine[0].of(mine[0].headline).values if mine else ())
    n_seeds = max(1, *map(len, values))
    pairs = list(zip(values, best, strict=True))
    return tuple(
        tuple(mine[seed] / least if seed < len(mine) else math.inf for mine, least in pairs) for seed in range(n_seeds)
    )
