"""What a variant starts from, by task: latents, or images made from those of the dataset.

generate    z, label -> image
translate   outlines -> digits, grey images -> colour; unpaired in training, with the truth known on the test split
upscale     an image of a quarter of the side -> the image
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from gan_bench.images.convert import luma

FACTOR = 4  # sides before upscaling are this many times smaller


def outline(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> the same shape and range: 3x3 dilation less 3x3 erosion, -1 where nothing changes."""
    dilated, eroded = F.max_pool2d(images, 3, 1, 1), -F.max_pool2d(-images, 3, 1, 1)
    return dilated - eroded - 1


def grey(images: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] -> the same shape and range: the luma in all three channels."""
    return luma(images).expand_as(images).contiguous()


def untranslated(images: Tensor) -> Tensor:
    """What a translator is given for images (B, C, H, W) in [-1, 1]: the outline of one channel, the grey of three."""
    return outline(images) if images.shape[1] == 1 else grey(images)


def shrunk(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> (B, C, H / 4, W / 4): antialiased bicubic, clipped to the same range."""
    return F.interpolate(images, scale_factor=1 / FACTOR, mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


SOURCES = {"translate": untranslated, "upscale": shrunk}
