"""Azimuthal power spectrum with logistic regression.

Durall et al. 2019, "Unmasking DeepFakes with simple Features"; Durall et al. 2020, "Watch your Up-Convolution: CNN Based
Generative Deep Neural Networks are Failing to Reproduce Spectral Distributions": up-sampling layers get the high
frequencies wrong, and a handful of numbers shows it.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from detectors import DETECTORS
from detectors.base import Prepared
from detectors.logistic import LogisticDetector
from gan_bench.images import to_channels

BATCH = 256


@DETECTORS.register
class Spectrum(LogisticDetector):
    name = "spectrum"
    method = "logistic regression on the azimuthal mean of the log power spectrum"

    def prepare(self, images: Tensor) -> Prepared:
        """uint8 images (N, C, H, W) -> float64 (N, about side / sqrt(2))."""
        return torch.cat([azimuthal_spectrum(batch) for batch in images.split(BATCH)]).numpy()


def azimuthal_spectrum(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, W) -> float64 (N, R): mean log power of their luma in rings 1 cycle an image wide.

    The ring around zero frequency is left out: it holds the brightness, which is not a matter of the spectrum's shape.
    """
    luma = to_channels(images.float(), 1)[:, 0].double()  # (N, H, W)
    power = torch.fft.fft2(luma, norm="ortho").abs().square()
    # Rounding to whole grey levels alone has power 1/12, so adding that hides nothing and keeps flat images finite.
    return (power + 1 / 12).log().flatten(1) @ ring_means(*luma.shape[1:])


@cache
def ring_means(height: int, width: int) -> Tensor:
    """float64 (height * width, R): the matrix that averages an FFT's coefficients over rings of equal frequency."""
    side = max(height, width)
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None]) * side
    ring = frequency.round().long().flatten()
    member = torch.nn.functional.one_hot(ring).double()[:, 1:]
    return member / member.sum(0)
