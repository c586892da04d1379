"""`gan-bench doctor`."""

from __future__ import annotations

import platform
import shutil

import gan_bench
from gan_bench.cli.options import Json
from gan_bench.cli.output import print_json, print_table
from gan_bench.core import cache
from gan_bench.core.files import cache_folder
from gan_bench.records import BENCHMARK_VERSION

AVAILABLE = "available"


def doctor(as_json: Json = False) -> None:
    """Device, threads, versions, and which weights and datasets are available."""
    found = _machine() | _datasets() | _extractors()
    if as_json:
        print_json(found)
    else:
        print_table([{"": key, " ": value} for key, value in found.items()])


def _machine() -> dict[str, str]:
    from gan_bench.device import environment, pick

    here, fault = environment(pick("auto")), cache.fault()
    return {
        "gan-bench": f"{gan_bench.__version__} (rules {BENCHMARK_VERSION})",
        "python": f"{here.python} on {platform.platform()}",
        "device": f"{here.device} ({here.device_name}), training in {here.precision}",
        "threads": f"{here.threads} of {here.cpus} CPUs",
        "packages": ", ".join(f"{k} {v}" for k, v in here.packages.items()),
        "npm": shutil.which("npm") or "not installed (the fallback source of the datasets)",
        "cache": f"{cache_folder()}{f', which cannot be written ({fault})' if fault else ''}",
    }


def _datasets() -> dict[str, str]:
    from gan_bench.datasets import DATASETS

    return {f"dataset {n}": " ".join(DATASETS.create(n).verify()) or AVAILABLE for n in DATASETS.complete_names()}


def _extractors() -> dict[str, str]:
    from gan_bench.device import pick
    from gan_bench.features import EXTRACTORS
    from gan_bench.features.base import Unavailable

    found = {}
    for name in EXTRACTORS.names():
        try:
            EXTRACTORS.create(name).load(pick("cpu"))
            found[f"extractor {name}"] = AVAILABLE
        except Unavailable as reason:
            found[f"extractor {name}"] = str(reason)
    return found
