"""Rows that are no generator, so that a number means something alone. Each is a function of (dataset, n) to a `Reference`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench import images, tasks
from gan_bench.datasets.base import Dataset
from gan_bench.sample import originals
from gan_bench.seeds import stream
from gan_bench.streams import Pictures


class Reference(NamedTuple):
    """pictures at rest (n, C, H, W); of a task that starts from images also their labels (n,) and the truth, like pictures."""

    note: str
    pictures: Pictures
    labels: Tensor | None = None
    truth: Tensor | None = None


def real(dataset: Dataset, n: int) -> Reference:
    pictures = dataset.load("test").subset(n, dataset.name, "reference", n).images
    return Reference("the official test split, scored as if it were generated", pictures)


def noise(dataset: Dataset, n: int) -> Reference:
    """What every generator must beat."""
    rng, shape = stream(0, "noise"), (n, *dataset.image_shape)
    if images.are_points(dataset.image_shape):
        points = dataset.load("test").images
        low, high = points.amin(0), points.amax(0)
        return Reference(
            "uniformly random points of the reals' rectangle", low + (high - low) * torch.rand(shape, generator=rng)
        )
    return Reference("uniformly random pixels", torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8))


def untranslated(dataset: Dataset, n: int) -> Reference:
    """What every translator must beat."""
    given = originals(dataset, "test", "score", n)
    pictures = images.to_uint8(tasks.undressed(images.to_float(given.images)))
    return Reference("the translators' input, as it is", pictures, given.labels, given.images)


def bicubic(dataset: Dataset, n: int) -> Reference:
    """What every upscaler must beat."""
    given = originals(dataset, "test", "score", n)
    small = tasks.shrunk(images.to_float(given.images))
    grown = F.interpolate(small, size=given.images.shape[2:], mode="bicubic", align_corners=False).clamp(-1, 1)
    return Reference(
        "the upscalers' input, enlarged by bicubic interpolation", images.to_uint8(grown), given.labels, given.images
    )


ALWAYS = {"real": real, "noise": noise}
OF_TASK = {"translate": {"untranslated": untranslated}, "upscale": {"bicubic": bicubic}}
REFERENCES = {**ALWAYS, **{name: make for made in OF_TASK.values() for name, make in made.items()}}
