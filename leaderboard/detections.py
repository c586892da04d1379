"""Detections averaged over seeds, how easily a variant is detected at least, and how far numbers vary between seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.estimates import Estimate, over_seeds
from gan_bench.leaderboard.frames import DETECTION, Frame
from gan_bench.records import CONTROLS, EVERY, LEAVE_ONE_OUT, PROTOCOLS, REFITTED, SEEN, TIERS, JudgeRecord

DETECTABILITY_IS = "a lower bound"  # another detector, or one unfitted number, may tell the fakes better
HEADLINE_TIERS = TIERS[:2]  # those whose detectability is a column of the generators' table
WHERE = ["detector", "tier", "protocol", "fitted_on", "entry", "corruption", "severity", "n_real", "n_fake"]


@dataclass(frozen=True)
class Detected:
    """One detector on one tier under one protocol, tested on one variant.

    fitted_on  the labels of the cells whose fakes it saw, joined by `frames.TOGETHER`
    measures   an estimate for each of `frames.MEASURES` that the records have
    """

    detector: str
    tier: str
    protocol: str
    fitted_on: str
    variant: str
    corruption: str
    severity: int
    n_real: int
    n_fake: int
    method: str
    measures: dict[str, Estimate]

    def of(self, name: str) -> Estimate:
        """One of its measures; an estimate without a value where the records have none."""
        return self.measures.get(name, Estimate())

    @property
    def auroc(self) -> Estimate:
        """Its AUROC."""
        return self.of("auroc")


@dataclass(frozen=True)
class Spread:
    """How far the AUROC of a detector under SEEN varies on one tier, as standard deviations over all variants.

    fits   between two fits with different seeds of the detector, on the same images; from `pairs` pairs of fits
    seeds  between GAN seeds, which change the fakes, the folds and the fit; from `n_seeds` seeds
    """

    detector: str
    tier: str
    fits: float | None
    pairs: int
    seeds: float | None
    n_seeds: int


def detected_over_seeds(frame: Frame, judges: Iterable[Entry]) -> list[Detected]:
    """All detections in a frame of `frames.detector_frame`, sorted; `judges` are the entries that the frame was made of."""
    methods = {e.label: e.record.method for e in judges if isinstance(e.record, JudgeRecord)}

    detections = [number for number in frame if number.metric == DETECTION]
    measures: dict[tuple[Any, ...], dict[str, Estimate]] = defaultdict(dict)
    for (*where, name), estimate in over_seeds(detections, [*WHERE, "name"]).items():
        measures[tuple(where)][name] = estimate

    detected = []
    for key, found in measures.items():
        fields: dict[str, Any] = dict(zip(WHERE, key, strict=True))
        variant = fields.pop("entry")
        detected.append(Detected(**fields, variant=variant, method=methods[fields["detector"]], measures=found))
    return sorted(detected, key=_position)


def tiers_of(detected: Iterable[Detected]) -> list[str]:
    """The tiers that there are detections on, in the order of `records.TIERS`."""
    found = {d.tier for d in detected}
    return sorted(found, key=lambda tier: (_place(tier, TIERS), tier))


def detectability(variant: str, detected: Iterable[Detected]) -> tuple[dict[str, Estimate], dict[str, str]]:
    """How easily a variant is detected at least: tier -> AUROC, and tier -> the name of the detector that has it.

    Of the detectors that were fitted without the variant, it is the one with the highest AUROC on the validation fold, which
    held no fakes of the variant either. To take the highest AUROC on the tested fakes themselves would flatter it. It is a
    lower bound: another detector, tried here or not, may tell the fakes better.
    """
    aurocs, detectors = {}, {}
    unseen = [d for d in detected if d.variant == variant and d.protocol == LEAVE_ONE_OUT]
    for tier in TIERS:
        chosen = chosen_on_validation(d for d in unseen if d.tier == tier)
        if chosen is None:
            aurocs[tier] = Estimate(unavailable=(f"no detector was tested on it under {LEAVE_ONE_OUT}",))
        else:
            aurocs[tier], detectors[tier] = chosen.auroc, chosen.detector
    return aurocs, detectors


def chosen_on_validation(detected: Iterable[Detected]) -> Detected | None:
    """The one with the highest AUROC on the validation fold, of equals the first; None where none has one."""
    chosen, highest = None, -math.inf
    for d in detected:
        value = d.of("validate_auroc").value
        if value is not None and value > highest:
            chosen, highest = d, value
    return chosen


def seen_on_all(detected: Iterable[Detected], detector: str, tier: str) -> Estimate:
    """The AUROC of a detector on the fakes of all variants, all of which it was fitted on."""
    found = seen(detected, detector, tier)
    return Estimate() if found is None else found.auroc


def seen(detected: Iterable[Detected], detector: str, tier: str) -> Detected | None:
    """A detector tested on the fakes of all variants, all of which it was fitted on."""
    same = (d for d in detected if (d.detector, d.tier, d.protocol, d.variant) == (detector, tier, SEEN, EVERY))
    return next(same, None)


def spreads(frame: Frame) -> list[Spread]:
    """The spread of each detector and tier in a frame of `frames.detector_frame` for which there are enough seeds."""
    found = []
    for (detector, tier), aurocs in _aurocs(frame).items():
        pairs = [by_protocol[SEEN] - by_protocol[REFITTED] for by_protocol in aurocs.values() if len(by_protocol) == 2]
        fits = _deviation(pairs, 2 * len(pairs))  # the variance of two numbers with the difference d is d^2 / 2

        of_variant: dict[str, list[float]] = defaultdict(list)
        for (variant, _), by_protocol in aurocs.items():
            if SEEN in by_protocol:
                of_variant[variant].append(by_protocol[SEEN])
        several = [values for values in of_variant.values() if len(values) > 1]
        apart = [difference for values in several for difference in _from_mean(values)]
        seeds = _deviation(apart, len(apart) - len(several))

        if fits is not None or seeds is not None:
            found.append(Spread(detector, tier, fits, len(pairs), seeds, max(map(len, several), default=0)))
    return sorted(found, key=lambda spread: (_place(spread.tier, TIERS), spread.detector))


def _from_mean(values: Sequence[float]) -> list[float]:
    mean = fmean(values)
    return [value - mean for value in values]


def _deviation(differences: Sequence[float], freedom: int) -> float | None:
    """The standard deviation that these differences from a mean show; None: there are none, or a float cannot hold it."""
    squares = sum(difference * difference for difference in differences)
    return math.sqrt(squares / freedom) if freedom and math.isfinite(squares) else None


def _aurocs(frame: Frame) -> dict[tuple[str, str], dict[tuple[str, int], dict[str, float]]]:
    """(detector, tier) -> (variant, seed) -> SEEN and REFITTED -> AUROC, the mean where a seed has several."""
    values: dict[Any, dict[Any, dict[Any, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for n in frame:
        if n.name == "auroc" and n.protocol in (SEEN, REFITTED) and n.entry != EVERY and n.value is not None:
            values[n.detector, n.tier][n.entry, n.seed][n.protocol].append(n.value)
    return {
        where: {one: {p: fmean(found) for p, found in protocols.items()} for one, protocols in by_seed.items()}
        for where, by_seed in values.items()
    }


def _position(d: Detected) -> tuple[Any, ...]:
    places = _place(d.tier, TIERS), d.tier, _place(d.protocol, (*PROTOCOLS, *CONTROLS)), d.protocol
    return d.detector, *places, d.fitted_on, d.variant == EVERY, d.variant, d.corruption, d.severity, d.n_real, d.n_fake


def _place(name: str, order: tuple[str, ...]) -> int:
    """Its place in an order; what is not in it comes last."""
    return order.index(name) if name in order else len(order)
