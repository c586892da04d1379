"""The leakage audit: controls that should find nothing, and fakes that trivial statistics of pixels tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gan_bench.leaderboard.cells import ColumnHeader, Table, TableCell, plain_table, share_cell
from gan_bench.leaderboard.detections import Detected, seen_on_all, tiers_of
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import CONTROLS, HALVES, MATCHED, RE_ENCODED, SEEN, SHUFFLED, SPLITS

TRIVIAL = "pixels"  # the detector of trivial statistics
TELLS = 0.9  # its AUROC above which a tier's table says so
MARK = "§"
TRIVIALLY_TOLD = "trivial pixel statistics alone tell these fakes"
AT_CHANCE = (HALVES, SPLITS, SHUFFLED)  # controls in which there is nothing to find
AS_IT_SHOULD_BE, CHANCE, NOT_CHANCE = "as it should be", "chance", "not chance"
CONTROL_WORDS = {
    HALVES: "reals of one half of the test split against those of the other; should be 0.5",
    SPLITS: "reals of the test split against those of the train split; should be 0.5",
    SHUFFLED: "reals and fakes mixed at random; should be 0.5",
    RE_ENCODED: "as seen, with all images through the same JPEG first; what it loses was in how pixels are stored",
    MATCHED: "reals against the same reals from an autoencoder; both show the same, so that only traces tell them apart",
}


def told_by_trivial(s: Standings, tier: str) -> dict[str, float]:
    """The tested variants whose fakes the detector TRIVIAL tells with an AUROC above TELLS on this tier: variant -> AUROC."""
    trivial = _trivial(s)
    told: dict[str, float] = {}
    for d in s.detected:
        value = d.auroc.value
        if d.detector in trivial and (d.tier, d.protocol) == (tier, SEEN) and value is not None and value > TELLS:
            told[d.variant] = max(value, told.get(d.variant, 0.0))
    return told


def trivial_notes(s: Standings, tier: str) -> list[str]:
    """The mark of a tier's table."""
    told = told_by_trivial(s, tier)
    if not told:
        return []
    aurocs = ", ".join(f"{variant} {value:.3f}" for variant, value in told.items())
    return [f"{MARK} {TRIVIALLY_TOLD}: {aurocs} (AUROC of {TRIVIAL}, seen). Here other detectors may see no more than that."]


def controls_of(s: Standings) -> list[Detected]:
    """The detections under a control."""
    return [d for d in s.detected if d.protocol in CONTROLS]


def audit_table(s: Standings) -> Table:
    """One row for each detector and tier: its AUROC under SEEN and under each control, and a verdict in words.

    The detector TRIVIAL stands there whether it has controls or not.
    """
    controls = controls_of(s)
    shown = [control for control in CONTROLS if any(d.protocol == control for d in controls)]
    headers = [ColumnHeader("Detector", numeric=False, name=True), ColumnHeader("Delivery", numeric=False)]
    headers.append(ColumnHeader(SEEN, "for comparison: fitted and tested on fakes of all variants", "down"))
    headers += [ColumnHeader(control, CONTROL_WORDS[control], "down") for control in shown]
    headers.append(ColumnHeader("Verdict", numeric=False))

    rows = []
    for tier in tiers_of(s.detected):
        for detector in _audited(s, tier):
            found = {d.protocol: d.auroc for d in controls if (d.detector, d.tier) == (detector, tier)}
            cells = [_control_cell(control, found.get(control, Estimate())) for control in shown]
            compared = share_cell(seen_on_all(s.of_detector[detector], detector, tier))
            rows.append([TableCell(detector), TableCell(tier), compared, *cells, TableCell(verdict(found))])
    return plain_table(headers, rows)


def audit_notes(s: Standings) -> list[str]:
    """What the controls are, and how many of them may miss by chance."""
    there = {d.protocol for d in controls_of(s)}
    notes = [f"{control}: {CONTROL_WORDS[control]}." for control in CONTROLS if control in there]
    if there & set(AT_CHANCE):
        notes.append("An interval of 95 % misses 0.5 in one of 20 sound controls.")
    return notes


def verdict(aurocs: dict[str, Estimate]) -> str:
    """What the controls of one detector and tier say, in words: control -> AUROC; "": there is nothing to judge."""
    judged = {control: judge_chance(aurocs[control]) for control in AT_CHANCE if control in aurocs}
    wrong = [control for control, word in judged.items() if word == NOT_CHANCE]
    if wrong:
        return f"{NOT_CHANCE}: {', '.join(wrong)}"
    if CHANCE in judged.values():
        return AS_IT_SHOULD_BE
    return "no interval to judge by" if judged else ""


def judge_chance(auroc: Estimate) -> str:
    """Whether the interval of an AUROC holds 0.5, in words; "": there is no interval."""
    if auroc.low is None or auroc.high is None:
        return ""
    return CHANCE if auroc.low <= 0.5 <= auroc.high else NOT_CHANCE


def audit_data(s: Standings) -> list[dict[str, Any]]:
    """The controls as plain data for JSON."""
    found = []
    for d in controls_of(s):
        word = judge_chance(d.auroc) if d.protocol in AT_CHANCE else ""
        found.append({
            "detector": d.detector, "tier": d.tier, "control": d.protocol, "auroc": d.auroc.value, "low": d.auroc.low,
            "high": d.auroc.high, "verdict": {CHANCE: AS_IT_SHOULD_BE}.get(word, word) or None,
        })  # fmt: skip
    return found


def _trivial(s: Standings) -> set[str]:
    """The labels of the detector TRIVIAL."""
    return {e.label for e in s.judges if e.name == TRIVIAL}


def _audited(s: Standings, tier: str) -> list[str]:
    """The detectors with a row: those that have controls on the tier, and TRIVIAL where it was tested."""
    trivial = _trivial(s)
    own = [d for d in s.detected if d.tier == tier]
    return list(dict.fromkeys(d.detector for d in own if d.protocol in CONTROLS or d.detector in trivial))


def _control_cell(control: str, auroc: Estimate) -> TableCell:
    cell = share_cell(auroc)
    word = judge_chance(auroc) if control in AT_CHANCE else ""
    return replace(cell, small=f"{cell.small} {word}".strip())
