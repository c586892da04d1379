"""One row for each detector of a track: what it finds of generators that it saw and did not, as drawn, re-encoded, damaged."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from typing import NamedTuple

from gan_bench.leaderboard.audit import AT_CHANCE, controls_of, verdict
from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, rounded, share_cell, table_of
from gan_bench.leaderboard.detections import Detected, seen_on_all, tiers_of
from gan_bench.leaderboard.detector_tables import damaged
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import EVERY, LEAVE_ONE_OUT, SEEN, JudgeRecord

SAW, DID_NOT_SEE, DAMAGED, COST = "GANs it saw", "GANs it did not see", "Damaged images", "Cost"
MOST_WITHIN = 0.005  # of an AUROC that answers call equal


class Damage(NamedTuple):
    """How a detector does on damaged images: the mean AUROC of each corruption over its severities."""

    means: dict[str, float]

    @property
    def mean(self) -> float:
        """Over all corruptions."""
        return fmean(self.means.values())

    @property
    def worst(self) -> tuple[str, float]:
        """The corruption that hides fakes best from it, and its AUROC there."""
        return min(self.means.items(), key=lambda item: item[1])


def damages(s: Standings) -> dict[str, Damage]:
    """What damage does to each detector that was tested on it."""
    found = {}
    for detector, by_corruption in damaged(s).items():
        means = {}
        for corruption, by_severity in by_corruption.items():
            values = [d.auroc.value for severity, d in by_severity.items() if severity and d.auroc.value is not None]
            if values:
                means[corruption] = fmean(values)
        if means:
            found[detector] = Damage(means)
    return found


def unseen(s: Standings, detector: str, tier: str) -> float | None:
    """The mean AUROC of a detector over variants, each fitted without it; None where it was not tested so."""
    own = [d for d in _found_by(s, detector) if (d.tier, d.protocol) == (tier, LEAVE_ONE_OUT) and d.variant != EVERY]
    aurocs = [d.auroc.value for d in own if d.auroc.value is not None]
    return fmean(aurocs) if aurocs else None


def _found_by(s: Standings, detector: str) -> tuple[Detected, ...]:
    return s.of_detector.get(detector, ())


def summary_table(s: Standings) -> Table:
    """The table; the best detector of unseen GANs on re-encoded images comes first."""
    labels = sorted({e.label for e in s.judges}, key=lambda label: -_merit(s, label))
    broken, tiers = damages(s), tiers_of(s.detected)
    columns = [
        (ColumnHeader("Detector", numeric=False, name=True), [_name_cell(s, label) for label in labels]),
        *_tier_columns(s, labels, SAW, SEEN, tiers, lambda label, tier: seen_on_all(_found_by(s, label), label, tier)),
        *_tier_columns(
            s, labels, DID_NOT_SEE, LEAVE_ONE_OUT, tiers, lambda label, tier: Estimate(unseen(s, label, tier))
        ),
        *_damage_columns(broken, labels),
        (
            ColumnHeader("Controls", "the leakage audit: what is found where nothing should be", numeric=False, term="audit"),
            [_control_cell(s, label) for label in labels],
        ),
        (
            ColumnHeader("Seconds", "of all its fits and tests, the mean over seeds", group=COST),
            [_seconds_cell(s, label) for label in labels],
        ),
    ]  # fmt: skip
    return table_of(columns, [_kind(s, label) for label in labels])


def summary_answers(s: Standings) -> list[str]:
    """Which detector finds unseen GANs best, as drawn and re-encoded, and which survives damage, in words."""
    labels, answers = sorted({e.label for e in s.judges}), []
    for tier in tiers_of(s.detected):
        found = {label: value for label in labels if (value := unseen(s, label, tier)) is not None}
        if found:
            answers.append(f"GANs it never saw, {tier}: {_leaders(found)}.")

    broken = damages(s)
    if broken:
        means = {label: damage.mean for label, damage in broken.items()}
        answers.append(f"Damaged images, the mean over everything done to them: {_leaders(means)}.")
    return answers


def _leaders(values: dict[str, float]) -> str:
    """Those with the highest AUROC, and those so close that nobody should choose by it."""
    best = max(values.values())
    near = [label for label, value in values.items() if best - value <= MOST_WITHIN]
    verb = "has the highest AUROC" if len(near) == 1 else "have the highest AUROCs"
    return f"{' and '.join(near)} {verb}, {best:.3f}"


def _merit(s: Standings, label: str) -> float:
    values = [unseen(s, label, tier) for tier in tiers_of(s.detected)[:2]]
    known = [value for value in values if value is not None]
    return known[-1] if known else -1.0


def _kind(s: Standings, label: str) -> str:
    return "done" if any(e.status == "done" for e in s.judges if e.label == label) else "failed"


def _name_cell(s: Standings, label: str) -> TableCell:
    failed = _kind(s, label) == "failed"
    return TableCell(label, hint=method_of(s, label), tag="failed" if failed else "")


def method_of(s: Standings, label: str) -> str:
    """What a detector is, in words, by the first of its records that says so."""
    records = (e.record for e in s.judges if e.label == label and isinstance(e.record, JudgeRecord))
    return next((record.method for record in records if record.method), "")


def _tier_columns(
    s: Standings, labels: list[str], group: str, term: str, tiers: list[str], auroc: Callable[[str, str], Estimate]
) -> list[tuple[ColumnHeader, list[TableCell]]]:
    hint = "AUROC" if group == SAW else "AUROC, the mean over GANs, each detector fitted without the tested one"
    return [
        (
            ColumnHeader(f"{tier.capitalize()} ↑", hint, "down", term=term, group=group, shown=i < 2 or group == DID_NOT_SEE),
            [share_cell(auroc(label, tier), heat=True) for label in labels],
        )
        for i, tier in enumerate(tiers)
    ]


def _damage_columns(broken: dict[str, Damage], labels: list[str]) -> list[tuple[ColumnHeader, list[TableCell]]]:
    if not broken:
        return []
    corruptions = list(dict.fromkeys(c for damage in broken.values() for c in damage.means))
    mean = [_share(broken[label].mean) if label in broken else TableCell(DASH) for label in labels]
    worst = [_worst_cell(broken.get(label)) for label in labels]
    columns = [
        (ColumnHeader("Mean ↑", "AUROC, over all corruptions and severities", "down", term="robust", group=DAMAGED), mean),
        (
            ColumnHeader("Worst ↑", "AUROC under the corruption that hides fakes best", "down", term="robust", group=DAMAGED),
            worst,
        ),
    ]
    for corruption in corruptions:
        cells = [_share(broken[label].means.get(corruption)) if label in broken else TableCell(DASH) for label in labels]
        header = ColumnHeader(
            f"{corruption} ↑", "AUROC, the mean over severities", "down", group=DAMAGED, shown="jpeg" in corruption
        )
        columns.append((header, cells))
    return columns


def _share(value: float | None) -> TableCell:
    return share_cell(Estimate(value), heat=True)


def _worst_cell(damage: Damage | None) -> TableCell:
    if damage is None:
        return TableCell(DASH)
    corruption, value = damage.worst
    cell = _share(value)
    return TableCell(cell.text, corruption, cell.value, heat=cell.heat)


def _control_cell(s: Standings, label: str) -> TableCell:
    """The worst verdict of its tiers."""
    found: dict[str, dict[str, Estimate]] = {}
    for d in controls_of(s):
        if d.detector == label and d.protocol in AT_CHANCE:
            found.setdefault(d.tier, {})[d.protocol] = d.auroc
    words = [f"{tier}: {text}" for tier, aurocs in found.items() if (text := verdict(aurocs)).startswith("not")]
    return TableCell("; ".join(words) or ("as it should be" if found else DASH))


def _seconds_cell(s: Standings, label: str) -> TableCell:
    seconds = [
        e.record.seconds for e in s.judges if e.label == label and isinstance(e.record, JudgeRecord) and e.record.seconds
    ]
    return TableCell(rounded(fmean(seconds)), value=fmean(seconds)) if seconds else TableCell(DASH)
