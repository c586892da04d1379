"""Statistics of single pixels, and of squares of 2x2, with logistic regression: what tells fakes without a look at shapes.

It is the trivial-feature probe of a leakage audit, and a detector like any other. Real images have their own shares of black,
white and each level between, from how they were made and stored; a generator's last layer smooths these shares. And
photographs that were once JPEG files have hardly any fine detail of colour, since JPEG keeps colours at half the resolution:
on CIFAR-10 that one number, which nobody fits, tells dcgan's fakes with an AUROC of .98.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.logistic import Axis, Curves, LogisticDetector, draw_curves
from gan_bench.detectors.spectrum import plane_names, planes

LEVELS = 256
RANGE = 8  # levels in a range
DARK = slice(1, 9)  # the levels of nearly black pixels
FARTHEST = 32  # differences of channels that are counted
BORDERS = (1, 2)  # pixels
ROUNDING = 1 / 12  # the energy of rounding to whole levels
LEAST = 1e-4  # is added to a share, so that its logarithm is finite: a tenth of a pixel of 32 x 32


@DETECTORS.register
class PixelStatistics(LogisticDetector):
    """Shares of levels and of ranges of levels, spreads, how channels differ, statistics of the border, and fine detail."""

    name = "pixels"
    method = "logistic regression on trivial statistics: shares of levels, spreads, channels, border, detail within 2x2 pixels"

    def features(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255, rounded to whole levels -> float32 (N, D). It has no gradients."""
        parts = [levels(images), channels(images), *(border(images, width) for width in BORDERS), detail(images)]
        return torch.cat(parts, dim=1)

    def feature_names(self, n: int) -> list[str]:
        """In the order of `features`."""
        names = channel_names(self.image_shape[0])
        details = (f"fine detail of {name}" for name in plane_names(self.image_shape[0]))
        return [*_level_names(names), *_channel_names(names), *_border_names(names), *details]

    def explain(self, real: Tensor, fakes: Mapping[str, Tensor], path: Path) -> str:
        """Draws the share of pixels at each level, of the reals and of each cell's fakes."""
        mean = {key: histogram(images).mean((0, 1)) for key, images in {"": real, **fakes}.items()}
        # A logarithmic axis has no zero. A level without pixels is drawn at half a pixel of all reals.
        shown = {key: shares.clamp(min=0.5 / real.numel()) for key, shares in mean.items()}
        panels = {key: Curves(shown[""], shown[key]) for key in fakes}
        draw_curves(panels, Axis(torch.arange(LEVELS), "level", "share of pixels", shares=True), path)
        return "The share of pixels at each level, 0 (black) to 255 (white), in real images and in the fakes of each variant."


def channel_names(n: int) -> tuple[str, ...]:
    """What the n channels of an image are called."""
    return {1: ("grey",), 3: ("red", "green", "blue")}.get(n, tuple(f"channel {i}" for i in range(n)))


def histogram(images: Tensor) -> Tensor:
    """Images (N, C, H, W) in 0..255 -> float32 (N, C, 256): the share of pixels at each level."""
    n, count = images.shape[:2]
    level = images.reshape(n * count, -1).round().long().clamp(0, LEVELS - 1)
    start = torch.arange(n * count, device=images.device)[:, None] * LEVELS
    counts = torch.bincount((level + start).flatten(), minlength=n * count * LEVELS)
    return counts.view(n, count, LEVELS).float() / level.shape[1]


def levels(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, C * 290): of each channel, shares of levels and of ranges, spread and share of DARK levels."""
    shares = histogram(images)
    ranges = shares.unflatten(2, (-1, RANGE)).sum(3)
    spread = _log_spread(images.flatten(2), 2, keepdim=True)
    return torch.cat([_log(shares), _log(ranges), spread, shares[:, :, DARK].sum(2, keepdim=True)], dim=2).flatten(1)


def _level_names(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield from (f"level {level} of {name}" for level in range(LEVELS))
        yield from (f"levels {first} to {first + RANGE - 1} of {name}" for first in range(0, LEVELS, RANGE))
        yield f"spread of {name}"
        yield f"nearly black pixels of {name}"


def channels(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, 34 for each pair of channels): shares and spread of their difference, and their correlation."""
    n = len(images)
    parts = [images.new_zeros(n, 0)]
    flat = images.flatten(2)
    centred = flat - flat.mean(2, keepdim=True)
    deviation = centred.square().mean(2).sqrt()

    for a, b in itertools.combinations(range(images.shape[1]), 2):
        difference = flat[:, a] - flat[:, b]
        shares = histogram(difference.abs()[:, None])[:, 0, :FARTHEST]
        correlation = (centred[:, a] * centred[:, b]).mean(1) / (deviation[:, a] * deviation[:, b] + 1e-3)
        # Most are near 1, and differ in how near.
        parts += [_log(shares), _log_spread(difference, 1, keepdim=True), (1.001 - correlation).log()[:, None]]
    return torch.cat(parts, dim=1)


def _channel_names(names: tuple[str, ...]) -> Iterator[str]:
    for a, b in itertools.combinations(names, 2):
        yield from (f"difference {k} of {a} and {b}" for k in range(FARTHEST))
        yield f"spread of {a} - {b}"
        yield f"1 - correlation of {a} and {b}"


def border(images: Tensor, width: int) -> Tensor:
    """float (N, C, H, W) -> (N, C * 4): of each channel's outer pixels, the mean, the spread and the shares of 0 and 255."""
    inside = torch.zeros(images.shape[2:], dtype=torch.bool, device=images.device)
    inside[width:-width, width:-width] = True
    outer = images[:, :, ~inside]  # (N, C, P)
    parts = [outer.mean(2), _log_spread(outer, 2), *((outer == level).float().mean(2) for level in (0, LEVELS - 1))]
    return torch.cat(parts, dim=1)


def _border_names(names: tuple[str, ...]) -> Iterator[str]:
    for width, what in itertools.product(BORDERS, ("mean", "spread", "black pixels", "white pixels")):
        yield from (f"{what} of the border of {width} px of {name}" for name in names)


def detail(images: Tensor) -> Tensor:
    """float (N, C, H, W) -> (N, C): the log energy of the finest diagonal detail of brightness and of differences of colours.

    It is that of Haar's wavelet: in each square of 2x2 pixels, one diagonal less the other. Odd sides are cut.
    """
    height, width = (side // 2 * 2 for side in images.shape[2:])
    even = planes(images)[..., :height, :width]
    diagonal = even[..., ::2, ::2] + even[..., 1::2, 1::2] - even[..., ::2, 1::2] - even[..., 1::2, ::2]
    return ((diagonal / 2).square().mean((2, 3)) + ROUNDING).log()


def _log(shares: Tensor) -> Tensor:
    return (shares + LEAST).log()


def _log_spread(values: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """The logarithm of the standard deviation, to which half a level is added."""
    return (values.std(dim, correction=0, keepdim=keepdim) + 0.5).log()
