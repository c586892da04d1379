"""Coefficients of the cosine transform with logistic regression.

Frank et al. 2020, "Leveraging Frequency Analysis for Deep Fake Image Recognition": up-sampling layers leave a grid in the
spectrum, which a linear classifier on the log coefficients of whole images finds. Theirs are of grey images, or of red, green
and blue; here, of the planes of `spectrum.py`.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import torch
from torch import Tensor

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.logistic import LogisticDetector
from gan_bench.detectors.spectrum import plane_names, planes

ROUNDING = 1 / math.sqrt(12)  # the deviation that rounding to whole levels gives each coefficient; smaller ones say nothing


@DETECTORS.register
class Dct(LogisticDetector):
    """Every log coefficient of each plane."""

    name = "dct"
    method = "logistic regression on the log coefficients of the cosine transform of brightness and colour"
    differentiable = True

    def features(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> float (N, C * H * W)."""
        return (dct(planes(images)).abs() + ROUNDING).log().flatten(1)

    def feature_names(self, n: int) -> list[str]:
        """In the order of `features`; half-waves down the height, then along the width."""
        channels, height, width = self.image_shape
        places = itertools.product(plane_names(channels), range(height), range(width))
        return [f"coefficient ({y}, {x}) of {plane}" for plane, y, x in places]


def dct(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> the same shape: the orthonormal DCT-II of each channel over both axes."""
    down, along = (dct_matrix(n).to(images) for n in images.shape[2:])
    return down @ images @ along.T


@cache
def dct_matrix(n: int) -> Tensor:
    """float64 (n, n): its product with x (n,) is the orthonormal DCT-II of x. Row k is a cosine of k half-waves."""
    step = torch.arange(n, dtype=torch.float64)
    matrix = math.sqrt(2 / n) * torch.cos(math.pi / n * step[:, None] * (step + 0.5))
    matrix[0] /= math.sqrt(2)
    return matrix
