"""What a feature extractor is: a fixed map from images to vectors, pinned by a digest."""

from __future__ import annotations

import abc
import hashlib
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench import images
from gan_bench.errors import UserError

WEIGHTS = Path(__file__).parent / "weights"


class Unavailable(Exception):
    """The extractor's weights are not at hand; the text says why."""


class Extractor(abc.ABC):
    """Images to features. Extraction is float32 on every device, so that machines agree.

    classifies  the dataset whose classes the logits stand for; None without logits, or for classes of something else
    """

    name: ClassVar[str]
    classifies: ClassVar[str | None] = None

    def __init__(self) -> None:
        self.device = torch.device("cpu")

    @property
    @abc.abstractmethod
    def digest(self) -> str:
        """SHA-256 of the weights, or a name for a map without weights."""

    def fetch(self) -> None:
        """Get the weights if they come from elsewhere. Raises Unavailable."""

    @abc.abstractmethod
    def load(self, device: torch.device) -> None:
        """Make the network ready on `device`. Raises Unavailable."""

    @abc.abstractmethod
    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """uint8 (B, C, H, W) of any size, grey or colour, on `device` -> features (B, D) float32 and logits (B, K) or None."""

    def label(self, side: int) -> str:
        """The name that metric columns carry for images of this side: the extractor's, and its input size where that varies."""
        return self.name


class ClassifierExtractor(Extractor):
    """A classifier shipped as `weights/NAME.safetensors`: float16 on disk, float32 in use.

    Images of another size are resized (antialiased bicubic) to 32x32; colour becomes luma, or grey is repeated, as the
    network needs.
    """

    digest = ""  # set by each subclass; pinned, so that other weights are an error
    network: ClassVar[type[nn.Module]]
    channels: ClassVar[int]
    net: nn.Module

    def load(self, device: torch.device) -> None:
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
        x = images.to_float(images.to_channels(batch, self.channels))
        if x.shape[2:] != (32, 32):
            x = F.interpolate(x, size=(32, 32), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)
        features, logits = self.net(x.contiguous(memory_format=torch.channels_last))
        return features, logits
