"""Completion of values in the shell: names, read from the sources, so that torch is not loaded at a press of Tab.

An option that takes several names completes the last of them. Where no name fits, the shell completes files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gan_bench import suites as suite_files
from gan_bench.budget import PRESETS
from gan_bench.datasets import DATASETS
from gan_bench.detectors import every_name as every_detector
from gan_bench.features import EXTRACTORS
from gan_bench.generators import VARIANTS
from gan_bench.metrics import METRICS
from gan_bench.records import DEVICES, TIERS

Completion = Callable[[str], list[str]]  # the beginning of a value -> the values that begin so


def one(names: Callable[[], Iterable[str]]) -> Completion:
    """For an option that takes one name."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def several(names: Callable[[], Iterable[str]]) -> Completion:
    """For an option that takes names separated by commas: completes the last one, and repeats none."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        given = before.split(",")
        return [before + comma + name for name in names() if name.startswith(last) and name not in given]

    return complete


def _detectors() -> list[str]:
    return ["all", "none", *every_detector()]


def _fetched() -> list[str]:
    return [*DATASETS.complete_names(), *EXTRACTORS.names()]


def _shown() -> list[str]:
    from gan_bench.cli.members import names

    return sorted({name for known in names().values() for name in known})


suites = several(suite_files.names)
variants = several(VARIANTS.names)
extractors = several(EXTRACTORS.names)
metrics = several(METRICS.names)
detectors = several(_detectors)
detector = one(every_detector)
dataset = one(DATASETS.complete_names)
fetched = one(_fetched)
budgets = one(lambda: PRESETS)
devices = one(lambda: DEVICES)
tiers = one(lambda: TIERS)
shown = one(_shown)
