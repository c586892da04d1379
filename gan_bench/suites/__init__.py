"""Suites: datasets with what is trained, measured and judged on each. One TOML file each: data, not code."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest
from gan_bench.records import Model, TableRules

FOLDER = Path(__file__).parent
ALL = "all"  # in place of a name: all that suit the dataset
GENERAL = ("lite0", "inception"), ("fd", "kid", "is", "pr")  # extractors and metrics that need nothing of a dataset


class Suite(Model):
    """One suite file.

    headline     the start of the metric name that ranks the suite's tables
    not_telling  starts of the names of metrics that put damaged images before real ones on these datasets; they are never bold
    n_fake       how many fakes its metrics are defined for; None: the preset's number
    """

    title: str
    datasets: tuple[str, ...]
    variants: tuple[str, ...]
    extractors: tuple[str, ...]
    metrics: tuple[str, ...]
    detectors: tuple[str, ...]
    headline: str
    not_telling: tuple[str, ...] = ()
    n_fake: int | None = None


def names() -> list[str]:
    """The names of all suite files, sorted."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def load(name: str) -> Suite:
    """Raises UserError at an unknown name, and at a suite file that is not valid."""
    if name not in names():
        raise UserError(suggest(name, names(), "suite"))

    file = FOLDER / f"{name}.toml"
    try:
        return Suite.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not a TOML file ({error}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        attribute = ".".join(map(str, first["loc"]))
        raise UserError(f"{file}: suite {name!r} has a wrong or no attribute `{attribute}` ({first['msg']}).") from error


def load_valid() -> tuple[dict[str, Suite], list[str]]:
    """All suites whose files are valid, by name; and a sentence for each of the others."""
    valid, refused = {}, []
    for name in names():
        try:
            valid[name] = load(name)
        except UserError as error:
            refused.append(str(error))
    return valid, refused


def table_rules() -> dict[str, TableRules]:
    """dataset -> how its table is read."""
    valid, _ = load_valid()
    return {d: TableRules(suite.headline, suite.not_telling) for suite in valid.values() for d in suite.datasets}


def measured_by(
    dataset: str, extractors: list[str] | None, metrics: list[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The extractors and metrics asked for, else those of the dataset's suite, else those that suit any images."""
    valid, _ = load_valid()
    suite = next((suite for suite in valid.values() if dataset in suite.datasets), None)
    own_extractors, own_metrics = GENERAL if suite is None else (suite.extractors, suite.metrics)
    return tuple(extractors or own_extractors), tuple(metrics or own_metrics)
