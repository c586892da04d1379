"""`timm:NAME`: logistic regression on the frozen features of a timm model that was trained on ImageNet.

A linear probe like that of Ojha et al. 2023, "Towards Universal Fake Image Detectors that Generalize Across Generative
Models", on smaller networks. Features that were not learned from one generator's images also help with other generators.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.logistic import LogisticDetector
from gan_bench.device import inference_batch
from gan_bench.images.convert import to_channels
from gan_bench.pretrained import efficientnet_lite0, lite0_input, lite0_side

PACKAGED = "tf_efficientnet_lite0"  # the model whose weights are installed with a dependency


class Backbone(NamedTuple):
    """A frozen network, and the function that turns images (N, C, H, W) in 0..255 into its float32 input."""

    net: nn.Module
    to_input: Callable[[Tensor], Tensor]


@DETECTORS.register
class TimmProbe(LogisticDetector):
    """Pooled features of a frozen network, and a logistic regression on them."""

    name = "timm:"
    method = "probe on frozen features: logistic regression on those of an ImageNet model"
    default = "tf_efficientnet_lite0"
    differentiable = True

    def __init__(self, model: str, **options: Any) -> None:
        """Raises UserError when timm has no such model, or its weights cannot be loaded."""
        super().__init__(**options)
        self.check_argument(model)
        self.method = f"probe on frozen features: logistic regression on ImageNet {model}"
        self.backbone = packaged_backbone() if model == PACKAGED else downloaded_backbone(model)
        # channels_last is faster on a CPU
        self.backbone.net.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Raises UserError, with the nearest name, when timm has no such model, and when it has no weights of it."""
        check_model(argument)
        if not timm.is_model_pretrained(argument):
            raise UserError(f"timm has no trained weights of {argument!r}; timm-tune:{argument} trains the model as a whole.")

    @classmethod
    def fetch(cls, argument: str) -> None:
        """Download the weights where they are missing. Raises UserError when they cannot be fetched."""
        if argument != PACKAGED:
            downloaded_backbone(argument)

    @property
    def at_once(self) -> int:
        """As many as networks are given elsewhere."""
        return inference_batch(self.device)

    def features(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> (N, D), pooled."""
        net, to_input = self.backbone
        inputs = to_input(images).contiguous(memory_format=torch.channels_last)
        return net.forward_head(net.forward_features(inputs), pre_logits=True)  # type: ignore[operator]

    def feature_names(self, n: int) -> list[str]:
        """Learned features have numbers."""
        return [f"feature {i}" for i in range(n)]


def check_model(name: str) -> None:
    """Raises UserError, with the nearest name, when timm has no such model."""
    if not timm.is_model(name):
        few = [*difflib.get_close_matches(name, timm.list_models(), n=5), PACKAGED]
        raise UserError(suggest(name, few, "timm model"))


def packaged_backbone() -> Backbone:
    """EfficientNet-Lite0 with the weights that a dependency contains. Raises UserError when they are not the expected ones."""
    return Backbone(efficientnet_lite0(), lambda images: lite0_input(images, lite0_side(max(images.shape[-2:]))))


def downloaded_backbone(model: str) -> Backbone:
    """Any other timm model, with the input size and the normalisation that it was trained with.

    Raises UserError when its weights cannot be fetched.
    """
    try:
        net = timm.create_model(model, pretrained=True)
    except Exception as error:  # timm has no error of its own for this, and each source of weights fails in another way
        raise UserError(
            f"the weights of timm model {model!r} could not be fetched ({type(error).__name__}); "
            f"timm:{PACKAGED} needs no download."
        ) from error

    config = timm.data.resolve_model_data_config(net)
    mean, std = (torch.tensor(config[key]).view(1, -1, 1, 1) for key in ("mean", "std"))

    def to_input(images: Tensor) -> Tensor:
        values = to_channels(images, 3).float().div(255)
        resized = F.interpolate(values, size=config["input_size"][1:], mode="bicubic", antialias=True, align_corners=False)
        return (resized - mean.to(images.device)) / std.to(images.device)

    return Backbone(net.eval().requires_grad_(False), to_input)
