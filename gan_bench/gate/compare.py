"""How two entries differ, metric by metric: with an interval, and better, worse or cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gan_bench.core.differences import ONE_SEED, UNKNOWN, Difference, between_seeds, verdict_of
from gan_bench.core.errors import UserError
from gan_bench.gate.check import incomparable
from gan_bench.gate.entries import Subject
from gan_bench.gate.samples import between_samples


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
        verdict = verdict_of(difference, metric.higher_is_better)
        yield Compared(title, column, *means, *difference.interval(), verdict, test)


def _difference(old: Subject, new: Subject, column: str, same_model: bool) -> tuple[Difference | None, str]:
    """new - old, and how it was tested, or why it cannot be."""
    before, after = old.values(column), new.values(column)
    if same_model or (len(before) == len(after) == 1 and None in before and None in after):
        found = between_samples(old, new, column)
        return (None, found) if isinstance(found, str) else found

    one, other = ({seed: number.value or 0.0 for seed, number in numbers.items()} for numbers in (before, after))
    difference, test = between_seeds(one, other, paired_seeds=old.name == new.name)
    return difference, f"{test}; for the same weights, give --same-model" if test == ONE_SEED else test


def chosen(entries: Sequence[Subject], name: str, source: str) -> list[Subject]:
    """Those of this name. Raises UserError where there are none."""
    found = [entry for entry in entries if entry.name == name]
    if not found:
        raise UserError(f"{source} has no entry {name!r}; it has {', '.join(dict.fromkeys(e.name for e in entries))}.")
    return found
