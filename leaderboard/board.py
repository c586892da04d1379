"""A leaderboard as data: frames, standings, and the same as Markdown and as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from gan_bench.core.differences import PAIRWISE
from gan_bench.leaderboard.attacked import Attacked
from gan_bench.leaderboard.audit import audit_data, told_by_trivial
from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.detections import DETECTABILITY_IS, Detected, tiers_of
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.markdown import markdown
from gan_bench.leaderboard.notes import detector_notes, generator_notes
from gan_bench.leaderboard.parts import all_notes
from gan_bench.leaderboard.profile import Profile, profiles
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings, Track
from gan_bench.records import LEAVE_ONE_OUT


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    generators, detectors  long frames (`frames.FIELDS`): one row for each number of each seed
    standings              one for each track, averaged over seeds
    verified               what `gan-bench verify` found, a sentence for each run folder
    """

    generators: pd.DataFrame
    detectors: pd.DataFrame
    standings: list[Standings]
    verified: list[str]

    @cached_property
    def profiles(self) -> list[Profile]:
        """One order over several datasets."""
        return profiles(self.standings)

    def frame(self) -> pd.DataFrame:
        """All rows, and between them those of the detectability of each variant, tier and seed."""
        return pd.concat([self.generators, _detectability(self.detectors, self.standings), self.detectors])

    def markdown(self) -> str:
        """The tables and their notes, rounded."""
        return markdown(self.standings, self.profiles, self.verified)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, unrounded: {"tracks": [{"dataset", ..., "generators": [...], "detectors": [...]}], ...}."""
        return {
            "tracks": [_track_data(s) for s in self.standings],
            "profiles": [_profile_data(profile) for profile in self.profiles],
            "verified": self.verified,
        }


def _detectability(detectors: pd.DataFrame, all_standings: Iterable[Standings]) -> pd.DataFrame:
    """The rows of the detections that give the detectability, as numbers of the generators: "detectability_clean", ..."""
    keys = [*Track._fields, "entry", "tier", "detector"]
    chosen = [
        (*s.track, row.label, tier, detector)
        for s in all_standings
        for row in s.rows
        for tier, detector in row.detector.items()
    ]
    aurocs = detectors[(detectors["name"] == "auroc") & (detectors["protocol"] == LEAVE_ONE_OUT)]
    found = aurocs[pd.MultiIndex.from_frame(aurocs[keys]).isin(chosen)]
    names = "detectability_" + found["tier"].astype(str)
    return found.assign(kind="variant", name=names, metric="detectability", higher_is_better=False)


def _track_data(s: Standings) -> dict[str, Any]:
    failed = [e for e in s.judges if e.status != "done"]
    return {
        **s.track._asdict(),
        "headline": s.headline.name if s.headline else None,
        "not_telling": [c.name for c in s.columns if not s.telling(c)],
        "generators": [_row_data(row, s) for row in s.rows],
        "detectors": [_detected_data(d) for d in s.detected],
        "failed_detectors": [{"detector": e.label, "seed": e.seed, "reason": e.reason} for e in failed],
        "told_by_trivial_pixel_statistics": {tier: told_by_trivial(s, tier) for tier in tiers_of(s.detected)},
        "audit": audit_data(s),
        "spreads": [asdict(spread) for spread in s.spreads],
        "attacks": [_attack_data(a) for a in s.attacked],
        "failed_attacks": [{"seed": e.seed, "reason": e.reason} for e in s.attacks if e.status != "done"],
        "notes": generator_notes(s) + ([*detector_notes(s), *all_notes(s)] if s.judges else []),
    }


def _profile_data(p: Profile) -> dict[str, Any]:
    """The factors of an entry's seeds in each dataset; null: it has no value there."""
    factors = {
        curve.label: [[factor if math.isfinite(factor) else None for factor in seed] for seed in curve.factors]
        for curve in p.curves
    }
    what = {name: value for name, value in vars(p).items() if name != "curves"}
    return {**what, "factors": factors}


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
        "ranked_with": PAIRWISE if row.ranks else None,
        "metrics": [_metric_data(row, c) for c in s.columns if c in row.quality],
        "cost": {name: estimate.value for name, estimate in row.cost.items()},
        "detectability": {
            tier: {**_whole(auroc), "detector": row.detector.get(tier)} for tier, auroc in row.detectability.items()
        },
        "detectability_is": DETECTABILITY_IS,
    }


def _metric_data(row: Row, column: Column) -> dict[str, Any]:
    return {**column._asdict(), **_whole(row.quality[column]), "trained_against": row.trained_against(column)}


def _detected_data(d: Detected) -> dict[str, Any]:
    measures = {name: _short(estimate) for name, estimate in d.measures.items()}
    return {**{name: value for name, value in vars(d).items() if name != "measures"}, "measures": measures}


def _attack_data(a: Attacked) -> dict[str, Any]:
    return {**vars(a), "auroc": _short(a.auroc), "success": _short(a.success)}


def _short(estimate: Estimate) -> dict[str, Any]:
    """An estimate without the values of its seeds and what it lacks; its value is always there. There are thousands of them."""
    found = {name: value for name, value in _whole(estimate).items() if value not in (None, ()) or name == "value"}
    found.pop("values", None)
    return found


def _whole(estimate: Estimate) -> dict[str, Any]:
    return {**vars(estimate), "seeds": estimate.seeds}
