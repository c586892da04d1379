"""Whether the same weights draw other samples: the question that --same-model asks. Sampling is all that errs.

Where both sides know what each sample adds to a number, sample i of the one is held against sample i of the other. If both were
drawn from the same latents, what the latents scatter cancels, and a small change shows. If they were not, the two shares
scatter each by itself, and the error is that of independent samples. So pairing needs no knowledge of the latents.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np

from gan_bench.core.differences import Difference
from gan_bench.core.intervals import NORMAL_95
from gan_bench.gate.entries import Subject, Training
from gan_bench.records import MetricValue

STORED = "<f4"


def pack(shares: Any) -> str:
    """What each sample adds to a number, (N,), as text: float32, little-endian, in base64."""
    return base64.b64encode(np.asarray(shares, STORED).tobytes()).decode("ascii")


def unpack(text: str) -> np.ndarray:
    """The float64 array (N,) that was packed."""
    return np.frombuffer(base64.b64decode(text), STORED).astype(float)


def worse_samples(old: Subject, new: Subject, column: str) -> tuple[Difference, str] | str:
    """How much worse the new samples are, and by which test; a sentence where that cannot be said."""
    found = between_samples(old, new, column)
    if isinstance(found, str):
        return found
    difference, test = found
    sign = -1 if old.metrics()[column].higher_is_better else 1
    return replace(difference, value=sign * difference.value), f"one-sided {test}"


def between_samples(old: Subject, new: Subject, column: str) -> tuple[Difference, str] | str:
    """new - old, by the errors over samples of both: the trainings are the same. A sentence where it cannot be tested."""
    before, after = ({t.seed: t for t in entry.trainings if t.seed in entry.values(column)} for entry in (old, new))
    seeds = [(seed, seed) for seed in before if seed in after]
    if not seeds and len(before) == len(after) == 1:
        seeds = list(zip(before, after, strict=True))
    if not seeds:
        return "no seed is on both sides, so the weights cannot be the same"

    values = [(old.values(column)[a], new.values(column)[b]) for a, b in seeds]
    errors = [_paired_error(before[a], after[b], column) for a, b in seeds]
    test = f"test of {_sets(seeds)} of samples, paired one by one"
    if None in errors:
        errors = [_independent_error(*pair) for pair in values]
        test = f"test by the error over samples, {_sets(seeds)} on each side"
    if None in errors:
        return "the metric has no interval over samples"

    error = sum(error**2 for error in errors if error is not None) ** 0.5 / len(seeds)
    difference = fmean((b.value or 0) - (a.value or 0) for a, b in values)
    return Difference(difference, error, min(m.n_fake for pair in values for m in pair) - 1), test


def _sets(pairs: list[Any]) -> str:
    return f"{len(pairs)} set{'s' * (len(pairs) != 1)}"


def _paired_error(old: Training, new: Training, column: str) -> float | None:
    """The standard error of new - old, sample by sample; None where a side does not know its shares, or none differ."""
    if column not in old.shares or column not in new.shares:
        return None
    before, after = unpack(old.shares[column]), unpack(new.shares[column])
    if len(before) != len(after):
        return None
    return float((after - before).std(ddof=1)) / len(before) ** 0.5 or None


def _independent_error(old: MetricValue, new: MetricValue) -> float | None:
    errors = [error_of(one) for one in (old, new)]
    return None if None in errors else sum(error**2 for error in errors if error is not None) ** 0.5


def error_of(metric: MetricValue) -> float | None:
    """The standard error over samples that a number's interval stands for; None: it has none."""
    if metric.interval is None or metric.value is None:
        return None
    return max(metric.interval.high - metric.value, metric.value - metric.interval.low) / NORMAL_95
