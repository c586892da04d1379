"""The gate for Python callers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_bench.api import Array
from gan_bench.budget import parse_preset
from gan_bench.device import pick
from gan_bench.external import Scoring
from gan_bench.gate.baseline import Baseline, make_baseline, read_baseline
from gan_bench.gate.check import Report
from gan_bench.gate.check import check as check_entries
from gan_bench.gate.rule import Limits
from gan_bench.gate.sources import of_array, of_function, scoring_like


def check(
    images: Array | Callable[[int, int], Any],
    baseline: Path | str,
    *,
    dataset: str | None = None,
    n: int | None = None,
    seeds: int = 1,
    value_range: tuple[float, float] | None = None,
    min_effect: float = 0.05,
    detect: float = 0.5,
    same_model: bool = False,
    device: str = "auto",
) -> Report:
    """Hold images against a baseline file: `.verdict` is pass, regressed or inconclusive, `.checked` tells all.

    images      as for `score`, or a function (n, seed) -> images, which is called with each of the seeds 0, 1, ...
    n           how many images are asked of a function; None: as many as the baseline has
    dataset     None: that of the baseline, if it has one alone
    min_effect  a smaller change, relative to the baseline, never fails
    detect      the change that a pass must have been able to find
    same_model  the weights are those of the baseline: only the drawn samples differ

    Raises UserError, a ValueError, where the images cannot be compared with the baseline.
    """
    kept = read_baseline(Path(baseline))
    scoring = scoring_like(kept, dataset, pick(device), n, value_range)
    new = of_function(images, "generator", seeds, scoring) if callable(images) else of_array(images, scoring)
    return check_entries(kept, [new], Limits(min_effect, detect), same_model)


def make_baseline_of(
    images: Array | Callable[[int, int], Any], dataset: str, *, n: int | None = None, seeds: int = 3,
    value_range: tuple[float, float] | None = None, metric: str | None = None, budget: str = "quick", device: str = "auto",
) -> Baseline:  # fmt: skip
    """A baseline of images, or of what a function draws; arguments as for `check`, `metric` is the one that decides."""
    scoring = Scoring(dataset, parse_preset(budget), pick(device), n, value_range)
    entry = of_function(images, "generator", seeds, scoring) if callable(images) else of_array(images, scoring)
    return make_baseline([entry], metric)
