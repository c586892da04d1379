"""What does a Frechet distance mean?  python benchmarks/scale.py [--datasets mnist,cifar10]

Scores test images that were damaged in known ways, and samples of the best Gaussian model of the training pixels (principal
components, which is what a linear generator could learn), as if a generator had made them. Untrained generators are the other
end of the scale. All at the counts of a preset.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench import suites
from gan_bench.budget import parse_preset
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment, pick
from gan_bench.run import make_plan, scorer_for
from gan_bench.sample import build_variant, draw
from gan_bench.seeds import stream

COMPONENTS = (20, 100, 300)


def damaged(dataset: Dataset, n: int) -> Iterator[tuple[str, Tensor]]:
    """(what was done, uint8 images (n, C, H, W))."""
    test = dataset.load("test").subset(n, "scale").images
    yield "real test images", test
    for factor in (2, 4):
        small = F.avg_pool2d(test.float(), factor)
        yield f"shrunk to 1/{factor} and enlarged", as_images(F.interpolate(small, scale_factor=factor, mode="bilinear"))
    yield "noise of sd 25", as_images(test + 25 * torch.randn(test.shape, generator=stream(0, "scale noise")))
    flat = dataset.load("train").images.float().flatten(1)
    mean = flat.mean(0)
    _, variances, components = torch.svd_lowrank(flat - mean, q=max(COMPONENTS) + 50, niter=4)
    for k in COMPONENTS:
        basis = components[:, :k]
        z = torch.randn(n, k, generator=stream(0, "scale gaussian", k)) * variances[:k] / len(flat) ** 0.5
        yield f"Gaussian of {k} principal components", as_images((mean + z @ basis.T).view_as(test))
        kept = (test.float().flatten(1) - mean) @ basis
        yield f"real test images, {k} principal components", as_images((mean + kept @ basis.T).view_as(test))
    yield "one grey", torch.full_like(test, int(mean.mean()))


def as_images(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", default="mnist,cifar10", help="each with a suite of its own name")
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    device, preset, rows = pick(args.device), parse_preset(args.budget), []
    for dataset in args.datasets.split(","):
        suite = suites.load(dataset)
        scorer = scorer_for(dataset, preset.n_real, suite.extractors, ("fd",), device, False)
        untrained = (
            (f"untrained {cell.variant}", draw(build_variant(cell, device), scorer.dataset, 0, "score", preset.n_fake).images)
            for cell in make_plan([dataset], preset, 1).cells
        )
        for sets in (damaged(scorer.dataset, preset.n_fake), untrained):
            for what, pictures in sets:
                found = {m.name: round(m.value, 2) for m in scorer.score(pictures, what) if m.value is not None}
                rows.append({"dataset": dataset, "images": what, **found})
                print(f"{dataset:8} {what:45}" + "".join(f"  {k} {v:9.2f}" for k, v in found.items()), flush=True)
    if args.out:
        args.out.write_text(json.dumps({"device": environment(device).device_name, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
