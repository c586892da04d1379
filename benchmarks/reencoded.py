"""How many real photographs are called fake once somebody saved them as JPEG?  python benchmarks/reencoded.py runs/quick

For every detector of a run that was fitted on tier `clean`: the share of the reals of the test fold above its threshold, as
they are, and saved as JPEG of quality 95 and 75, with colours at half and at full resolution. The threshold is the one that 5 %
of the validation reals exceed. A plain detector knows real photographs only as the dataset stores them.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_bench.core.files import write_text
from gan_bench.datasets import DATASETS
from gan_bench.detectors.delivery import TEST
from gan_bench.device import pick
from gan_bench.kept import kept_detectors
from gan_bench.material import real_folds
from gan_bench.records import CLEAN

SAVED = [(quality, subsampling) for quality in (95, 75) for subsampling in ("4:2:0", "4:4:4")]


def saved_as_jpeg(images: Tensor, quality: int, subsampling: str) -> Tensor:
    """uint8 (N, C, H, W) -> the same, each encoded and decoded by Pillow."""
    found = []
    for image in images.permute(0, 2, 3, 1).numpy():
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality, subsampling=subsampling)
        found.append(np.asarray(Image.open(file)).reshape(image.shape))
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).contiguous()


def shares_of(run: Path, dataset: str) -> list[dict[str, Any]]:
    """One row for each fitted detector of a dataset: the share of its reals that it calls fake, by how they were saved."""
    split, sets = DATASETS.create(dataset).load("test"), {}
    rows = []
    for kept in kept_detectors(run, CLEAN):
        spec = kept.record.spec
        if spec.dataset != dataset or spec.members:
            continue
        if spec.n_judge not in sets:
            real = real_folds(split.images, spec.n_judge)[TEST]
            sets[spec.n_judge] = {"as it is": real} | {f"q{q} {s}": saved_as_jpeg(real, q, s) for q, s in SAVED}
        detector, card = kept.read(pick("cpu"))
        shares = {
            how: float((detector.score(detector.prepare(images)) > card.threshold).mean())
            for how, images in sets[spec.n_judge].items()
        }
        rows.append({"detector": spec.detector, "seed": spec.seed, **shares})
    return rows


def main() -> None:
    """Print one row for each detector and seed, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    rows = shares_of(arguments.run, arguments.dataset)
    for row in rows:
        print("  ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{value}" for name, value in row.items()))
    if arguments.out:
        write_text(arguments.out, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
