"""`timm-tune:NAME`: a timm model, all of whose weights are fitted, as Wang et al. 2020 do with a ResNet-50.

EfficientNet-Lite0 starts from the ImageNet weights that are installed with a dependency, and sees images enlarged as the probe
does. On CIFAR-10's GANs, after 6,000 images, that was as good as a stem of stride 1; and batch norms that are folded into the
convolutions were better than batch norms that are fitted too (AUROC .9999 against .997).

Every other model starts from random weights, whether or not this machine has better ones: an entry of a leaderboard must not
depend on that. It is changed so that small images stay large inside, after Gragnaniello et al. 2021. With the usual stems, 32
pixels end as one.
"""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn

from gan_bench.core.errors import UserError
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.network import NetworkDetector
from gan_bench.detectors.timm_probe import PACKAGED, check_model
from gan_bench.pretrained import efficientnet_lite0, lite0_input, lite0_side

LARGE = 96  # pixels from which models keep their patches and stems
PATCHES = 7  # along a side, at least, for a transformer; its cost grows with their fourth power


@DETECTORS.register
class TimmTune(NetworkDetector):
    """A timm model with one output, trained as a whole."""

    name = "timm-tune:"
    method = "a timm model, trained as a whole"
    default = "tf_efficientnet_lite0"
    costly = True
    differentiable = True
    lr = 5e-4
    shown_share = 0.25

    def __init__(self, model: str, **options: Any) -> None:
        """Raises UserError when timm has no such model."""
        super().__init__(**options)
        self.check_argument(model)
        self.model = model
        self.method = f"{model}, trained as a whole from {'ImageNet' if model == PACKAGED else 'random'} weights"

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Raises UserError, with the nearest name, when timm has no such model."""
        check_model(argument)

    def build(self, channels: int, side: int) -> nn.Module:
        """(B, channels, side, side) in [-1, 1] -> logits (B, 1). Raises UserError when the model cannot take such images."""
        return tuned_lite0() if self.model == PACKAGED else at_full_resolution(self.model, channels, side)


def tuned_lite0() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights and one output, behind the enlargement of its input."""
    net = efficientnet_lite0().requires_grad_(True)
    net.classifier = nn.Linear(net.num_features, 1)  # type: ignore[arg-type]
    return nn.Sequential(Enlarge(), net)


class Enlarge(nn.Module):
    """Images (B, 1 or 3, H, W) in [-1, 1] -> EfficientNet-Lite0's input (B, 3, side, side), as for the probe."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) -> (B, 3, side, side)."""
        return lite0_input((images + 1) * (255 / 2), lite0_side(max(images.shape[-2:])))


def at_full_resolution(model: str, channels: int, side: int) -> nn.Module:
    """An untrained timm model with one output for images (B, channels, side, side); below 96 pixels, without early shrinking.

    Raises UserError when the model cannot be changed so, or cannot take images of this side.
    """
    options: dict[str, Any] = {"num_classes": 1, "in_chans": channels}
    try:
        net = _created(model, side, options)
        with torch.no_grad():
            net.eval()(torch.zeros(1, channels, side, side))
    except Exception as error:  # each family of models fails in another way
        raise UserError(
            f"timm model {model!r} cannot take images of {side} pixels ({type(error).__name__}: {error}); "
            f"timm-tune:{PACKAGED} takes any size."
        ) from error
    return net


def _created(model: str, side: int, options: dict[str, Any]) -> nn.Module:
    """The model, changed by the first way that its family knows.

    Of ViT and its like, the patches become smaller; those of ConvNeXt, which halves its map three times more, become single
    pixels. ResNet and others get a stem of stride 1 without pooling.
    """
    if side >= LARGE:
        return _first_accepted(model, options, {"img_size": side}, {})

    patch = max(n for n in range(1, max(1, side // PATCHES) + 1) if side % n == 0)
    net = _first_accepted(model, options, {"img_size": side, "patch_size": patch}, {"patch_size": 1}, {})
    if isinstance(getattr(net, "maxpool", None), nn.Module):
        net.maxpool = nn.Identity()
    first = next(module for module in net.modules() if isinstance(module, nn.Conv2d))
    if first.kernel_size[0] > first.stride[0]:  # otherwise it cuts the image into patches
        first.stride = (1, 1)
    return net


def _first_accepted(model: str, options: dict[str, Any], *tries: dict[str, Any]) -> nn.Module:
    """The model with the first of these further options that its family has; the last one is not caught."""
    *some, last = tries
    for further in some:
        try:
            return timm.create_model(model, **options, **further)
        except TypeError:  # an option that this family does not have
            continue
    return timm.create_model(model, **options, **last)
