"""Settings of variants at a preset, and the texts of the command line: `all` among names, and `--set dcgan.lr=1e-4,5e-4`."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import product
from typing import Any

from gan_bench import suites
from gan_bench.budget import Preset
from gan_bench.core.errors import UserError, quoted
from gan_bench.core.own import blamed
from gan_bench.core.registry import suggest
from gan_bench.datasets import DATASETS
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.generators.own import VariantSource
from gan_bench.generators.settings import fault_of
from gan_bench.images.convert import are_points
from gan_bench.metrics import METRICS
from gan_bench.suites import ALL

OF_CLASSES = ("classifier", "condition", "lesson")  # needs of metrics that only a dataset with classes has
OF_POINTS = ("features", "mixture", "train", "held-out")  # needs of metrics that points have
MOST_TRAININGS = 10_000  # of a run: more are a slip of the keyboard, or belong into several runs
Changes = dict[str, list[dict[str, Any]]]  # variant -> each combination of changed settings that is trained


def expanded(names: Sequence[str], every: Callable[[], Iterable[str]]) -> list[str]:
    """The names without repeats; `all` among them stands for what `every` gives."""
    found: list[str] = []
    for name in names:
        found += every() if name == ALL else [name]
    return [name for name in dict.fromkeys(found) if name != ALL]


def measured_by(
    dataset: str, extractors: Sequence[str] | None, metrics: Sequence[str] | None, suite: suites.Suite | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The extractors and metrics asked for, `all` among them; None: those of the suite, by default that of the dataset."""
    usual_extractors, usual_metrics = (suite.extractors, suite.metrics) if suite else suites.measures_of(dataset)
    chosen_extractors = expanded(_listed(extractors) or usual_extractors, lambda: every_extractor(dataset, usual_extractors))
    chosen_metrics = expanded(_listed(metrics) or usual_metrics, lambda: every_metric(dataset, usual_metrics))
    return tuple(chosen_extractors), tuple(chosen_metrics)


def _listed(names: Sequence[str] | None) -> Sequence[str] | None:
    """A Python caller may give a single name without a list."""
    return [names] if isinstance(names, str) else names


def every_variant(dataset: str, first: Sequence[str]) -> list[str]:
    """Each variant that can draw what the dataset holds, those of its suite first."""
    data = DATASETS.create(dataset)
    able = []
    for name in VARIANTS.names():
        kind = VARIANTS.get(name)
        draws = not are_points(data.image_shape) or kind.for_points is not None
        if draws and (data.n_classes > 1 or not kind.conditional):
            able.append(name)
    return [*first, *able]


def every_metric(dataset: str, first: Sequence[str]) -> list[str]:
    """Each metric that means something for the dataset, those of its suite first."""
    data = DATASETS.create(dataset)
    needs = {name: METRICS.get(name).needs for name in METRICS.names()}
    if are_points(data.image_shape):
        return [*first, *(name for name, need in needs.items() if need in OF_POINTS)]
    out = ("mixture", *(() if data.n_classes > 1 else OF_CLASSES))
    return [*first, *(name for name, need in needs.items() if need not in out)]


def every_extractor(dataset: str, last: Sequence[str]) -> list[str]:
    """Each extractor but the classifiers of other datasets, those of the suite last; of points those of the suite alone.

    One that is trained on the dataset is needed only where no other knows its classes.
    """
    data = DATASETS.create(dataset)
    if are_points(data.image_shape):
        return list(last)

    kinds = {name: EXTRACTORS.get(name) for name in EXTRACTORS.names()}
    is_known = data.n_classes == 1 or any(kind.classifies == dataset for kind in kinds.values())
    able = [
        name for name, kind in kinds.items()
        if kind.classifies in (None, dataset) and not (is_known and kind.learn is not Extractor.learn)
    ]  # fmt: skip
    return [*(name for name in able if name not in last), *last]


