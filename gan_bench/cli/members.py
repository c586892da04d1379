"""What every member is: of each variant, dataset, extractor, metric, detector, corruption, suite and budget, for people.

All but the settings of a variant is read from the sources, without importing torch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gan_bench import suites
from gan_bench.budget import PRESETS, Preset
from gan_bench.cli.output import Row
from gan_bench.core.cache import dataset_file
from gan_bench.core.declarations import NotLiteral
from gan_bench.core.docstrings import first_sentence, meanings, of_classes
from gan_bench.core.registry import Registry
from gan_bench.datasets import DATASETS
from gan_bench.detectors import AUGMENTED, DETECTORS, plain
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.features import EXTRACTORS
from gan_bench.generators import VARIANTS
from gan_bench.metrics import METRICS

if TYPE_CHECKING:
    from gan_bench.generators.base import Variant

REGISTRIES: dict[str, Registry[Any]] = {
    "variant": VARIANTS, "dataset": DATASETS, "extractor": EXTRACTORS, "metric": METRICS, "detector": DETECTORS,
    "corruption": CORRUPTIONS,
}  # fmt: skip
STARTS_FROM = {
    "generate": "latents",
    "translate": "outlines of digits, or photographs in grey",
    "upscale": "images of a quarter of the side",
}


@dataclass(frozen=True)
class Member:
    """One thing that has a name.

    title  what it is, in a few words
    facts  what else there is to know, by a word or two
    rows   a table, if it has parts: the settings of a variant, the numbers of a metric
    about  the docstrings of its class, where users are told something there, and of its file
    """

    kind: str
    name: str
    title: str
    facts: Mapping[str, object]
    rows: list[Row] = field(default_factory=list)
    about: tuple[str, ...] = ()


def names() -> dict[str, list[str]]:
    """All names by kind."""
    found = {kind: registry.names() for kind, registry in REGISTRIES.items()}
    return {**found, "suite": suites.names(), "budget": list(PRESETS)}


def named(name: str, preset: Preset) -> list[Member]:
    """Every member that has this name, or one number of that name. `preset`: that whose settings of a variant are told.

    A name may carry what users see with it: the argument of `timm:NAME`, the "+aug" of a detector, the extractor and the
    count of a metric's number.
    """
    heads = [name, plain(name), name.partition(":")[0] + ":"]
    found = []
    for kind, known in names().items():
        key = next((head for head in heads if head in known), None)
        if key is not None:
            found.append(DESCRIBE[kind](key, preset))
    if found:
        return found

    given = numbers()
    fitting = [number for number in given if name == number or name.startswith(f"{number}_")]
    return [metric(given[max(fitting, key=len)], preset)] if fitting else []


def numbers() -> dict[str, str]:
    """The metric that gives each number, such as "pr" for "recall"."""
    found, _ = METRICS.describe()
    return {number: row["name"] for row in found for number in row["outputs"]}


def variant(name: str, preset: Preset) -> Member:
    """Its settings at a preset. Imports it."""
    kind = VARIANTS.get(name)
    facts: dict[str, object] = {
        "paper": kind.paper,
        "starts from": STARTS_FROM[kind.task] + (" and a class" if kind.conditional else ""),
    }
    if kind.for_points is not None:
        told = ", ".join(f"{setting} {value:g}" for setting, value in kind.for_points.items())
        facts["points"] = f"it also draws points of the plane, with {told}"
    return Member("variant", name, kind.title, facts, settings(kind, preset), VARIANTS.docstrings(name)[::-1])


def settings(kind: type[Variant], preset: Preset) -> list[Row]:
    """Each setting of a variant, its value at a preset, that of the paper if it has one, its range, and what it means."""
    from gan_bench.generators.settings import range_of, wanted_by  # pydantic, for this table alone

    ranges = {name: range_of(wanted) for name, wanted in wanted_by(kind.settings_type).items()}
    told: dict[str, str] = {}
    for base in reversed(kind.settings_type.__mro__):
        told |= meanings(inspect.cleandoc(base.__doc__ or ""))
    return [
        {
            "setting": setting,
            "value": value,
            "paper": kind.paper_settings.get(setting),
            "range": ranges[setting],
            "meaning": told.get(setting, ""),
        }
        for setting, value in kind.default_settings(preset.width, preset.short).items()
    ]


def metric(name: str, preset: Preset) -> Member:
    """Its numbers: their ranges and directions."""
    found = METRICS.attributes(name)
    base = of_classes("gan_bench.metrics.base")
    needs = meanings(base["Metric"]) | meanings(base["PixelMetric"])
    facts = {"paper": found["paper"], "needs": needs[found["needs"]], "at least": f"{found['minimum']:,} images a side"}
    rows: list[Row] = [
        {"number": output, "better": "higher" if higher else "lower", "range": found["ranges"].get(output, "not stated")}
        for output, higher in found["outputs"].items()
    ]
    return Member("metric", name, found["title"], facts, rows, METRICS.docstrings(name)[::-1])


def detector(name: str, preset: Preset) -> Member:
    """Its method, what its score means, and what it costs."""
    found = DETECTORS.attributes(name)
    facts: dict[str, object] = {
        "score": "a logit, any number: higher is more likely fake, 0 is undecided",
        "fit": "takes long" if found["costly"] else "is quick",
        "attacked by gradients": found["differentiable"],
    }
    title = f"{name}NAME" if found["default"] else name
    if not found["combines"]:
        facts["twin"] = f"{title}{AUGMENTED}, fitted also on blurred and compressed copies"
    if found["default"]:
        facts["NAME"] = f"such as {found['default']}"
    return Member("detector", title, found["method"], facts, about=DETECTORS.docstrings(name)[::-1])


def extractor(name: str, preset: Preset) -> Member:
    """What its features are of."""
    found, about = EXTRACTORS.attributes(name), EXTRACTORS.docstrings(name)
    facts = {"gives": "features" + (f", and logits of the classes of {found['classifies']}" if found["classifies"] else "")}
    return Member("extractor", name, _after_name(about[0]), facts, about=about[::-1])


def _after_name(docstring: str) -> str:
    """ "`raw`: pixel values." -> "pixel values"."""
    return first_sentence(docstring).partition(": ")[2]


def dataset(name: str, preset: Preset) -> Member:
    """Its images, its classes, and where it comes from."""
    found = DATASETS.attributes(name)
    facts: dict[str, object] = {}
    if found["image_shape"] is not NotLiteral:
        channels, height, width = found["image_shape"]
        facts["images"] = f"{height}x{width}x{channels}" if height > 1 else f"points of {channels} coordinates"
        facts["classes"] = _classes(found)
        facts["source"] = _source(name, found)
    return Member("dataset", name, found["title"], facts, about=DATASETS.docstrings(name)[:1])


def _classes(found: dict[str, Any]) -> str:
    listed = found["class_names"]
    return f"{found['n_classes']:,}" + (f": {', '.join(listed)}" if isinstance(listed, tuple) else "")


def _source(name: str, found: dict[str, Any]) -> str:
    if found["made_of"]:
        return f"made of {found['made_of']}"
    if not found["digests"]:
        return "computed, nothing is downloaded"
    here = all(dataset_file(name, part).is_file() for part in found["digests"])
    return "downloaded; here already" if here else f"downloaded when first used, or by `gan-bench data fetch {name}`"


def corruption(name: str, preset: Preset) -> Member:
    """What it does, and how strongly."""
    found = CORRUPTIONS.attributes(name)
    severities = f"1 to {found['most']}" if found["most"] > 1 else "1: parameters are drawn for each image"
    return Member("corruption", name, found["title"], {"severities": severities}, about=CORRUPTIONS.docstrings(name)[::-1])


def suite(name: str, preset: Preset) -> Member:
    """What it trains, measures and judges."""
    found = suites.load(name)
    parts = ("datasets", "variants", "extractors", "metrics", "detectors")
    facts: dict[str, object] = {part: ", ".join(getattr(found, part)) or "none" for part in parts}
    facts["ranked by"] = found.headline
    if found.not_telling:
        facts["not telling"] = f"{', '.join(found.not_telling)}: these put damaged images before real ones, or tie them"
    return Member("suite", name, found.title, facts)


def budget(name: str, preset: Preset) -> Member:
    """The sizes that go with it."""
    found = PRESETS[name]
    facts: dict[str, object] = {
        "a cell": f"{found.budget.tflop:,g} TFLOP of training",
        "settings": "for few updates" if found.short else "as in the papers",
        "width": f"{found.width} channels",
        "scored": f"{found.n_fake:,} fakes against {found.n_real:,} reals",
        "judged": f"{found.n_judge:,} real test images",
    }
    return Member("budget", name, f"for {found.title}", facts)


DESCRIBE: dict[str, Callable[[str, Preset], Member]] = {
    "variant": variant, "dataset": dataset, "extractor": extractor, "metric": metric, "detector": detector,
    "corruption": corruption, "suite": suite, "budget": budget,
}  # fmt: skip
