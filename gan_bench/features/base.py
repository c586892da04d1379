"""What a feature extractor is: a fixed map from images to vectors, pinned by a digest."""

from __future__ import annotations

import abc
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.core.errors import UserError
from gan_bench.images import convert

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset

WEIGHTS = Path(__file__).parent / "weights"


class Unavailable(Exception):
    """The extractor's weights are not available; the text says why."""


class Extractor(abc.ABC):
    """Maps images to features, in float32 on every device, so that machines agree. `learn` and `load` come first.

    classifies  the dataset whose classes the logits stand for; None: there are no logits, or they are of other classes
    accuracy    of one that is trained on the dataset: the share of the test images that it gives their class
    device      where it computes
    """

    name: ClassVar[str]
    classifies: str | None = None
    accuracy: float | None = None

    def __init__(self) -> None:
        self.device = torch.device("cpu")

    @property
    @abc.abstractmethod
    def digest(self) -> str:
        """SHA-256 of the weights, or a name for a map without weights."""

    def fetch(self) -> None:
        """Download the weights if they come from elsewhere. Raises Unavailable."""

    def check(self, dataset: Dataset) -> None:
        """Raises Unavailable where it cannot be used on this dataset."""

    def learn(self, dataset: Dataset) -> None:
        """Train on the dataset, where it does that; what was trained once is kept. Raises Unavailable."""

    @abc.abstractmethod
    def load(self, device: torch.device) -> None:
        """Make the network ready on `device`. Raises Unavailable."""

    @abc.abstractmethod
    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """uint8 (B, C, H, W) of any size, grey or colour, on `device` -> features (B, D) float32 and logits (B, K) or None."""

    def label(self, side: int) -> str:
        """The name in metric columns, for images of this side in pixels: with the input size, where that varies."""
        return self.name


def classifier_input(batch: Tensor, channels: int) -> Tensor:
    """uint8 (B, C, H, W) -> (B, channels, 32, 32) in [-1, 1], channels_last: resized, luma of colours, where needed."""
    x = convert.to_float(convert.to_channels(batch, channels))
    if x.shape[2:] != (32, 32):
        x = F.interpolate(x, size=(32, 32), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)
    return x.contiguous(memory_format=torch.channels_last)


class ClassifierExtractor(Extractor):
    """A classifier shipped as `weights/NAME.safetensors`: float16 on disk, float32 in use.

    Images of another size are resized (antialiased bicubic) to 32x32; colour becomes luma, or grey is repeated, as the
    network needs.

    digest    SHA-256 of the file, pinned by each subclass, so that other weights are an error
    network   images (B, channels, 32, 32) in [-1, 1] -> features (B, D) and logits (B, K)
    channels  1 or 3
    """

    digest = ""
    network: ClassVar[type[nn.Module]]
    channels: ClassVar[int]
    net: nn.Module

    def load(self, device: torch.device) -> None:
        """Make the network ready on `device`. Raises UserError when the file does not have the pinned SHA-256."""
        file = WEIGHTS / f"{self.name}.safetensors"
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != self.digest:
            raise UserError(f"{file} has SHA-256 {found}, not the pinned {self.digest}; install gan-bench again.")

        state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(file).items()}
        net = self.network()
        net.load_state_dict(state)
        self.net = net.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.net(classifier_input(batch, self.channels))
        return features, logits
