"""What there is and what is at hand: the rows of `gan-bench list` and `gan-bench doctor`."""

from __future__ import annotations

import platform
import shutil
from typing import Any

import gan_bench
from gan_bench import suites
from gan_bench.budget import PRESETS
from gan_bench.paths import cache_folder


def rows(what: str) -> list[dict[str, Any]]:
    """One row per name of a family, e.g. rows("variants")."""
    return TABLES[what]()


def variants() -> list[dict[str, Any]]:
    from generators import VARIANTS

    kinds = {name: VARIANTS.get(name) for name in VARIANTS.names()}
    return [{"variant": name, "title": kind.title, "paper": kind.paper, "task": kind.task} for name, kind in kinds.items()]


def datasets() -> list[dict[str, Any]]:
    from gan_bench.datasets import DATASETS

    found = []
    for name in DATASETS.complete_names():
        dataset = DATASETS.create(name)
        channels, height, width = dataset.image_shape
        found.append({
            "dataset": name, "title": dataset.title,
            "images": f"{height}x{width}x{channels}", "classes": len(dataset.class_names),
            "at hand": not dataset.verify(),
        })  # fmt: skip
    return found


def extractors() -> list[dict[str, Any]]:
    from gan_bench.features import EXTRACTORS

    return [{"extractor": k, "classifies": EXTRACTORS.get(k).classifies} for k in EXTRACTORS.names()]


def metrics() -> list[dict[str, Any]]:
    from gan_bench.metrics import METRICS

    return [
        {
            "metric": k,
            "title": (m := METRICS.get(k)).title,
            "better": better,
            "value": output,
            "needs": m.needs,
            "paper": m.paper,
        }
        for k in METRICS.names()
        for output, better in ((o, "higher" if up else "lower") for o, up in METRICS.get(k).outputs.items())
    ]


def detectors() -> list[dict[str, Any]]:
    from detectors import DETECTORS

    return [{"detector": k + ("NAME" if k.endswith(":") else "")} for k in DETECTORS.names()]


def suite_rows() -> list[dict[str, Any]]:
    loaded = {name: suites.load(name) for name in suites.names()}
    return [
        {
            "suite": name,
            "datasets": ", ".join(s.datasets),
            "variants": ", ".join(s.variants),
            "extractors": ", ".join(s.extractors),
        }
        for name, s in loaded.items()
    ]


def budgets() -> list[dict[str, Any]]:
    return [
        {
            "budget": p.name,
            "tflop a cell": p.budget.tflop,
            "width": p.width,
            "settings": "for few updates" if p.short else "as in the papers",
            "fakes": p.n_fake,
            "reals": p.n_real,
            "judged": p.n_judge,
        }
        for p in PRESETS.values()
    ]


TABLES = {
    "variants": variants, "datasets": datasets, "extractors": extractors, "metrics": metrics, "detectors": detectors,
    "suites": suite_rows, "budgets": budgets,
}  # fmt: skip


def health() -> dict[str, Any]:
    """What a run on this machine would find."""
    from gan_bench.datasets import DATASETS
    from gan_bench.device import environment, pick
    from gan_bench.features import EXTRACTORS
    from gan_bench.features.base import Unavailable

    here = environment(pick("auto"))
    found: dict[str, Any] = {
        "gan-bench": f"{gan_bench.__version__} (rules {gan_bench.BENCHMARK_VERSION})",
        "python": f"{here.python} on {platform.platform()}",
        "device": f"{here.device} ({here.device_name}), training in {here.precision}",
        "threads": f"{here.threads} of {here.cpus} CPUs",
        "packages": ", ".join(f"{k} {v}" for k, v in here.packages.items()),
        "npm": shutil.which("npm") or "not installed (the fallback source of the datasets)",
        "cache": str(cache_folder()),
    }
    for name in DATASETS.complete_names():
        found[f"dataset {name}"] = " ".join(DATASETS.create(name).verify()) or "at hand"
    for name in EXTRACTORS.names():
        try:
            EXTRACTORS.create(name).load(pick("cpu"))
            found[f"extractor {name}"] = "at hand"
        except Unavailable as reason:
            found[f"extractor {name}"] = str(reason)
    return found
