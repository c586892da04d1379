"""A leaderboard as data: frames, standings, and the same as Markdown and as plain data for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.detections import DETECTABILITY_IS
from gan_bench.leaderboard.markdown import markdown
from gan_bench.leaderboard.notes import detector_notes, generator_notes
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    generators, detectors  long frames (`frames.FIELDS`): one row for each number of each seed
    standings              one for each track, averaged over seeds
    """

    generators: pd.DataFrame
    detectors: pd.DataFrame
    standings: list[Standings]

    def markdown(self) -> str:
        """The tables and their notes, rounded."""
        return markdown(self.standings)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, unrounded: {"tracks": [{"dataset", ..., "generators": [...], "detectors": [...]}]}."""
        return {"tracks": [_track_data(s) for s in self.standings]}


def _track_data(s: Standings) -> dict[str, Any]:
    return {
        **s.track._asdict(),
        "headline": s.headline.name if s.headline else None,
        "not_telling": [c.name for c in s.columns if not s.telling(c)],
        "generators": [_row_data(row, s) for row in s.rows],
        "detectors": [asdict(d) for d in s.detected],
        "failed_detectors": [{"detector": e.label, "seed": e.seed, "reason": e.reason} for e in s.judges if e.status != "done"],
        "notes": generator_notes(s) + (detector_notes(s) if s.judges else []),
    }


def _row_data(row: Row, s: Standings) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "entry": row.label,
        "variant": row.entries[0].name,
        "task": row.task,
        "status": row.status,
        "seeds": [{"seed": e.seed, "status": e.status, "reason": e.reason} for e in row.entries],
        "ranks": row.ranks,
        "ranked_by": row.headline.name if row.ranks and row.headline else None,
        "rank_is_point_estimate": row.is_point,
        "metrics": [_metric_data(row, c) for c in s.columns if c in row.quality],
        "cost": {name: estimate.value for name, estimate in row.cost.items()},
        "detectability": {**asdict(row.detectability), "detector": row.detector},
        "detectability_is": DETECTABILITY_IS,
    }


def _metric_data(row: Row, column: Column) -> dict[str, Any]:
    return {**column._asdict(), **asdict(row.quality[column]), "trained_against": row.trained_against(column)}
