"""Do the intervals over samples hold what they say?  python benchmarks/coverage.py [--sets 300] [--out FILE.json]

Draws many sets of fakes from a large pool, computes every metric that has an interval of each, and counts how often the
interval holds the mean over all sets, which is what other fakes of the same generator would show on the average at this
count. .95 is meant. The reals stay the same, as in a cell.

The pools: MNIST's training images by `mnist-cnn`; CIFAR-10's by `cifar10-resnet`; the same with noise, as of a bad generator;
and made-up skewed features with unequal classes.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from gan_bench.core.files import write_text
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.device import environment, pick
from gan_bench.executors.local import workers
from gan_bench.extraction import extract_cached
from gan_bench.features import EXTRACTORS
from gan_bench.images import convert
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Sampled
from gan_bench.metrics.measured import interval_of

N_FAKE, N_REAL, POOL = 1000, 2000, 20_000
NEEDS = ("features", "logits", "classifier", "condition", "train", "held-out")  # of metrics that look at features with classes


class Drawing(NamedTuple):
    """Where fakes are drawn from, and the reals that they are compared with."""

    fakes: Extracted
    real: Extracted


def of_dataset(name: str, noise: float) -> Drawing:
    """Training images of a dataset by its own classifier, with pixel noise of this deviation, against its test images."""
    dataset, device = DATASETS.create(name), pick("cpu")
    kinds = (EXTRACTORS.get(other) for other in EXTRACTORS.names())
    extractor = EXTRACTORS.create(next(kind.name for kind in kinds if kind.classifies == name))
    extractor.load(device)

    train, test = dataset.load("train").subset(POOL, "coverage"), dataset.load("test").subset(2 * N_REAL, "coverage")
    damage = noise * torch.randn(train.images.shape, generator=stream(0, "coverage noise"))
    images = (train.images + damage).round().clamp(0, 255).byte()
    fakes, reals = (extract_cached(extractor, x, convert.digest(x), f"coverage {name}") for x in (images, test.images))
    return Drawing(replace(fakes, labels=train.labels), halves(replace(reals, labels=test.labels)))


def made_up() -> Drawing:
    """Mixtures of four skewed clusters, in unequal shares among the fakes."""
    rng = stream(0, "coverage made up")
    centres = torch.randn(4, 16, generator=rng)

    def drawn(n: int, favour: list[float], shift: float) -> Extracted:
        labels = torch.multinomial(torch.tensor(favour), n, replacement=True, generator=rng)
        x = centres[labels] + torch.randn(n, 16, generator=rng)
        return Extracted(x.relu() + shift, -torch.cdist(x, centres).square(), labels)

    return Drawing(drawn(POOL, [0.1, 0.2, 0.3, 0.4], 0.1), halves(drawn(2 * N_REAL, [0.25] * 4, 0)))


def halves(reals: Extracted) -> Extracted:
    """One half as reals, the other as their held-out images."""
    assert reals.logits is not None and reals.labels is not None
    parts = [slice(None, N_REAL), slice(N_REAL, None)]
    real, held_out = (Extracted(reals.features[p], reals.logits[p], reals.labels[p]) for p in parts)
    return replace(real, held_out=held_out)


POOLS: dict[str, Callable[[], Drawing]] = {
    "MNIST": partial(of_dataset, "mnist", 0.0),
    "CIFAR-10": partial(of_dataset, "cifar10", 0.0),
    "CIFAR-10 with noise": partial(of_dataset, "cifar10", 50.0),
    "made up": made_up,
}


def measure(name: str, n_sets: int) -> list[dict[str, Any]]:
    """One row for each number with an interval: its coverage, and the mean of its errors over its true deviation."""
    pool = POOLS[name]()
    found: dict[str, list[Sampled]] = defaultdict(list)
    for i in range(n_sets):
        chosen = torch.randperm(POOL, generator=stream(0, "coverage", name, i))[:N_FAKE]
        for output, number in numbers_of(subset(pool.fakes, chosen), pool.real).items():
            found[output].append(number)
    return [row(name, output, numbers) for output, numbers in found.items() if len(set(numbers)) > 1]


def subset(images: Extracted, chosen: torch.Tensor) -> Extracted:
    """These images of a set."""
    assert images.logits is not None and images.labels is not None
    return Extracted(images.features[chosen], images.logits[chosen], images.labels[chosen])


def numbers_of(fakes: Extracted, real: Extracted) -> dict[str, Sampled]:
    """All numbers that have an interval, by name."""
    found: dict[str, Sampled] = {}
    for name in METRICS.names():
        metric = METRICS.create(name)
        if metric.needs in NEEDS:
            for output, number in metric(fakes, real).items():
                if isinstance(number, Sampled) and interval_of(number) is not None:
                    found[output] = number
    return found


def row(pool: str, output: str, numbers: list[Sampled]) -> dict[str, Any]:
    """How often the intervals of a number hold its mean, and on which side they miss it."""
    mean = float(np.mean(numbers))
    intervals = [found for number in numbers if (found := interval_of(number)) is not None]
    above, below = (float(np.mean(side)) for side in zip(*((i.low > mean, i.high < mean) for i in intervals), strict=True))
    true = float(np.std(numbers, ddof=1))
    ratio = float(np.mean([number.error for number in numbers])) / true
    print(
        f"{pool:20} {output:22} mean {mean:10.4g}  covers {1 - above - below:.3f}  error / true deviation {ratio:.2f}",
        flush=True,
    )
    return {
        "pool": pool, "output": output, "sets": len(intervals), "mean": mean, "true deviation": true,
        "coverage": 1 - above - below, "above": above, "below": below, "error over true deviation": ratio,
    }  # fmt: skip


def main() -> None:
    """Measure every pool; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    with workers(2) as each:
        rows = [row for rows in each(partial(measure, n_sets=args.sets), POOLS) for row in rows]
    if args.out:
        about = {"n_fake": N_FAKE, "n_real": N_REAL, "device": environment(pick("cpu")).device_name}
        write_text(args.out, json.dumps({**about, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
