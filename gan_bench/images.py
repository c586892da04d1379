"""Images: the two forms they have, the one border between them, and their files.

At rest: uint8 NCHW, 0..255. In networks: float32 NCHW in [-1, 1]. Converted here and nowhere else. Points of a space, such as
the plane, travel as images of one pixel with a channel a coordinate, float32 in both forms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_bench.records import atomic_path
from gan_bench.streams import PIECE, Pictures


def are_points(image_shape: Sequence[int]) -> bool:
    """Whether this shape (C, H, W) is that of points of C coordinates: images of one pixel, kept as float32."""
    return tuple(image_shape[1:]) == (1, 1)


def to_float(images: Tensor) -> Tensor:
    """uint8 0..255 -> float32 in [-1, 1], on the device the images are on. Points are as networks see them already."""
    return images.float().mul_(2 / 255).sub_(1) if images.dtype == torch.uint8 else images


def to_uint8(images: Tensor) -> Tensor:
    """float in [-1, 1] -> uint8 0..255: clipped, rounded to the nearest level; the inverse of `to_float`."""
    return images.float().add(1).mul(255 / 2).round().clamp(0, 255).to(torch.uint8)


def at_rest(images: Tensor) -> Tensor:
    """What a network made, (N, C, H, W), as it is kept and scored: uint8 images, or float32 points."""
    return images.float() if are_points(images.shape[1:]) else to_uint8(images)


def to_channels(images: Tensor, channels: int) -> Tensor:
    """Grey <-> colour of uint8 or float images: grey is repeated, colour becomes its luma (ITU-R BT.601)."""
    if images.shape[1] == channels:
        return images
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1)
    luma = (images.float() * torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return luma.round().to(torch.uint8) if images.dtype == torch.uint8 else luma


def digest(images: Pictures) -> str:
    """SHA-256 over shape and bytes of images at rest (N, C, H, W)."""
    found = hashlib.sha256(repr(tuple(images.shape)).encode())
    for piece in images.split(PIECE):
        found.update(piece.contiguous().numpy().tobytes())
    return found.hexdigest()


def grid(images: Tensor, columns: int, scale: int = 2, gap: int = 2) -> np.ndarray:
    """uint8 (N, C, H, W) -> one uint8 picture (H', W', 3) of N images in rows, each pixel `scale` wide."""
    n, _, height, width = images.shape
    rows = -(-n // columns)
    big = to_channels(images, 3).permute(0, 2, 3, 1).numpy().repeat(scale, axis=1).repeat(scale, axis=2)
    cell_h, cell_w = height * scale + gap, width * scale + gap
    picture = np.full((rows * cell_h + gap, columns * cell_w + gap, 3), 255, np.uint8)
    for i, image in enumerate(big):
        top, left = gap + (i // columns) * cell_h, gap + (i % columns) * cell_w
        picture[top : top + height * scale, left : left + width * scale] = image
    return picture


def save_png(picture: np.ndarray, path: Path) -> None:
    """Write an (H, W, 3) uint8 picture."""
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


def save_samples(images: Tensor, labels: Tensor | None, path: Path) -> None:
    """Write images at rest (N, C, H, W), and labels where there are some, as a compressed .npz."""
    arrays: dict[str, Any] = {"images": images.numpy()} | ({} if labels is None else {"labels": labels.numpy()})
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def load_samples(path: Path) -> Tensor:
    """Read back the images that `save_samples` wrote."""
    with np.load(path, allow_pickle=False) as data:
        return torch.from_numpy(data["images"])
