"""Turns arrays that somebody else made into images at rest. An error says what was found and what was expected."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.images.convert import to_uint8

MIN_SIDE = 8  # pixels of an image
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
LARGEST, FINEST = 1e6, 1e-4  # of black and white: their size, and their distance as a share of it, which float32 can tell apart
EXPECTED = "expected uint8, or floats with a known range of values"
Range = tuple[float, float]


@contextlib.contextmanager
def naming(what: Path | str) -> Iterator[None]:
    """The context in which the text of a UserError about an array gets the path of its file, or its own name, in front."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{what}: {error}") from error


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
        tensor = from_numpy(images) if isinstance(images, np.ndarray) else torch.as_tensor(images)
    except UserError:
        raise
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        kind = type(images).__name__
        raise UserError(f"found a value of type {kind}; expected a tensor or an array of images, or a list of them.") from error
    return plain(tensor)


def from_numpy(array: np.ndarray) -> Tensor:
    """An array as a tensor, without a copy where it can be had. Raises UserError for a dtype that torch does not have."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if any(stride < 0 for stride in native.strides):
        native = np.ascontiguousarray(native)
    try:
        return torch.from_numpy(native)
    except TypeError as error:
        raise UserError(f"found an array of {kind_of(array.dtype)}; {EXPECTED}.") from error


def kind_of(dtype: np.dtype) -> str:
    """A dtype in words: of one with fields, without them."""
    return "records" if dtype.names else str(dtype)


def plain(tensor: Tensor) -> Tensor:
    """The same tensor. Raises UserError where it is of a kind that does not hold one number for each place."""
    kinds = {
        "nested": tensor.is_nested, "quantized": tensor.is_quantized, "sparse": tensor.layout != torch.strided,
        "meta": tensor.is_meta,
    }  # fmt: skip
    for kind, is_of_it in kinds.items():
        if is_of_it:
            raise UserError(f"found a {kind} tensor; expected a dense one, with a number at each place.")
    return tensor


def check_range(value_range: Range, name: str) -> Range:
    """Black and white, if they can be; `name`: what the user gave them as.

    Raises UserError where they are not two finite numbers, black below white, which float32 can tell apart.
    """
    try:
        low, high = map(float, value_range)
    except (TypeError, ValueError, OverflowError):
        low = high = 0.0
    size = max(abs(low), abs(high))
    if not (low < high and size <= LARGEST and high - low >= max(FINEST * size, 1 / LARGEST)):  # false for nan, too
        raise UserError(
            f"{name} is not black and white as two numbers, such as -1,1 or 0,1: black below white, a million at most."
        )
    return value_range


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
        array = array.detach().float() if self.points else array.detach()
        if array.is_floating_point() and not array.isfinite().all():
            n = int((~array.isfinite()).sum())
            raise UserError(f"found {n:,} values that are not finite; check the generator first.")

        if self.points:
            return array.reshape(len(array), *self.image_shape)
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
        _check_points(shape, dtype, value_range)
        return Form((2, 1, 1), channels_last=False, points=True, value_range=None)

    image_shape, channels_last = _layout(shape)
    if dtype not in (torch.uint8, *FLOATS):
        raise UserError(f"found images of {dtype}; {EXPECTED}.")
    if value_range is not None:
        check_range(value_range, f"value_range {value_range}")
    if dtype.is_floating_point and value_range is None:
        raise UserError(
            "found float images; say what is black and what is white, such as -1 and 1: "
            "value_range in Python, --value-range in the shell; or save them as uint8."
        )
    return Form(image_shape, channels_last, False, value_range if dtype.is_floating_point else None)


def _check_points(shape: tuple[int, ...], dtype: torch.dtype, value_range: Range | None) -> None:
    if len(shape) not in (2, 4) or shape[1:] not in ((2,), (2, 1, 1)) or shape[0] < 1:
        raise UserError(f"found an array of shape {shape}; expected points (N, 2), N at least 1.")
    if dtype not in FLOATS + WHOLE:
        raise UserError(f"found points of {dtype}; expected floats.")
    if value_range is not None:
        raise UserError("found points, which have no black and white; leave the range of values out.")


def _layout(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool]:
    """(C, H, W) of the images in an array of this shape, and whether the channels come last. Raises UserError."""
    channels, height, width = 0, 0, 0
    channels_last = len(shape) == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3)
    if channels_last:
        height, width, channels = shape[1:]
    elif len(shape) == 4:
        channels, height, width = shape[1:]

    if channels not in (1, 3) or shape[0] < 1 or min(height, width) < MIN_SIDE:
        raise UserError(
            f"found an array of shape {shape}; expected images (N, C, H, W) or (N, H, W, C): "
            f"N at least 1, C 1 or 3, H and W at least {MIN_SIDE}."
        )
    return (channels, height, width), channels_last


def checked_labels(labels: Any, n: int, n_classes: int | None = None) -> Tensor:
    """Class numbers (n,) as int64. Raises UserError for another shape, and for numbers that are no class.

    labels     a tensor, an array or a list
    n_classes  classes are 0..n_classes - 1; None: any whole number is accepted
    """
    try:
        found = plain(from_numpy(labels) if isinstance(labels, np.ndarray) else torch.as_tensor(labels)).cpu()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        kind = kind_of(labels.dtype) if isinstance(labels, np.ndarray) else type(labels).__name__
        raise UserError(f"found labels of {kind}; expected class numbers, which are whole numbers.") from error

    check_labels(found.shape, found.dtype, str(found.dtype), n)
    whole = found.long()
    if found.dtype == torch.uint64 and (whole < 0).any():
        raise UserError("found labels above 2^63; expected class numbers.")
    if n_classes is not None and not 0 <= whole.min() <= whole.max() < n_classes:
        raise UserError(f"found labels from {whole.min()} to {whole.max()}; expected whole numbers below {n_classes}.")
    return whole


def check_labels(shape: Sequence[int], dtype: torch.dtype | None, kind: str, n: int) -> None:
    """Raises UserError where labels of this shape and dtype, `kind` in words, are not one whole number for each of n images."""
    if tuple(shape) != (n,):
        raise UserError(f"found labels of shape {tuple(shape)} for {n:,} images; expected one class number an image.")
    if dtype is None or dtype.is_floating_point or dtype.is_complex:
        raise UserError(f"found labels of {kind}; expected class numbers, which are whole numbers.")
