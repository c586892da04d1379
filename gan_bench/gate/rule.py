"""The rule of the gate: whether a metric has become worse, and whether the data could have shown it.

    regressed     the change for the worse, relative to the baseline, is at least `min_effect`, and its one-sided 95 % bound
                  lies above 0
    pass          else, and a change of `detect` would have been found with a probability of 80 %
    inconclusive  else: too few seeds or samples, or too much scatter

A test that cannot see a change passes everything, so that a pass must be earned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean, stdev

import numpy as np
from scipy.special import ndtri, stdtrit

from gan_bench.core.differences import FEWEST_SEEDS, LEVEL, Difference, Values, predicted, welch
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import derive

POWER = 0.8
FEWEST_TO_PREDICT = 3  # seeds of a baseline that one new run is held against
MOST_PLANNED = 30  # seeds
SIMULATED = 4_000  # tests


class Verdict(Enum):
    """What the gate says, with the exit code of `gan-bench check`."""

    PASS = ("pass", 0)
    REGRESSED = ("regressed", 1)
    INCONCLUSIVE = ("inconclusive", 3)

    def __init__(self, word: str, code: int) -> None:
        self.word, self.code = word, code


@dataclass(frozen=True)
class Limits:
    """How large a change matters, as shares of the baseline's value.

    min_effect  smaller changes never fail
    detect      the change that a pass must have been able to find
    level       of false alarms
    """

    min_effect: float = 0.05
    detect: float = 0.5
    level: float = LEVEL


@dataclass(frozen=True)
class Decision:
    """A verdict, and what it stands on.

    change  relative change for the worse; 0.1: 10 % worse than the baseline
    least   one-sided 95 % bound of it: it is worse by at least this much
    power   the probability that a change of `detect` would have been found
    test    how it was tested
    reason  one sentence
    """

    verdict: Verdict
    change: float | None
    least: float | None
    power: float
    test: str
    reason: str


def decide(worse: Difference, scale: float, limits: Limits, test: str) -> Decision:
    """The verdict on one metric.

    worse  how much worse the new value is, in the metric's unit
    scale  the baseline's value, without its sign, above 0
    """
    change, least = worse.value / scale, worse.least(limits.level) / scale
    power = worse.power(limits.detect * scale, limits.level)
    if least > 0 and change >= limits.min_effect:
        return Decision(Verdict.REGRESSED, change, least, power, test, f"worse by {change:.1%}, by at least {least:.1%}")
    if power >= POWER:
        return Decision(Verdict.PASS, change, least, power, test, _passed(change, least, limits))
    reason = f"a change of {limits.detect:.0%} would have been found in {power:.0%} of the cases, not in {POWER:.0%}"
    return Decision(Verdict.INCONCLUSIVE, change, least, power, test, reason)


def _passed(change: float, least: float, limits: Limits) -> str:
    if least > 0:
        return f"worse by {change:.1%}, which is less than the {limits.min_effect:.0%} that matter"
    return f"worse by {change:.1%}, which the scatter explains" if change > 0 else f"not worse ({-change:.1%} better)"


def between_trainings(old: Values, new: Values, higher_is_better: bool) -> tuple[Difference, str] | str:
    """How much worse the new trainings are, and by which test; a sentence where there are too few to say."""
    sign = -1 if higher_is_better else 1
    old, new = [sign * value for value in old], [sign * value for value in new]
    if len(old) >= FEWEST_SEEDS and len(new) >= FEWEST_SEEDS:
        return welch(old, new), f"one-sided Welch test, {len(new)} new against {len(old)} old seeds"
    if len(new) == 1 and len(old) >= FEWEST_TO_PREDICT:
        return predicted(old, new[0]), f"one-sided t prediction bound, 1 new against {len(old)} old seeds"
    return (
        f"{_seeds(new)} against {_seeds(old)} of the baseline: a training question needs {FEWEST_SEEDS} of both, or "
        f"{FEWEST_TO_PREDICT} in the baseline; for the same weights, give --same-model"
    )


def _seeds(values: Sequence[float]) -> str:
    return f"{len(values)} seed{'s' * (len(values) != 1)}"


def seeds_needed(values: Values, limits: Limits) -> int | None:
    """How many new seeds, against these, find a change of `detect` with a power of 80 %, if they scatter as these do.

    None: more than MOST_PLANNED, or it cannot be told, since these are all equal or their mean is 0.
    """
    if stdev(values) == 0 or fmean(values) == 0:
        return None
    scatter = stdev(values) / (limits.detect * abs(fmean(values)))  # in units of the change
    for n in range(FEWEST_SEEDS, MOST_PLANNED + 1):
        if simulated_power(len(values), n, scatter, limits.level) >= POWER:
            return n
    return None


def simulated_power(n_old: int, n_new: int, scatter: float, level: float = LEVEL) -> float:
    """The share of simulated one-sided Welch tests that find a change of 1, where both sides have this standard deviation.

    Simulated, since Welch's degrees of freedom depend on the draw: with few seeds, the noncentral t of the expected ones is too
    hopeful by .05.
    """
    rng = np.random.default_rng(derive(0, "power", n_old, n_new))
    old, new = (scatter * rng.normal(size=(SIMULATED, n)) for n in (n_old, n_new))
    parts = np.stack([side.var(1, ddof=1) / side.shape[1] for side in (old, new)])
    freedom = parts.sum(0) ** 2 / (parts**2 / np.array([[n_old - 1], [n_new - 1]])).sum(0)
    return float((1 + new.mean(1) - old.mean(1) > np.sqrt(parts.sum(0)) * stdtrit(freedom, 1 - level)).mean())


def smallest_found(errors: Sequence[float], value: float, level: float = LEVEL) -> float:
    """The smallest change, relative to the value, that --same-model finds with a power of 80 % where all samples are others.

    errors  the standard error over samples of each set

    Samples of the same latents find smaller ones.
    """
    error = math.sqrt(2 * sum(error**2 for error in errors)) / len(errors)
    return float(ndtri(1 - level) + ndtri(POWER)) * error / abs(value)


def share_in(text: str, option: str) -> float:
    """ "5%" -> 0.05. Raises UserError for what has no %, is negative, or is no number."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    if match is None:
        raise UserError(f"{option} {text!r} is not a share of the baseline's value; give it as in 5%.")
    return float(match[1]) / 100
