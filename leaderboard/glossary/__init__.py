"""The words of the board: what each number is, its range and direction, its paper, and when it misleads.

The figures that they quote are of the reference rows of CIFAR-10 at `quick`, and of `benchmarks/results/ladder-quick.md`.
"""

from __future__ import annotations

from gan_bench.leaderboard.columns import Column, metric_title
from gan_bench.leaderboard.glossary.board import COST_TERMS, EXTRACTOR_TERMS, WORDS
from gan_bench.leaderboard.glossary.classes import CLASS_TERMS
from gan_bench.leaderboard.glossary.detectors import ATTACK_TERMS, CONTROL_TERMS, MERIT_TERMS, PROTOCOL_TERMS, TIER_TERMS
from gan_bench.leaderboard.glossary.metrics import FID, METRIC_TERMS
from gan_bench.leaderboard.glossary.term import HIGHER, LOWER, NEITHER, Term

__all__ = ["GLOSSARY", "HIGHER", "LOWER", "NEITHER", "SECTIONS", "Term", "range_words", "term", "term_of"]

SECTIONS: dict[str, tuple[Term, ...]] = {  # as a page shows them
    "How good the images are": METRIC_TERMS,
    "Classes and modes": CLASS_TERMS,
    "Words of the board": WORDS,
    "What a training costs": COST_TERMS,
    "Feature extractors": EXTRACTOR_TERMS,
    "How well a detector does": MERIT_TERMS,
    "What a detector was fitted and tested on": PROTOCOL_TERMS,
    "How images are delivered": TIER_TERMS,
    "The leakage audit": CONTROL_TERMS,
    "Attacks": ATTACK_TERMS,
}
GLOSSARY: dict[str, Term] = {one.name: one for terms in SECTIONS.values() for one in terms}
OF_COLUMNS = {one.name: one for one in (*METRIC_TERMS, *CLASS_TERMS)}


def term(name: str) -> Term | None:
    """The term of this name; of an extractor also by its label, such as "lite0@64". None: there is none."""
    return GLOSSARY.get(name) or GLOSSARY.get(name.partition("@")[0])


def term_of(column: Column) -> Term | None:
    """What the numbers of a column are; None for a metric of somebody else."""
    return FID if metric_title(column) == FID.title else OF_COLUMNS.get(column.metric)


def range_words(least: float | None, most: float | None) -> str:
    """The range that a number can have, as `metrics.BaseMetric.ranges` words it: "0 to 1", "0 or more", "any number"."""
    if least is None:
        return "any number" if most is None else f"{most:g} or less"
    return f"{least:g} or more" if most is None else f"{least:g} to {most:g}"
