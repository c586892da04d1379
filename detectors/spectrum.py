"""Power spectrum over rings and sectors with logistic regression.

Durall et al. 2019, "Unmasking DeepFakes with simple Features"; Durall et al. 2020, "Watch your Up-Convolution: CNN Based
Generative Deep Neural Networks are Failing to Reproduce Spectral Distributions". Up-sampling layers make errors in the high
frequencies, which a few numbers for each image show. Theirs are azimuthal means of grey images. Here there are sectors too,
since layers err along the axes, and colour differences, since photographs have little fine detail in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.logistic import Axis, Curves, LogisticDetector, draw_curves
from gan_bench.images.spectra import frequencies, log_power, ring_means

SECTORS = 8
BANDS = ("low", "middle", "high")  # frequencies up to a third of the Nyquist frequency, up to two thirds, and above
COLOUR_PLANES = ("brightness", "red - green", "yellow - blue")


@DETECTORS.register
class Spectrum(LogisticDetector):
    """Means of the log power spectrum of each plane over rings and sectors."""

    name = "spectrum"
    method = "logistic regression on the log power spectra of brightness and colour, averaged over rings and sectors"
    differentiable = True

    def features(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> float (N, C * (R + 24)); see `spectral_means`."""
        return spectral_means(images).flatten(1)

    def feature_names(self, n: int) -> list[str]:
        """In the order of `features`."""
        return list(spectral_names(self.image_shape))

    def explain(self, real: Tensor, fakes: Mapping[str, Tensor], path: Path) -> str:
        """Draws the mean spectrum of each plane of the reals and of each cell's fakes."""
        planes, rings = plane_names(real.shape[1]), ring_means(*real.shape[2:]).shape[1]
        mean = {
            key: self.prepare(images).unflatten(1, (len(planes), -1))[:, :, :rings].mean(0)
            for key, images in {"": real, **fakes}.items()
        }
        panels = {
            key if len(planes) == 1 else f"{key}: {plane}": Curves(mean[""][i], mean[key][i])
            for key in fakes for i, plane in enumerate(planes)
        }  # fmt: skip
        draw_curves(panels, Axis(torch.arange(1, rings + 1), "cycles per image", "mean log power"), path)
        return "The mean log power at each frequency, from coarse to fine, in real images and in the fakes of each variant."


def plane_names(channels: int) -> tuple[str, ...]:
    """What `planes` makes of this many channels."""
    return {1: ("grey",), 3: COLOUR_PLANES}.get(channels, tuple(f"channel {i}" for i in range(channels)))


def planes(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> the same shape. Three channels become COLOUR_PLANES, by a rotation; others stay as they are.

    A rotation keeps the power of noise that is equal and independent in the channels.
    """
    if images.shape[1] != 3:
        return images
    axes = F.normalize(images.new_tensor([[1, 1, 1], [1, -1, 0], [1, 1, -2]]), dim=1)
    return torch.einsum("pc,nchw->nphw", axes, images)


def spectral_means(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, C, R + 24): of each plane, the mean log power in R rings and in 8 sectors of 3 bands."""
    size = images.shape[2:]
    return log_power(planes(images)).flatten(2) @ torch.cat([ring_means(*size), sector_means(*size)], dim=1).to(images)


def spectral_names(image_shape: tuple[int, ...]) -> Iterator[str]:
    """What each of the `spectral_means` of images of this shape is, plane by plane."""
    channels, *size = image_shape
    for plane in plane_names(channels):
        yield from (f"ring {ring} of {plane}" for ring in range(1, ring_means(*size).shape[1] + 1))
        for band in BANDS:
            yield from (f"sector {180 * k / SECTORS:g}° in the {band} band of {plane}" for k in range(SECTORS))


@cache
def sector_means(height: int, width: int) -> Tensor:
    """The matrix, float64 (H * W, 24), that averages over sectors of each band, band by band; zero frequency is left out.

    Sector k is centred on k * 22.5 degrees: waves along the width are in sector 0, those along the height in sector 4.
    """
    y, x = frequencies(height, width)
    sector = (torch.atan2(y, x) / (math.pi / SECTORS)).round().long() % SECTORS
    band = (torch.hypot(y, x) * 2 * len(BANDS)).long().clamp(max=len(BANDS) - 1)
    member = F.one_hot(band * SECTORS + sector, len(BANDS) * SECTORS).double()
    member[0] = 0
    return member / member.sum(0).clamp(min=1)
