"""Azimuthal power spectrum with logistic regression.

Durall et al. 2019, "Unmasking DeepFakes with simple Features"; Durall et al. 2020, "Watch your Up-Convolution: CNN Based
Generative Deep Neural Networks are Failing to Reproduce Spectral Distributions". Up-sampling layers make errors in the high
frequencies, which a few numbers for each image show.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Prepared
from gan_bench.detectors.logistic import LogisticDetector
from gan_bench.images.convert import to_channels

BATCH = 256


@DETECTORS.register
class Spectrum(LogisticDetector):
    """The azimuthal mean of the log power spectrum, and a logistic regression on it."""

    name = "spectrum"
    method = "logistic regression on the azimuthal mean of the log power spectrum"

    def prepare(self, images: Tensor) -> Prepared:
        """uint8 images (N, C, H, W) -> float64 (N, R): one mean for each of about side / sqrt(2) rings."""
        return torch.cat([azimuthal_spectrum(batch) for batch in images.split(BATCH)]).numpy()


def azimuthal_spectrum(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, W) -> float64 (N, R): the mean log power of the luma in rings one cycle per image wide.

    The ring at zero frequency is left out. It holds the brightness, which says nothing about the shape of the spectrum.
    """
    luma = to_channels(images.float(), 1)[:, 0].double()  # (N, H, W)
    power = torch.fft.fft2(luma, norm="ortho").abs().square()
    # Rounding to whole grey levels alone has a power of 1/12. Adding that hides nothing, and flat images stay finite.
    return (power + 1 / 12).log().flatten(1) @ ring_means(*luma.shape[1:])


@cache
def ring_means(height: int, width: int) -> Tensor:
    """The matrix, float64 (height * width, R), that averages the coefficients of an FFT over rings of equal frequency."""
    side = max(height, width)
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None]) * side
    ring = frequency.round().long().flatten()
    member = torch.nn.functional.one_hot(ring).double()[:, 1:]
    return member / member.sum(0)
