"""What a variant starts from, by task: latents, or images made from the dataset's own.

generate    z, label -> image
translate   outlines -> digits, grey pictures -> colour; unpaired in training, with the truth known on the test split
upscale     a picture of a quarter of the side -> the picture
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

FACTOR = 4


def outline(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> the same shape and range: 3x3 dilation less 3x3 erosion, -1 where nothing changes."""
    dilated, eroded = F.max_pool2d(images, 3, 1, 1), -F.max_pool2d(-images, 3, 1, 1)
    return dilated - eroded - 1


def grey(images: Tensor) -> Tensor:
    """(B, 3, H, W) -> the same shape: the luma of ITU-R BT.601 in all three channels."""
    weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True).expand_as(images).contiguous()


def undressed(images: Tensor) -> Tensor:
    """What a translator is given: the outline of one-channel images, the grey of coloured ones."""
    return outline(images) if images.shape[1] == 1 else grey(images)


def shrunk(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> (B, C, H / 4, W / 4): antialiased bicubic."""
    return F.interpolate(images, scale_factor=1 / FACTOR, mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


SOURCES = {"translate": undressed, "upscale": shrunk}
