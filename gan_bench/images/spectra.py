"""Power spectra of images, and their means over rings of equal frequency.

Durall et al. 2020, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to Reproduce Spectral
Distributions", arXiv 2003.01826.
"""

from __future__ import annotations

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_bench.images.convert import to_channels

FLOOR = 1 / 12  # the power of rounding to whole levels: adding it hides nothing, and flat images stay finite
PIECE = 500  # images at a time


def azimuthal_mean(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, W) -> float64 (S // 2 + 1,), where S is the longer side: the mean log10 power of each ring.

    Ring r, from 0 to S // 2, has the frequencies nearest to r cycles per S pixels, r / S cycles a pixel: up to the Nyquist
    frequency, 0.5. Its value is the mean, over all images and all coefficients of the ring, of log10(|FFT|^2 + FLOOR) of the
    grey image (luma, 0 to 255) under a Hann window, without its mean (see `log_power`). Ring 0 is that mean alone: log10 of the
    power of the brightness. White noise of variance v has log10(v) - 0.25 in each ring from 2 on.
    """
    size = images.shape[2:]
    rings, total = ring_means(*size)[:, : max(size) // 2], torch.zeros(size.numel(), dtype=torch.float64)
    brightness = torch.zeros((), dtype=torch.float64)
    for piece in images.split(PIECE):
        grey = to_channels(piece.float(), 1).double()
        total += log_power(grey).flatten(1).sum(0)
        brightness += (size.numel() * windowed_mean(grey).square() + FLOOR).log().sum()

    return torch.cat([brightness[None], total @ rings]) / (len(images) * math.log(10))


def log_power(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, C, H, W): the log power spectrum under a Hann window; white noise keeps its mean power.

    The mean under the window is taken away first. A window spreads it over low frequencies, and it says only how bright an
    image is.
    """
    window = hann(*images.shape[2:]).to(images)
    windowed = (images - windowed_mean(images)) * window / window.square().mean().sqrt()
    spectrum = torch.fft.fft2(windowed, norm="ortho")
    return (spectrum.real.square() + spectrum.imag.square() + FLOOR).log()  # `abs` has no gradient at 0


def windowed_mean(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, C, 1, 1): the mean of each channel under a Hann window."""
    window = hann(*images.shape[2:]).to(images)
    return (images * window).sum((2, 3), keepdim=True) / window.sum()


@cache
def hann(height: int, width: int) -> Tensor:
    """The Hann window of both axes, float64 (H, W). It hides that opposite edges do not match."""
    return torch.hann_window(height, dtype=torch.float64)[:, None] * torch.hann_window(width, dtype=torch.float64)


@cache
def ring_means(height: int, width: int) -> Tensor:
    """The matrix, float64 (H * W, R), that averages the coefficients of an FFT over rings one cycle per image wide.

    The ring at zero frequency is left out. R is about the longer side / sqrt(2).
    """
    y, x = frequencies(height, width)
    ring = (torch.hypot(y, x) * max(height, width)).round().long()
    member = F.one_hot(ring).double()[:, 1:]
    return member / member.sum(0).clamp(min=1)


def frequencies(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Of each coefficient of an FFT, in cycles per pixel along the height and the width: float64 (H * W,)."""
    y, x = (torch.fft.fftfreq(n, dtype=torch.float64) for n in (height, width))
    return y.repeat_interleave(width), x.repeat(height)
