"""What do the metrics cost?  python benchmarks/metrics.py [--n 50000] [--dim 1280]

Three parts; exit code 1 where one of the two limits is not met.
1. Memory: precision, recall, density and coverage of n fakes against n reals, in a separate process. Its peak memory, torch
   and the features included, must stay below 3 GB. One matrix of all distances would take 10 GB.
2. Time: the seconds that each metric takes at the counts of the preset `quick`, for a first set of fakes, and for another set
   against the same reals.
3. Reuse: a `SetScorer` without cached features scores two sets of photographs with noise. The work on the reals is done once,
   so the second set must take at most 1 / 1.8 of the time of the first.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from gan_bench.core.files import cache_folder, write_text
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment, peak_memory_mb, pick
from gan_bench.extraction import extract
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted
from gan_bench.scorer import SetScorer

MOST_GB, LEAST_RATIO = 3.0, 1.8
N_FAKE, N_REAL, CLASSES = 5_000, 10_000, 10
OF_FEATURES = ("features", "logits", "classifier", "condition", "train", "held-out")  # needs of metrics that look at features
DATASET, EXTRACTORS, SCORED = "cifar10", ("cifar10-resnet", "lite0"), ("fd", "kid", "is", "pr", "dc", "modes")


def random_features(n: int, dim: int, name: str) -> Extracted:
    """Random features (n, dim) of n images, with logits (n, CLASSES) and labels (n,). `name` is that of the random stream."""
    rng = stream(0, "metrics", name)
    features, logits = torch.randn(n, dim, generator=rng), torch.randn(n, CLASSES, generator=rng)
    return Extracted(features, logits, logits.argmax(1))


def random_reals(n: int, dim: int) -> Extracted:
    """Random features of n reals, with as many held-out ones."""
    return replace(random_features(n, dim, "real"), held_out=random_features(n, dim, "held out"))


def seconds_of(work: Callable[..., Any], *args: Any) -> float:
    """The seconds that `work(*args)` takes."""
    started = time.monotonic()
    work(*args)
    return time.monotonic() - started


def neighbours(n: int, dim: int) -> dict[str, Any]:
    """Seconds and peak memory of `pr` and then `dc` on the same sets, as in a score: `dc` reuses the distances among reals."""
    fake, real = random_features(n, dim, "fake"), random_features(n, dim, "real")
    before = peak_memory_mb(torch.device("cpu"))
    found = {name: seconds_of(METRICS.create(name), fake, real) for name in ("pr", "dc")}
    peak_gb = peak_memory_mb(torch.device("cpu")) * 2**20 / 1e9
    return {
        "n": n, "dim": dim, "pr sec": round(found["pr"], 1), "dc sec": round(found["dc"], 1),
        "features GB": round(2 * real.features.nbytes / 1e9, 3), "before GB": round(before * 2**20 / 1e9, 3),
        "peak GB": round(peak_gb, 3), "most GB": MOST_GB, "met": peak_gb <= MOST_GB,
    }  # fmt: skip


def alone(work: Callable[..., Any], *args: Any) -> Any:
    """The result of `work` in a new process. Start it while this one is small: Linux counts the parent's memory in its peak."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        return executor.submit(work, *args).result()


def each_metric(dim: int) -> list[dict[str, Any]]:
    """One row of seconds for each metric of features; each metric gets reals that no other has used."""
    rows = []
    names = [name for name in METRICS.names() if METRICS.get(name).needs in OF_FEATURES]
    for name in names:
        metric = METRICS.create(name)
        metric(random_features(1200, 16, "fake"), random_reals(1200, 16))  # the first call also imports and sets up
        real = random_reals(N_REAL, dim)
        first, following = (seconds_of(metric, random_features(N_FAKE, dim, fakes), real) for fakes in ("first", "next"))
        rows.append({"metric": name, "first sec": round(first, 3), "next sec": round(following, 3)})
        print(f"{name:14} first {first:8.3f} s  next {following:8.3f} s", flush=True)
    return rows


def noisy(dataset: Dataset, sd: int) -> Tensor:
    """N_FAKE test images, uint8 (N, C, H, W), with Gaussian noise of standard deviation `sd` grey levels."""
    test = dataset.load("test").subset(N_FAKE, "metrics").images
    noise = sd * torch.randn(test.shape, generator=stream(0, "metrics noise", sd))
    return (test + noise).round().clamp(0, 255).to(torch.uint8)


def reuse(device: torch.device) -> dict[str, Any]:
    """Seconds that one scorer takes for two sets of fakes, with a cache that holds nothing but the dataset."""
    dataset = DATASETS.create(DATASET)
    dataset.fetch()
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ):
        (Path(folder) / "datasets").symlink_to((cache_folder() / "datasets").resolve(), target_is_directory=True)
        os.environ["GAN_BENCH_CACHE"] = folder
        scorer = SetScorer(dataset, N_REAL, EXTRACTORS, SCORED, device, strict=True)
        sets = {f"noise of sd {sd}": noisy(dataset, sd) for sd in (25, 50)}
        for extractor in scorer.extractors:
            extract(extractor, scorer.split.images[torch.arange(100)], "warm-up")
        first, second = (seconds_of(scorer.score, fakes, title) for title, fakes in sets.items())
    return {
        "dataset": DATASET, "extractors": list(EXTRACTORS), "metrics": list(SCORED), "n_fake": N_FAKE, "n_real": N_REAL,
        "first sec": round(first, 1), "second sec": round(second, 1), "ratio": round(first / second, 3),
        "least ratio": LEAST_RATIO, "met": first / second >= LEAST_RATIO,
    }  # fmt: skip


def show(what: str, row: dict[str, Any]) -> None:
    """Print a row in one line."""
    print("  ".join([what, *(f"{key} {value}" for key, value in row.items() if not isinstance(value, list))]), flush=True)


def main() -> None:
    """Measure the three parts; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=50_000, help="number of fakes, and of reals, of the part on memory")
    parser.add_argument("--dim", type=int, default=1280, help="number of random features of each image")
    parser.add_argument("--device", default="auto", help="for the extractors; metrics are computed on the CPU")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    device = pick(args.device)
    large = alone(neighbours, args.n, args.dim)
    show("precision, recall, density, coverage:", large)
    rows = each_metric(args.dim)
    again = reuse(device)
    show("two sets of fakes:", again)

    if args.out:
        machine = environment(device)
        found = {
            "device": machine.device_name, "threads": machine.threads, "torch": torch.__version__,
            "memory": large, "n_fake": N_FAKE, "n_real": N_REAL, "dim": args.dim, "seconds": rows, "reuse": again,
        }  # fmt: skip
        write_text(args.out, json.dumps(found, indent=2) + "\n")
    raise SystemExit(0 if large["met"] and again["met"] else 1)


if __name__ == "__main__":
    main()
