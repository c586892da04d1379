"""What the page says of the detectors of a track, piece by piece. Only what the records hold is there."""

from __future__ import annotations

from dataclasses import dataclass

from gan_bench.leaderboard.attacked import GOALS, attack_notes, attack_table
from gan_bench.leaderboard.audit import audit_notes, audit_table, trivial_notes
from gan_bench.leaderboard.cells import Table
from gan_bench.leaderboard.detections import tiers_of
from gan_bench.leaderboard.detector_tables import (
    damaged,
    detector_matrix,
    false_alarm_table,
    generator_matrix,
    matrix_detector,
    robustness_table,
    spread_table,
)
from gan_bench.leaderboard.standings import Standings

DELIVERIES = {
    "clean": "images as they are",
    "web": "reals and fakes re-encoded once, as a site would do it",
    "hard": "blurred or noisy, and compressed more",
}


@dataclass(frozen=True)
class Part:
    """One piece with a title. `tables`: title -> table."""

    name: str
    title: str
    small: str
    tables: dict[str, Table]
    notes: list[str]


def detector_parts(s: Standings) -> list[Part]:
    """The pieces in the order in which they are shown; none with an empty table."""
    parts = [_tier_part(s, tier) for tier in tiers_of(s.detected)]
    return [part for part in (*parts, _audit_part(s), _robust_part(s), _spread_part(s), _attack_part(s)) if part.tables]


def all_notes(s: Standings) -> list[str]:
    """The notes of all pieces."""
    return [note for part in detector_parts(s) for note in part.notes]


def _filled(tables: dict[str, Table]) -> dict[str, Table]:
    return {title: table for title, table in tables.items() if table.rows}


def _tier_part(s: Standings, tier: str) -> Part:
    detector = matrix_detector(s, tier)
    pairs = f"AUROC of {detector}, {tier}: fitted on one variant, tested on each"
    tables = {f"AUROC by tested variant, {tier}": detector_matrix(s, tier), pairs: generator_matrix(s, tier)}

    notes = trivial_notes(s, tier)
    if detector is not None:
        notes.append(f"{detector} has the highest AUROC on the validation fold, seen, of the detectors fitted on one variant.")
    return Part(tier, f"Detectors, {tier}", DELIVERIES.get(tier, ""), _filled(tables), notes)


def _audit_part(s: Standings) -> Part:
    return Part(
        "audit", "Leakage audit", "what is found where nothing should be",
        _filled({"AUROC of controls": audit_table(s)}), audit_notes(s),
    )  # fmt: skip


def _robust_part(s: Standings) -> Part:
    tables = {
        "AUROC on damaged images": robustness_table(s),
        "Share of damaged reals called fake at the threshold": false_alarm_table(s),
    }
    notes = [
        "Fitted on undamaged images. Reals and fakes are damaged alike. Large: the mean over severities; small: from the "
        "mildest to the strongest.",
        "The threshold is the one that 5 % of the undamaged validation reals exceed.",
    ]
    there = damaged(s)
    return Part(
        "robustness", "Robustness", "one detector, images damaged more and more", _filled(tables) if there else {},
        notes,
    )  # fmt: skip


def _spread_part(s: Standings) -> Part:
    notes = [
        "Between fits: only the detector's seed differs. Between GAN seeds: other fakes, other folds and another fit, so it "
        "contains the first."
    ]
    tables = _filled({"Standard deviation of the AUROC, seen": spread_table(s)})
    return Part("spread", "Variation between seeds", "standard deviation of the AUROC, seen", tables, notes)


def _attack_part(s: Standings) -> Part:
    tables = _filled({title: attack_table(s.attacked, goal) for goal, title in GOALS.items()})
    return Part("attacks", "Attacks", "images changed by a few grey levels to deceive", tables, attack_notes(s.attacks))
