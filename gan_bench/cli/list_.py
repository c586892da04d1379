"""`gan-bench list`: one row for each member of a family, read from the sources, so that torch need not be loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from gan_bench import suites
from gan_bench.budget import PRESETS
from gan_bench.cli import completion
from gan_bench.cli.options import Json
from gan_bench.cli.output import Row, print_json, print_refused, print_table
from gan_bench.core.cache import dataset_file
from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.features import EXTRACTORS
from gan_bench.generators import VARIANTS
from gan_bench.metrics import METRICS
from gan_bench.records import CLEAN, TIERS

Listing = tuple[Sequence[Row], list[str]]  # rows, and a sentence for each member that is refused


def variants() -> Listing:
    """Name, title, paper and task of each variant."""
    found, refused = VARIANTS.describe()
    return [{"variant": v["name"], "title": v["title"], "paper": v["paper"], "task": v["task"]} for v in found], refused


def datasets() -> Listing:
    """Name, title, size, classes of each dataset, and whether its files are in the cache."""
    found, refused = DATASETS.describe()
    files = {d["name"]: [dataset_file(d["name"], part) for part in d["digests"]] for d in found}
    rows = []
    for d in found:
        if d["name"].endswith(":"):
            continue  # its images are the user's
        channels, height, width = d["image_shape"]
        needed = files[d["name"]] + files.get(d["made_of"], [])
        rows.append({
            "dataset": d["name"], "title": d["title"], "images": f"{height}x{width}x{channels}", "classes": d["n_classes"],
            "available": all(file.is_file() for file in needed),
        })  # fmt: skip
    return rows, refused


def extractors() -> Listing:
    """Name of each extractor, and the dataset whose classes it knows."""
    found, refused = EXTRACTORS.describe()
    return [{"extractor": e["name"], "classifies": e["classifies"]} for e in found], refused


def metrics() -> Listing:
    """One row for each number of each metric."""
    found, refused = METRICS.describe()
    rows = []
    for m in found:
        for value, higher in m["outputs"].items():
            rows.append({
                "metric": m["name"], "title": m["title"], "better": "higher" if higher else "lower", "value": value,
                "needs": m["needs"], "paper": m["paper"],
            })  # fmt: skip
    return rows, refused


def detectors() -> Listing:
    """Name and method of each detector, whether its fit takes long, and whether it can be attacked through its gradients."""
    found, refused = DETECTORS.describe()
    rows = []
    for d in found:
        name = d["name"] + ("NAME" if d["name"].endswith(":") else "")
        rows.append({"detector": name, "method": d["method"], "costly": d["costly"], "gradients": d["differentiable"]})
    return rows, refused


def corruptions() -> Listing:
    """Name of each corruption, what it does, and how many severities it has."""
    found, refused = CORRUPTIONS.describe()
    return [{"corruption": c["name"], "title": c["title"], "severities": c["most"]} for c in found], refused


def tiers() -> Listing:
    """How images are delivered to detectors: not changed, or by the corruption of the tier's name."""
    found, refused = CORRUPTIONS.describe()
    titles = {c["name"]: c["title"] for c in found} | {CLEAN: "as they were made, nothing done"}
    return [{"tier": tier, "title": titles.get(tier)} for tier in TIERS], refused


def suite_rows() -> Listing:
    """What each suite trains and measures."""
    valid, refused = suites.load_valid()
    rows = []
    for name, suite in valid.items():
        rows.append({
            "suite": name, "datasets": ", ".join(suite.datasets), "variants": ", ".join(suite.variants),
            "extractors": ", ".join(suite.extractors),
        })  # fmt: skip
    return rows, refused


def budgets() -> Listing:
    """The presets and their sizes."""
    rows = []
    for preset in PRESETS.values():
        settings = "for few updates" if preset.short else "as in the papers"
        rows.append({
            "budget": preset.name, "tflop a cell": preset.budget.tflop, "width": preset.width, "settings": settings,
            "fakes": preset.n_fake, "reals": preset.n_real, "judged": preset.n_judge,
        })  # fmt: skip
    return rows, []


FAMILIES: dict[str, Callable[[], Listing]] = {
    "variants": variants, "datasets": datasets, "extractors": extractors, "metrics": metrics, "detectors": detectors,
    "corruptions": corruptions, "tiers": tiers, "suites": suite_rows, "budgets": budgets,
}  # fmt: skip


def list_(
    what: Annotated[
        str, typer.Argument(help=", ".join(FAMILIES), autocompletion=completion.one(lambda: FAMILIES), show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """List all variants, datasets, extractors, metrics, detectors, corruptions, tiers, suites or budgets."""
    if what not in FAMILIES:
        raise UserError(suggest(what, FAMILIES, "list"))

    rows, refused = FAMILIES[what]()
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
    print_refused(refused)
