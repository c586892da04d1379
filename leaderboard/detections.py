"""Detections averaged over seeds, and how easily a variant is detected at least."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.estimates import Estimate, over_seeds
from gan_bench.records import JudgeRecord

LEAVE_ONE_OUT = "leave-one-out"
DETECTABILITY_IS = "a lower bound"  # another detector, or one unfitted number, may tell the fakes better
ORDER = {"seen": 0, LEAVE_ONE_OUT: 1}  # of protocols; others follow, by name


@dataclass(frozen=True)
class Detected:
    """One detector under one protocol on one variant. `measures` holds an estimate for each of `frames.MEASURES`."""

    detector: str
    protocol: str
    variant: str
    n_real: int
    n_fake: int
    method: str
    measures: dict[str, Estimate]


def detected_over_seeds(frame: pd.DataFrame, judges: Iterable[Entry]) -> list[Detected]:
    """All detections in a frame of `frames.detector_frame`, sorted; `judges` are the entries that the frame was made of."""
    methods = {e.label: e.record.method for e in judges if isinstance(e.record, JudgeRecord)}

    measures: dict[tuple[Any, ...], dict[str, Estimate]] = defaultdict(dict)
    keys = ["detector", "protocol", "entry", "n_real", "n_fake", "name"]
    for (*where, name), estimate in over_seeds(frame, keys).items():
        measures[tuple(where)][name] = estimate

    detected = []
    for (detector, protocol, variant, n_real, n_fake), found in measures.items():
        detected.append(Detected(detector, protocol, variant, int(n_real), int(n_fake), methods[detector], found))
    return sorted(detected, key=_position)


def detectability(variant: str, detected: Iterable[Detected]) -> tuple[Estimate, str | None]:
    """The AUROC of the best detector fitted without this variant, and that detector's name. Other protocols do not count.

    It is a lower bound: detectors that were not tried may tell the variant's fakes better.
    """
    unseen = [d for d in detected if d.variant == variant and d.protocol == LEAVE_ONE_OUT]

    best, highest = None, float("-inf")
    for d in unseen:
        auroc = d.measures["auroc"].value
        if auroc is not None and auroc > highest:
            best, highest = d, auroc  # of equals the first by name: `detected` is sorted

    if best is None:
        return Estimate(unavailable=(f"no detector was tested on it under {LEAVE_ONE_OUT}",)), None
    return best.measures["auroc"], best.detector


def _position(d: Detected) -> tuple[Any, ...]:
    return d.detector, ORDER.get(d.protocol, 2), d.protocol, d.variant, d.n_real, d.n_fake
