"""The two forms that images have, and the only place where one becomes the other.

At rest: uint8 NCHW, 0..255. In networks: float32 NCHW in [-1, 1]. Points of a space, such as the plane, are kept as images of
one pixel with one channel for each coordinate, float32 in both forms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_bench.core.progress import bar
from gan_bench.images.sets import PIECE, ImageSet

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue in ITU-R BT.601


def are_points(image_shape: Sequence[int]) -> bool:
    """Whether this shape (C, H, W) is that of points with C coordinates: images of one pixel, kept as float32."""
    return tuple(image_shape[1:]) == (1, 1)


def to_float(images: Tensor) -> Tensor:
    """uint8 (B, C, H, W) in 0..255 -> float32 in [-1, 1], on the same device. Points are returned as they are."""
    return images.float().mul_(2 / 255).sub_(1) if images.dtype == torch.uint8 else images


def to_uint8(images: Tensor) -> Tensor:
    """float (B, C, H, W) in [-1, 1] -> uint8 in 0..255: clipped and rounded to the nearest level; the inverse of `to_float`."""
    return images.float().add(1).mul(255 / 2).round().clamp(0, 255).to(torch.uint8)


def at_rest(images: Tensor) -> Tensor:
    """What a network made, float (N, C, H, W), as it is kept and scored: uint8 images, or float32 points."""
    return images.float() if are_points(images.shape[1:]) else to_uint8(images)


def luma(images: Tensor) -> Tensor:
    """float (B, 3, H, W) -> (B, 1, H, W) in the same range: the luma of ITU-R BT.601."""
    return (images * images.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def to_channels(images: Tensor, channels: int) -> Tensor:
    """Grey <-> colour of uint8 or float images (B, 1 or 3, H, W): grey is repeated, colour becomes its luma."""
    if images.shape[1] == channels:
        return images
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1)

    grey = luma(images.float())
    return grey.round().to(torch.uint8) if images.dtype == torch.uint8 else grey


def digest(images: ImageSet) -> str:
    """SHA-256 over shape and bytes of images at rest (N, C, H, W)."""
    found = hashlib.sha256(repr(tuple(images.shape)).encode())
    with bar("checksum", total=len(images), unit="images") as advance:
        for piece in images.split(PIECE):
            found.update(piece.contiguous().numpy().tobytes())
            advance(len(piece))
    return found.hexdigest()
