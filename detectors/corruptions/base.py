"""The contract of a corruption, and what all of them need.

Strengths depend on the resolution: a blur that photographs survive destroys an image of 32 pixels. Each table of strengths
has three rows, for images whose larger side is at most 40, at most 96, and above. Where a file does not say otherwise, the
first two rows are those of CIFAR-10-C and Tiny-ImageNet-C (Hendrycks and Dietterich 2019, "Benchmarking Neural Network
Robustness to Common Corruptions and Perturbations"). The third is ours: ImageNet-C begins where a web page would end.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.seeds import derive
from gan_bench.detectors.corruptions import CORRUPTIONS

T = TypeVar("T")
Rows = tuple[T, T, T]  # for small, medium and large images
Parameters = dict[str, float | int | str]  # plain data, as JSON has it

SMALL, MEDIUM = 40, 96  # pixels: the largest side of the first two rows


class Corruption(abc.ABC):
    """Changes images, in a way that the parameters of each image tell completely.

    name   what the command line calls it
    title  one line that says what it does
    most   the highest severity
    """

    name: ClassVar[str]
    title: ClassVar[str]
    most: ClassVar[int] = 5

    @abc.abstractmethod
    def draw(self, severity: int, side: int, n: int, seed: int) -> list[Parameters]:
        """The parameters of each of `n` images whose larger side is `side` pixels; all of them empty at severity 0.

        The same arguments give the same list. The parameters of image i do not depend on `n`. severity: 0 to `most`.
        """

    @abc.abstractmethod
    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """uint8 (H, W, C), C 1 or 3 -> the same shape. The same parameters give the same bytes."""


class DrawnCorruption(Corruption):
    """Makes the parameters of an image of `n_draws` random numbers, the same ones at every severity.

    So severities differ in strength alone: the place of a crop, the sign of a change and the seed of noise stay.
    """

    n_draws: ClassVar[int] = 0

    def draw(self, severity: int, side: int, n: int, seed: int) -> list[Parameters]:
        """See `Corruption.draw`."""
        if severity == 0:
            return [{} for _ in range(n)]
        rng = np.random.default_rng(derive(seed, "corruption", self.name))
        return [self.parameters(severity, side, draws) for draws in rng.random((n, self.n_draws)).tolist()]

    @abc.abstractmethod
    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The parameters of one image, made of `n_draws` numbers in [0, 1). severity: 1 to `most`."""


def corrupt(images: Tensor, name: str, severity: int, seed: int) -> tuple[Tensor, list[Parameters]]:
    """uint8 images (N, C, H, W) -> the corrupted images, and what was done to each of them. Severity 0: nothing.

    Raises UserError at an unknown name, a severity that the corruption does not have, or data that are no images.
    """
    corruption = CORRUPTIONS.create(name)
    _check(images)
    if not 0 <= severity <= corruption.most:
        raise UserError(f"corruption {name!r} has severities 0 to {corruption.most}; found {severity}.")
    parameters = corruption.draw(severity, max(images.shape[2:]), len(images), seed)
    return _applied(images, corruption, parameters), parameters


def reapply(images: Tensor, name: str, parameters: Sequence[Parameters]) -> Tensor:
    """uint8 images (N, C, H, W) -> the same bytes as `corrupt` gave with these parameters, one set for each image."""
    corruption = CORRUPTIONS.create(name)
    _check(images)
    return _applied(images, corruption, parameters)


def _check(images: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        found = f"{images.dtype} {tuple(images.shape)}"
        raise UserError(f"corruptions need uint8 images (N, C, H, W) with 1 or 3 channels; found {found}.")


def _applied(images: Tensor, corruption: Corruption, parameters: Sequence[Parameters]) -> Tensor:
    before = np.ascontiguousarray(images.permute(0, 2, 3, 1).cpu().numpy())  # (N, H, W, C)
    after = before.copy()
    for i, (image, given) in enumerate(zip(before, parameters, strict=True)):
        if given:
            after[i] = corruption.apply(image, given)
    return torch.from_numpy(after).permute(0, 3, 1, 2).contiguous()


def for_side(rows: Rows[T], side: int) -> T:
    """The row of a table for images whose larger side is `side` pixels."""
    return rows[(side > SMALL) + (side > MEDIUM)]


def between(limits: tuple[float, float], draw: float) -> float:
    """A number in [0, 1) -> one between the limits."""
    low, high = limits
    return low + (high - low) * draw


def whole_between(limits: tuple[int, int], draw: float) -> int:
    """A number in [0, 1) -> a whole number from the first limit to the second, both included; all are equally likely."""
    low, high = limits
    return low + int((high - low + 1) * draw)


def noise_seed(draw: float) -> int:
    """A number in [0, 1) -> a seed below 2^53, which is as many as such numbers there are."""
    return int(draw * 2**53)


def as_levels(values: np.ndarray) -> np.ndarray:
    """Floats about 0..255 -> uint8 of the same shape, rounded and clipped."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def to_picture(image: np.ndarray) -> Image.Image:
    """uint8 (H, W, 1) or (H, W, 3) -> a Pillow image of mode L or RGB."""
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)


def from_picture(picture: Image.Image) -> np.ndarray:
    """A Pillow image of mode L or RGB -> uint8 (H, W, 1) or (H, W, 3)."""
    return np.asarray(picture).reshape(picture.height, picture.width, -1)
