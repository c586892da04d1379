"""`raw`: pixel values themselves, averaged down to 8x8 where images are larger; of points, their coordinates. No weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor
from gan_bench.images import convert

SIDE = 8  # 192 values of a colour image: a covariance that a few hundred samples can fill


@EXTRACTORS.register
class Raw(Extractor):
    name = "raw"
    digest = f"mean-pooled-{SIDE}x{SIDE}"

    def load(self, device: torch.device) -> None:
        """Nothing to load."""
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, None]:
        """Features (B, C * 8 * 8) in [-1, 1], fewer of smaller images, and the coordinates (B, C) of points; no logits."""
        x = convert.to_float(batch)
        return F.adaptive_avg_pool2d(x, min(SIDE, *x.shape[2:])).flatten(1), None
