"""Arrays that somebody else made, turned into images at rest; what is wrong with one is said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_bench.errors import UserError
from gan_bench.images import to_uint8

MIN_SIDE = 8  # pixels of an image
Range = tuple[float, float]


@dataclass(frozen=True)
class Form:
    """How an array holds images, or points of the plane.

    image_shape  (C, H, W), once at rest
    value_range  what is black and what is white, of floats; None for uint8 and for points
    """

    image_shape: tuple[int, int, int]
    channels_last: bool
    points: bool
    value_range: Range | None

    def at_rest(self, array: Tensor) -> Tensor:
        """Some of the array's images (B, ...) -> (B, C, H, W). Raises UserError at values that are none, or out of range."""
        if array.is_floating_point() and not array.isfinite().all():
            raise UserError(
                f"found {int((~array.isfinite()).sum()):,} values that are not finite; look at the generator first."
            )
        if self.points:
            return array.float().reshape(len(array), *self.image_shape)
        array = array.permute(0, 3, 1, 2) if self.channels_last else array
        if self.value_range is None:
            return array.contiguous()
        low, high = self.value_range
        least, most = float(array.min()), float(array.max())
        if least < low or most > high:
            raise UserError(
                f"found values from {least:.4g} to {most:.4g}, outside the range of values {low:g} to {high:g}; "
                "clamp them or say another range."
            )
        return to_uint8(2 * (array.float() - low) / (high - low) - 1)


def form_of(shape: Sequence[int], dtype: torch.dtype, value_range: Range | None, points: bool) -> Form:
    """The form of an array of this shape and dtype. Raises UserError that says what was found and what was expected."""
    shape = tuple(shape)
    if points:
        if len(shape) not in (2, 4) or shape[1:] not in ((2,), (2, 1, 1)) or shape[0] == 0:
            raise UserError(f"found an array of shape {shape}; expected points (N, 2), N at least 1.")
        return Form((2, 1, 1), channels_last=False, points=True, value_range=None)
    four = len(shape) == 4
    channels_last = four and shape[1] not in (1, 3) and shape[3] in (1, 3)
    channels, height, width = (shape[3], *shape[1:3]) if channels_last else shape[1:] if four else (0, 0, 0)
    if not four or shape[0] == 0 or channels not in (1, 3) or min(height, width) < MIN_SIDE:
        raise UserError(
            f"found an array of shape {shape}; expected images (N, C, H, W) or (N, H, W, C): "
            f"N at least 1, C 1 or 3, H and W at least {MIN_SIDE}."
        )
    if dtype != torch.uint8 and not dtype.is_floating_point:
        raise UserError(f"found images of {dtype}; expected uint8, or floats whose range of values is said.")
    if dtype.is_floating_point and value_range is None:
        raise UserError(
            "found float images; say what is black and what is white, such as -1 and 1: "
            "value_range in Python, --value-range in the shell."
        )
    return Form((channels, height, width), channels_last, False, value_range if dtype.is_floating_point else None)


def checked_labels(labels: Tensor, n: int, n_classes: int | None = None) -> Tensor:
    """Class numbers (n,), below n_classes where that is known. Raises UserError."""
    if labels.shape != (n,):
        raise UserError(f"found labels of shape {tuple(labels.shape)} for {n:,} images; expected one class number an image.")
    if labels.is_floating_point() or labels.is_complex():
        raise UserError(f"found labels of {labels.dtype}; expected class numbers, which are whole.")
    if n_classes is not None and not 0 <= labels.min() <= labels.max() < n_classes:
        raise UserError(f"found labels from {labels.min()} to {labels.max()}; expected whole numbers below {n_classes}.")
    return labels.long()