def parse_changes(texts: Iterable[str], own: Mapping[str, type[Variant]] | None = None) -> Changes:
    """ "VARIANT.SETTING=VALUE" texts -> the changed settings of each variant. Raises UserError at whatever is no such text.

    Several values, "dcgan.lr=1e-4,5e-4", make several trainings; those of several texts make all combinations. A value in
    double quotes keeps its commas.

    own  the user's own variants by name

    Whether a value is in range is known with the other settings of a training, see `settings_of`.
    """
    values: dict[str, dict[str, list[Any]]] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        variant, dot, setting = target.partition(".")
        if not (equals and dot):
            raise UserError(f"--set {quoted(text)} is not of the form VARIANT.SETTING=VALUE, such as dcgan.lr=1e-4.")

        kind = (own or {}).get(variant) or VARIANTS.get(variant)
        defaults = kind.default_settings(width=64)
        if setting not in defaults:
            raise UserError(suggest(setting, defaults, f"setting of {variant}"))
        if setting in values.setdefault(variant, {}):
            raise UserError(f"--set changes {target} twice; give its values at once: {target}=VALUE,VALUE.")
        found = [converted(part, defaults[setting], target) for part in _parts(value, target)]
        values[variant][setting] = list(dict.fromkeys(found))

    for variant, of in values.items():
        check_count(math.prod(map(len, of.values())), f"--set makes of {variant}")
    return {variant: [dict(zip(of, each, strict=True)) for each in product(*of.values())] for variant, of in values.items()}


def check_count(n: int, what: str) -> None:
    """Raises UserError where a run would have more than MOST_TRAININGS. `what`: what makes `n` of them."""
    if n > MOST_TRAININGS:
        raise UserError(f"{what} {n:,} trainings, and a run has at most {MOST_TRAININGS:,}; make several runs of it.")


def _parts(value: str, target: str) -> list[str]:
    """ "a,b" -> ["a", "b"]; what stands in double quotes is not divided. Raises UserError where quotes are not closed."""
    try:
        return next(csv.reader([value], strict=True), None) or [""]
    except csv.Error as error:
        raise UserError(f"{target} cannot be {quoted(value)}: its double quotes, or a line break, are misplaced.") from error


def converted(text: str, like: Any, target: str) -> Any:
    """The text as a value of the type that `like` has. Raises UserError, naming `target`."""
    kind = type(like)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{target} is true or false, not {quoted(text)}.")
        return text.lower() == "true"

    try:
        return kind(text)
    except ValueError as error:
        wanted = {int: "a whole number", float: "a number"}[kind]
        raise UserError(f"{target} is {wanted}, not {quoted(text)}.") from error


def settings_of(source: VariantSource, dataset: str, preset: Preset, changes: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a training: those of the preset, changed. Raises UserError at one that is out of range."""
    with blamed(source.place) if source.code is not None else nullcontext():  # a user's class may do more than hold values
        settings = {**settings_for(source.kind, dataset, preset), **changes}
        fault = fault_of(source.kind.name, source.kind.settings_type, settings)
    if fault is not None:
        raise UserError(fault)
    return settings


def settings_for(kind: type[Variant], dataset: str, preset: Preset) -> dict[str, Any]:
    """A variant's settings at a preset, for what the dataset holds. Raises UserError where it cannot draw that."""
    data = DATASETS.create(dataset)
    points = are_points(data.image_shape)
    if kind.conditional and data.n_classes == 1:
        raise UserError(f"{kind.name!r} needs classes, and {dataset!r} has none; make a sub-folder for each class.")
    if points and kind.for_points is None:
        able = [name for name in VARIANTS.names() if VARIANTS.get(name).for_points is not None]
        raise UserError(
            f"{kind.name!r} draws images, and {dataset!r} holds points; variants that draw both: {', '.join(able)}."
        )
    return kind.default_settings(preset.width, preset.short, points)
