"""Suites: datasets with what is trained, measured and judged on each. One TOML file each: data, not code."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from gan_bench.errors import UserError
from gan_bench.records import Model
from gan_bench.registry import nearest

FOLDER = Path(__file__).parent
GENERAL = ("lite0", "inception"), ("fd", "kid", "is", "pr")  # extractors and metrics that need nothing of a dataset


class Suite(Model):
    """headline  the start of the metric name that ranks the suite's tables
    n_fake    how many fakes its metrics are defined for; None: the preset's number
    """

    title: str
    datasets: tuple[str, ...]
    variants: tuple[str, ...]
    extractors: tuple[str, ...]
    metrics: tuple[str, ...]
    detectors: tuple[str, ...]
    headline: str
    n_fake: int | None = None


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def load(name: str) -> Suite:
    """Raises UserError on an unknown name or a suite file that is not one."""
    if name not in names():
        raise UserError(nearest(name, names(), "suite"))
    try:
        return Suite.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UserError(f"the suite file {name}.toml is not valid: {error}") from error


def headlines() -> dict[str, str]:
    """dataset -> the start of the metric name that ranks its table."""
    return {dataset: suite.headline for suite in map(load, names()) for dataset in suite.datasets}


def measured_by(
    dataset: str, extractors: list[str] | None, metrics: list[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The extractors and metrics asked for, else those of the dataset's suite, else those that suit any images."""
    suite = next((suite for suite in map(load, names()) if dataset in suite.datasets), None)
    own_extractors, own_metrics = GENERAL if suite is None else (suite.extractors, suite.metrics)
    return tuple(extractors or own_extractors), tuple(metrics or own_metrics)
