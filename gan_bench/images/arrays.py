"""Turns arrays that somebody else made into images at rest. An error says what was found and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.images.convert import to_uint8

MIN_SIDE = 8  # pixels of an image
Range = tuple[float, float]


def joined(images: Any) -> Tensor:
    """A tensor, an array, or a list of them, single images or batches, as one tensor, on the device that they are on.

    Raises UserError for anything else, and where the parts do not fit together.
    """
    if not isinstance(images, list | tuple):
        return _tensor(images)

    parts = [_tensor(part) for part in images]
    kinds = list(dict.fromkeys(str(part.dtype) for part in parts))
    if len(kinds) != 1:
        found = f"images of {' and '.join(kinds)}" if kinds else "nothing"
        raise UserError(f"found a list of {found}; expected images of one type.")
    try:
        return torch.stack(parts) if parts[0].ndim in (1, 3) else torch.cat(parts)  # one point (2,), one image (C, H, W)
    except RuntimeError as error:
        shapes = ", ".join(str(shape) for shape in list(dict.fromkeys(tuple(part.shape) for part in parts))[:3])
        raise UserError(
            f"found a list of arrays of shapes {shapes}; expected single images or batches, of one size."
        ) from error


def _tensor(images: Any) -> Tensor:
    try:
        return torch.as_tensor(images)
    except (TypeError, ValueError, RuntimeError) as error:
        kind = type(images).__name__
        raise UserError(f"found a value of type {kind}; expected a tensor or an array of images, or a list of them.") from error


@dataclass(frozen=True)
class Form:
    """How an array holds images, or points of the plane.

    image_shape    (C, H, W) of the images at rest
    channels_last  whether the array is (N, H, W, C)
    points         whether it holds points instead of images
    value_range    the values of black and of white, for floats; None for uint8 and for points
    """

    image_shape: tuple[int, int, int]
    channels_last: bool
    points: bool
    value_range: Range | None

    def at_rest(self, array: Tensor) -> Tensor:
        """Some of the array's images (B, ...) -> images at rest (B, C, H, W): uint8, or float32 for points.

        Raises UserError for values that are not finite or are out of range.
        """
        if array.is_floating_point() and not array.isfinite().all():
            n = int((~array.isfinite()).sum())
            raise UserError(f"found {n:,} values that are not finite; check the generator first.")

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
    """The form of an array of this shape and dtype.

    value_range  the values of black and of white, for an array of floats
    points       whether points (N, 2) are expected instead of images

    Raises UserError for a shape or a dtype that images or points cannot have, and for float images without `value_range`.
    """
    shape = tuple(shape)
    if points:
        if len(shape) not in (2, 4) or shape[1:] not in ((2,), (2, 1, 1)) or shape[0] == 0:
            raise UserError(f"found an array of shape {shape}; expected points (N, 2), N at least 1.")
        return Form((2, 1, 1), channels_last=False, points=True, value_range=None)

    image_shape, channels_last = _layout(shape)
    if dtype != torch.uint8 and not dtype.is_floating_point:
        raise UserError(f"found images of {dtype}; expected uint8, or floats with a known range of values.")
    if dtype.is_floating_point and value_range is None:
        raise UserError(
            "found float images; say what is black and what is white, such as -1 and 1: "
            "value_range in Python, --value-range in the shell; or save them as uint8."
        )
    return Form(image_shape, channels_last, False, value_range if dtype.is_floating_point else None)


def _layout(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool]:
    """(C, H, W) of the images in an array of this shape, and whether the channels come last. Raises UserError."""
    channels, height, width = 0, 0, 0
    channels_last = len(shape) == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3)
    if channels_last:
        height, width, channels = shape[1:]
    elif len(shape) == 4:
        channels, height, width = shape[1:]

    if channels not in (1, 3) or shape[0] == 0 or min(height, width) < MIN_SIDE:
        raise UserError(
            f"found an array of shape {shape}; expected images (N, C, H, W) or (N, H, W, C): "
            f"N at least 1, C 1 or 3, H and W at least {MIN_SIDE}."
        )
    return (channels, height, width), channels_last


def checked_labels(labels: Tensor, n: int, n_classes: int | None = None) -> Tensor:
    """Class numbers (n,) as int64. Raises UserError for another shape, and for numbers that are no class.

    n_classes  classes are 0..n_classes - 1; None: any whole number is accepted
    """
    if labels.shape != (n,):
        raise UserError(f"found labels of shape {tuple(labels.shape)} for {n:,} images; expected one class number an image.")
    if labels.is_floating_point() or labels.is_complex():
        raise UserError(f"found labels of {labels.dtype}; expected class numbers, which are whole numbers.")
    if n_classes is not None and not 0 <= labels.min() <= labels.max() < n_classes:
        raise UserError(f"found labels from {labels.min()} to {labels.max()}; expected whole numbers below {n_classes}.")
    return labels.long()
