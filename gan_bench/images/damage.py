"""Known damage to images: what a metric should see, and how much of it, is known before the metric is asked."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.core.seeds import stream


def as_images(values: Tensor) -> Tensor:
    """Floats about 0..255 -> uint8 of the same shape, rounded and clipped."""
    return values.round().clamp(0, 255).to(torch.uint8)


def blurred(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) -> the same, shrunk to half the side and enlarged again. H and W are even."""
    small = F.avg_pool2d(images.float(), 2)
    return as_images(F.interpolate(small, scale_factor=2, mode="bilinear"))


def noisy(images: Tensor, sd: float) -> Tensor:
    """Images at rest (N, C, H, W) with Gaussian noise of this deviation added: levels of 255, or the unit of points."""
    changed = images + sd * torch.randn(images.shape, generator=stream(0, "noisy"))
    return changed if images.is_floating_point() else as_images(changed)


def mixed(images: Tensor, others: Tensor) -> Tensor:
    """Two sets (N, C, H, W) as one of the same size: the images in even places, the others in odd ones."""
    whole = images.clone()
    whole[1::2] = others[1::2]
    return whole
