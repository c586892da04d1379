"""How two entries differ, metric by metric: with an interval, and better, worse or cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gan_bench.core.differences import FEWEST_SEEDS, Difference, paired, welch
from gan_bench.core.errors import UserError
from gan_bench.gate.check import incomparable
from gan_bench.gate.entries import Subject
from gan_bench.gate.samples import between_samples

BETTER, WORSE, UNKNOWN = "better", "worse", "cannot tell"


class Compared(NamedTuple):
    """One metric of two entries. `low`, `high`: the 95 % interval of new - old; None: nothing is known of the scatter.

    test  how the interval was found, or why there is none
    """

    entry: str
    column: str
    old: float
    new: float
    low: float | None
    high: float | None
    verdict: str
    test: str


def compare(old: Subject, new: Subject, same_model: bool = False) -> list[Compared]:
    """Every metric that both have. Each interval holds by itself: of twenty metrics that do not differ, one seems to.

    same_model  both have the same weights, so that only the drawn samples differ

    Raises UserError where there is none.
    """
    found = list(_compared(old, new, same_model))
    if not found:
        reason = next((r for column in old.metrics() if (r := incomparable(old, new, column))), "they share no metric")
        raise UserError(f"{old.title} and {new.title} cannot be compared: {reason}.")
    return found


def _compared(old: Subject, new: Subject, same_model: bool) -> Iterator[Compared]:
    title = old.title if old.title == new.title else f"{old.title}, then {new.name}"
    for column, metric in old.metrics().items():
        if incomparable(old, new, column):
            continue
        means = old.mean(column), new.mean(column)
        difference, test = _difference(old, new, column, same_model)
        if difference is None:
            yield Compared(title, column, *means, None, None, UNKNOWN, test)
            continue
        low, high = difference.interval()
        risen, fallen = low > 0, high < 0
        verdict = UNKNOWN
        if risen or fallen:
            verdict = BETTER if risen == metric.higher_is_better else WORSE
        yield Compared(title, column, *means, low, high, verdict, test)


def _difference(old: Subject, new: Subject, column: str, same_model: bool) -> tuple[Difference | None, str]:
    """new - old, and how it was tested. Seeds of one variant fix the order of its data and its latents, so they are pairs."""
    before, after = old.values(column), new.values(column)
    if same_model or (len(before) == len(after) == 1 and None in before and None in after):
        found = between_samples(old, new, column)
        return (None, found) if isinstance(found, str) else found

    common = [seed for seed in before if seed in after]
    if old.name == new.name and len(common) == len(before) == len(after) >= FEWEST_SEEDS:
        pairs = [[numbers[seed].value or 0.0 for seed in common] for numbers in (before, after)]
        return _if_known(paired(*pairs)), f"t test of {len(common)} pairs of seeds"
    if min(len(before), len(after)) >= FEWEST_SEEDS:
        return _if_known(welch(old.listed(column), new.listed(column))), f"Welch test, {len(after)} against {len(before)} seeds"
    return None, "one seed shows no scatter; for the same weights, give --same-model"


def _if_known(difference: Difference) -> Difference | None:
    return difference if difference.error > 0 else None


def chosen(entries: Sequence[Subject], name: str, source: str) -> list[Subject]:
    """Those of this name. Raises UserError where there are none."""
    found = [entry for entry in entries if entry.name == name]
    if not found:
        raise UserError(f"{source} has no entry {name!r}; it has {', '.join(dict.fromkeys(e.name for e in entries))}.")
    return found
