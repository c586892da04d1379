"""A leaderboard as data: frames, standings, and the same as Markdown, CSV, and plain data for JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gan_bench.core.differences import PAIRWISE
from gan_bench.leaderboard.attacked import Attacked
from gan_bench.leaderboard.audit import audit_data, told_by_trivial
from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.detections import DETECTABILITY_IS, Detected, tiers_of
from gan_bench.leaderboard.entries import entries_of
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.frames import Frame, detector_frame, generator_frame, to_pandas
from gan_bench.leaderboard.markdown import markdown
from gan_bench.leaderboard.notes import detector_notes, generator_notes
from gan_bench.leaderboard.parts import all_notes
from gan_bench.leaderboard.profile import Profile, profiles
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.spreadsheet import csv_text
from gan_bench.leaderboard.standings import Standings, all_standings
from gan_bench.leaderboard.verified import verified_notes
from gan_bench.records import LEAVE_ONE_OUT, Result, TableRules

if TYPE_CHECKING:
    import pandas as pd

EXPANDED = 4  # how deep leaderboard.json has a line for each value: what lies deeper, such as a detection, is one line


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    of_generators, of_detectors  every number of each seed (`frames.Number`)
    standings                    one for each track, averaged over seeds
    verified                     what `gan-bench verify` found, a sentence for each run folder
    """

    of_generators: Frame
    of_detectors: Frame
    standings: list[Standings]
    verified: list[str]

    @cached_property
    def profiles(self) -> list[Profile]:
        """One order over several datasets."""
        return profiles(self.standings)

    @cached_property
    def generators(self) -> pd.DataFrame:
        """The numbers of generators, with the columns `frames.FIELDS`."""
        return to_pandas(self.of_generators)

    @cached_property
    def detectors(self) -> pd.DataFrame:
        """Those of detectors and of attacks on them, likewise."""
        return to_pandas(self.of_detectors)

    @property
    def numbers(self) -> Frame:
        """All numbers, and between them the detectability of each variant, tier and seed."""
        return [*self.of_generators, *_detectability(self.of_detectors, self.standings), *self.of_detectors]

    def frame(self) -> pd.DataFrame:
        """`numbers` as pandas has them."""
        return to_pandas(self.numbers)

    def markdown(self) -> str:
        """The most important columns, and notes in a few words, to paste; the page, the CSV and the JSON have the rest."""
        return markdown(self.standings, self.verified)

    def csv(self) -> str:
        """`numbers` as CSV, unrounded. A name or reason that a spreadsheet would carry out as a formula, since it begins with
        = + - @, a tab or the end of a line, has a single quote before it; see `spreadsheet.csv_text`.
        """
        return csv_text(self.numbers)

    def json(self) -> str:
        """`to_dict` as JSON, with one line for each entry and each detection, of which there are thousands."""
        return _json(self.to_dict(), EXPANDED) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, unrounded: {"tracks": [{"dataset", ..., "generators": [...], "detectors": [...]}], ...}."""
        return {
            "tracks": [_track_data(s) for s in self.standings],
            "profiles": [_profile_data(profile) for profile in self.profiles],
            "verified": self.verified,
        }


def board_of(results: Sequence[Result], rules: Mapping[str, TableRules] | None = None) -> Board:
    """The board of these results; there may be none. `rules` as for `pages.build.build`."""
    entries = entries_of(results)
    generators, detectors = generator_frame(entries), detector_frame(entries)
    return Board(generators, detectors, all_standings(generators, detectors, entries, rules or {}), verified_notes(results))


def _detectability(detectors: Frame, all_standings: Iterable[Standings]) -> Frame:
    """The numbers of the detections that give the detectability, as those of generators: "detectability_clean", ..."""
    chosen = {
        (*s.track, row.label, tier, detector)
        for s in all_standings
        for row in s.rows
        for tier, detector in row.detector.items()
    }
    aurocs = (n for n in detectors if n.name == "auroc" and n.protocol == LEAVE_ONE_OUT)
    return [
        n._replace(kind="variant", name=f"detectability_{n.tier}", metric="detectability", higher_is_better=False)
        for n in aurocs
        if (n.dataset, n.preset, n.benchmark_version, n.entry, n.tier, n.detector) in chosen
    ]


def _json(data: Any, expanded: int, indent: str = "\n") -> str:
    """JSON in which the outer `expanded` levels have a line for each value."""
    if not expanded or not data or not isinstance(data, dict | list):
        return json.dumps(data, ensure_ascii=False, allow_nan=False)

    inner = indent + "  "
    if isinstance(data, list):
        return f"[{inner}{f',{inner}'.join(_json(value, expanded - 1, inner) for value in data)}{indent}]"
    fields = [f"{json.dumps(key, ensure_ascii=False)}: {_json(value, expanded - 1, inner)}" for key, value in data.items()]
    return f"{{{inner}{f',{inner}'.join(fields)}{indent}}}"


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
    found: dict[str, Any] = {"value": estimate.value, "seeds": estimate.seeds}
    if estimate.low is not None:
        found |= {"low": estimate.low, "high": estimate.high, "method": estimate.method}
    if estimate.unavailable:
        found["unavailable"] = estimate.unavailable
    return found


def _whole(estimate: Estimate) -> dict[str, Any]:
    return {**estimate._asdict(), "seeds": estimate.seeds}
