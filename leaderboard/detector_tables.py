"""Standings -> the tables of detectors, those of the leakage audit and of attacks apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import fmean

from gan_bench.core.differences import FEWEST_SEEDS, rank_intervals
from gan_bench.leaderboard.audit import MARK, TRIVIALLY_TOLD, told_by_trivial
from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, plain_table, share_cell
from gan_bench.leaderboard.detections import Detected, chosen_on_validation, seen
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import (
    CLEAN,
    CONTROLS,
    EVERY,
    LEAVE_ONE_FAMILY_OUT,
    LEAVE_ONE_OUT,
    MATRIX,
    NEW_SEED,
    REFITTED,
    ROBUST,
    SEEN,
)  # fmt: skip

APART = (MATRIX, ROBUST, *CONTROLS)  # protocols that have tables of their own
PROTOCOL_WORDS = {
    SEEN: "fitted on fakes of all variants",
    LEAVE_ONE_OUT: "fitted on fakes of all variants but the tested one",
    LEAVE_ONE_FAMILY_OUT: "fitted on fakes of variants that start from something else than the tested one",
    NEW_SEED: "as seen, and tested on fakes of another training of the variant",
    REFITTED: "as seen, by a fit with another seed of the detector",
}
MERITS = {  # of a detection, in this order: what stands above the number, and a hint
    "auroc": ("AUROC ↑", "share of pairs in which the fake gets the higher score"),
    "ap": ("AP ↑", "average precision where fakes are half of all images"),
    "real_accuracy": ("Reals right ↑", "share of reals called real at a logit of 0"),
    "fake_accuracy": ("Fakes right ↑", "share of fakes called fake at a logit of 0"),
    "real_accuracy_at_threshold": ("Reals right at the threshold ↑", "the threshold that 5 % of the validation reals exceed"),
    "fake_accuracy_at_threshold": ("Fakes right at the threshold ↑", "the threshold that 5 % of the validation reals exceed"),
    "oracle_accuracy": ("Oracle accuracy ↑", "oracle: at the threshold that is best on the tested images themselves"),
    "tpr_at_1": ("TPR at 1 % FPR ↑", "largest share of fakes found while at most 1 % of the reals are called fake"),
    "tpr_at_5": ("TPR at 5 % FPR ↑", "largest share of fakes found while at most 5 % of the reals are called fake"),
    "eer": ("EER ↓", "equal error rate"),
    "ece": ("ECE ↓", "expected calibration error, 15 bins of equal width"),
    "brier": ("Brier ↓", "mean squared error of the probability"),
    "nll": ("NLL ↓", "mean negative log likelihood, in nats"),
    "unsure": ("Unsure ↓", "share of images whose verdict changes when they are delivered again"),
    "flip_rate": ("Flip rate ↓", "share of deliveries that change the verdict"),
}

OfDetected = Callable[[Detected], float | None]


def detector_matrix(s: Standings, tier: str) -> Table:
    """AUROC on one tier: one row for each detector and protocol, one column for each tested variant."""
    shown = [d for d in s.detected if d.tier == tier and d.protocol not in APART]
    variants, best = _tested(shown, s), _best_of(shown)
    found: dict[tuple[str, str], dict[str, Detected]] = defaultdict(dict)
    for d in shown:
        found[d.detector, d.protocol][d.variant] = d

    rows = []
    for (detector, protocol), by_variant in found.items():
        method = next(iter(by_variant.values())).method
        names = [TableCell(detector, hint=method), TableCell(protocol, hint=PROTOCOL_WORDS.get(protocol, ""))]
        tested = [by_variant.get(variant) for variant in variants]
        rows.append([*names, *(replace(_auroc_cell(d), best=any(d is other for other in best)) for d in tested)])

    told = told_by_trivial(s, tier)
    headers = [ColumnHeader("Detector", numeric=False, name=True), ColumnHeader("Protocol", numeric=False, term="protocol")]
    for variant in variants:
        text, hint = (f"{variant} {MARK}", TRIVIALLY_TOLD) if variant in told else (variant, "")
        headers.append(ColumnHeader(text, hint, "down"))
    return plain_table(headers, rows)


def matrix_detector(s: Standings, tier: str) -> str | None:
    """Of the detectors that were fitted on each variant alone, the best one on the validation fold when it saw all variants."""
    fitted = {d.detector for d in s.detected if d.tier == tier and d.protocol == MATRIX}
    candidates = (d for d in s.detected if d.tier == tier and d.protocol == SEEN and d.detector in fitted)
    chosen = chosen_on_validation(candidates)
    return None if chosen is None else chosen.detector


def generator_matrix(s: Standings, tier: str) -> Table:
    """AUROC of the detector of `matrix_detector`: one row for each variant it was fitted on, one column for each tested one."""
    detector = matrix_detector(s, tier)
    shown = [d for d in s.detected if (d.detector, d.tier, d.protocol) == (detector, tier, MATRIX)]
    found: dict[str, dict[str, Detected]] = defaultdict(dict)
    for d in shown:
        found[d.fitted_on][d.variant] = d

    variants = _tested(shown, s)
    headers = [
        ColumnHeader("Fitted on", numeric=False, name=True),
        *(ColumnHeader(variant, first="down") for variant in variants),
    ]
    fitted = [variant for variant in variants if variant in found] + [key for key in found if key not in variants]
    rows = [[TableCell(key), *(_auroc_cell(found[key].get(variant)) for variant in variants)] for key in fitted]
    return plain_table(headers, rows)


def detection_table(s: Standings, tier: str) -> Table:
    """Everything that was measured of each detection on one tier, one row for each; not of those in tables of their own."""
    headers = [ColumnHeader(text, numeric=False, name=text == "Detector") for text in ("Detector", "Protocol", "Variant")]
    for name, (text, hint) in MERITS.items():
        headers.append(ColumnHeader(text, hint, "down" if text.endswith("↑") else "up", term=name))
    headers += [ColumnHeader(text, first="down") for text in ("Reals", "Fakes")]

    rows = []
    for d in s.detected:
        if d.tier == tier and d.protocol not in APART:
            texts = [TableCell(text) for text in (d.detector, d.protocol, d.variant)]
            counts = [TableCell(str(n), value=n) for n in (d.n_real, d.n_fake)]
            rows.append([*texts, *(_merit_cell(d, name) for name in MERITS), *counts])
    return plain_table(headers, rows)


def robustness_table(s: Standings) -> Table:
    """AUROC on damaged images: one row for each detector, one column for each corruption; the mean over its severities."""
    return _damage_table(s, lambda d: d.auroc.value, heat=lambda value: min(1.0, max(0.0, 2 * value - 1)), first="down")


def false_alarm_table(s: Standings) -> Table:
    """The share of damaged reals that are called fake at the threshold, likewise."""
    return _damage_table(s, _false_alarms, heat=lambda value: value, first="up")


def damaged(s: Standings) -> dict[str, dict[str, dict[int, Detected]]]:
    """Detector -> corruption -> severity -> what was detected. Severity 0: nothing was done."""
    found: dict[str, dict[str, dict[int, Detected]]] = {}
    for d in s.detected:
        if d.protocol == ROBUST and (d.tier, d.variant) == (CLEAN, EVERY):
            found.setdefault(d.detector, {}).setdefault(d.corruption, {})[d.severity] = d

    for detector, by_corruption in found.items():
        undamaged = seen(s.of_detector[detector], detector, CLEAN)
        for by_severity in by_corruption.values():
            if undamaged is not None:
                by_severity[0] = undamaged
    return found


def spread_table(s: Standings) -> Table:
    """How far AUROCs vary between fits, and between GAN seeds."""
    headers = [ColumnHeader("Detector", numeric=False, name=True), ColumnHeader("Delivery", numeric=False)]
    headers.append(ColumnHeader("Between fits", "standard deviation between two detector seeds on the same images"))
    headers.append(ColumnHeader("Between GAN seeds", "standard deviation; a GAN seed changes the fakes, the folds and the fit"))

    rows = []
    for spread in s.spreads:
        fits = _deviation_cell(spread.fits, f"{spread.pairs} pairs")
        rows.append([
            TableCell(spread.detector), TableCell(spread.tier), fits, _deviation_cell(spread.seeds, f"{spread.n_seeds} seeds")
        ])  # fmt: skip
    return plain_table(headers, rows)


def _tested(detected: Iterable[Detected], s: Standings) -> list[str]:
    """The tested variants in the order of the generators; what is none of them comes last."""
    tested = {d.variant for d in detected}
    variants = [row.label for row in s.rows if row.label in tested]
    return variants + sorted(tested - set(variants), key=lambda variant: (variant == EVERY, variant))


def _best_of(detected: Iterable[Detected]) -> list[Detected]:
    """Those that may be the best detector of their protocol and variant, unless all may; of detectors with seeds enough."""
    groups: dict[tuple[str, str], list[Detected]] = defaultdict(list)
    for d in detected:
        if d.auroc.seeds >= FEWEST_SEEDS:
            groups[d.protocol, d.variant].append(d)

    best = []
    for same in groups.values():
        ranks = rank_intervals([d.auroc.values for d in same], higher_is_better=True)
        first = [d for d, (rank, _) in zip(same, ranks, strict=True) if rank == 1]
        best += first if len(first) < len(same) else []
    return best


def _damage_table(s: Standings, number: OfDetected, heat: Callable[[float], float], first: str) -> Table:
    found = damaged(s)
    corruptions = list(dict.fromkeys(corruption for by_corruption in found.values() for corruption in by_corruption))
    headers = [ColumnHeader("Detector", numeric=False, name=True), ColumnHeader("Undamaged", "seen, clean", first)]
    headers += [
        ColumnHeader(text, "mean over severities; below, from the mildest to the strongest", first) for text in corruptions
    ]

    rows = []
    for detector, by_corruption in found.items():
        cells = [_damage_cell(by_corruption.get(corruption, {}), number, heat) for corruption in corruptions]
        undamaged = seen(s.of_detector[detector], detector, CLEAN)
        plain = {} if undamaged is None else {1: undamaged}
        rows.append([TableCell(detector), _damage_cell(plain, number, heat), *cells])
    return plain_table(headers, rows)


def _damage_cell(by_severity: dict[int, Detected], number: OfDetected, heat: Callable[[float], float]) -> TableCell:
    values = {severity: number(d) for severity, d in by_severity.items() if severity}
    known = {severity: value for severity, value in values.items() if value is not None}
    if not known:
        return TableCell(DASH)

    mean, ends = fmean(known.values()), (known[min(known)], known[max(known)])
    small = f"{ends[0]:.3f} → {ends[1]:.3f}" if len(known) > 1 else ""
    each = ", ".join(f"severity {severity}: {value:.3f}" for severity, value in sorted(known.items()))
    return TableCell(f"{mean:.3f}", small, mean, each if small else "", heat=heat(mean))


def _false_alarms(d: Detected) -> float | None:
    right = d.of("real_accuracy_at_threshold").value
    return None if right is None else 1 - right


def _deviation_cell(value: float | None, count: str) -> TableCell:
    return TableCell(DASH) if value is None else TableCell(f"{value:.4f}", count, value)


def _merit_cell(d: Detected, name: str) -> TableCell:
    estimate = d.of(name)
    if estimate.value is None and estimate.unavailable:
        return TableCell("withheld", hint="; ".join(estimate.unavailable))
    return share_cell(estimate)


def _auroc_cell(detected: Detected | None) -> TableCell:
    return TableCell(DASH) if detected is None else share_cell(detected.auroc, heat=True)
