"""Augmentation by what delivery does: blur and JPEG, each for half of the images (Wang et al. 2020, "CNN-Generated Images Are
Surprisingly Easy to Spot... for Now"), with strengths for the resolution.

It is done to the images before a detector sees them, so every detector can have a twin that was fitted with it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.seeds import derive
from gan_bench.detectors.corruptions.base import corrupt

STEPS = ("blur", "jpeg")  # in this order, as a picture is first scaled and then saved
SHARE = 0.5


def augmented(images: Tensor, seed: int) -> Tensor:
    """uint8 (N, C, H, W) -> the same: each image blurred with a probability of one half, then compressed with one half.

    The severity, 1 to 5, is drawn for each image.
    """
    for step in STEPS:
        rng = np.random.default_rng(derive(seed, "augment", step))
        severity = np.where(rng.random(len(images)) < SHARE, rng.integers(1, 6, len(images)), 0)
        changed = images.clone()
        for level in range(1, 6):
            chosen = torch.from_numpy(np.flatnonzero(severity == level))
            if len(chosen):
                changed[chosen], _ = corrupt(images[chosen], step, level, derive(seed, "augment", step, level))
        images = changed
    return images
