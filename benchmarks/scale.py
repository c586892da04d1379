"""What does a Frechet distance mean?  python benchmarks/scale.py [--datasets mnist,cifar10]

Scores images of three kinds as if a generator had made them, at the counts of a preset: test images that were damaged in
known ways; samples of a Gaussian model of the training pixels (principal components, which is what a linear generator could
learn); and samples of untrained generators, the other end of the scale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.budget import Preset, parse_preset
from gan_bench.core.files import write_text
from gan_bench.core.seeds import stream
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment, pick
from gan_bench.images.damage import as_images
from gan_bench.plan import RunRequest, make_plan
from gan_bench.sample import build_variant, draw
from gan_bench.scorer import scorer_for

COMPONENTS = (20, 100, 300)


def damaged(dataset: Dataset, n: int) -> Iterator[tuple[str, Tensor]]:
    """(what was done, uint8 images (N, C, H, W)) of damaged test images and of samples of Gaussian models.

    N is n, or the number of test images where there are fewer.
    """
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
        z = torch.randn(len(test), k, generator=stream(0, "scale gaussian", k)) * variances[:k] / len(flat) ** 0.5
        yield f"Gaussian of {k} principal components", as_images((mean + z @ basis.T).view_as(test))
        kept = (test.float().flatten(1) - mean) @ basis
        yield f"real test images, {k} principal components", as_images((mean + kept @ basis.T).view_as(test))
    yield "one grey", torch.full_like(test, int(mean.mean()))


def score_dataset(dataset: str, preset: Preset, device: torch.device) -> list[dict[str, Any]]:
    """One row of Frechet distances for each kind of images."""
    cells = make_plan(RunRequest([dataset], preset, device=device.type)).cells
    scorer = scorer_for(cells[0].model_copy(update={"metrics": ("fd",)}), device)

    def untrained() -> Iterator[tuple[str, Tensor]]:
        for cell in cells:
            drawn = draw(build_variant(cell, device), scorer.dataset, 0, "score", preset.n_fake)
            yield f"untrained {cell.variant}", drawn.images

    rows = []
    for what, images in chain(damaged(scorer.dataset, preset.n_fake), untrained()):
        found = {m.name: round(m.value, 2) for m in scorer.score(images, what) if m.value is not None}
        rows.append({"dataset": dataset, "images": what, **found})
        print(f"{dataset:8} {what:45}" + "".join(f"  {k} {v:9.2f}" for k, v in found.items()), flush=True)
    return rows


def main() -> None:
    """Score all kinds of images of each dataset; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", default="mnist,cifar10", help="each has a suite of its own name")
    parser.add_argument("--budget", default="quick", help="the preset whose counts are used")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    device, preset = pick(args.device), parse_preset(args.budget)
    rows = [row for dataset in args.datasets.split(",") for row in score_dataset(dataset, preset, device)]
    if args.out:
        write_text(args.out, json.dumps({"device": environment(device).device_name, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
