"""How far apart two numbers may lie that mean the same, with the reason. No other file states a tolerance.

Measured on three `quick` cells (MNIST dcgan and cyclegan, CIFAR-10 cgan; 5,000 images, two extractors), written with one thread
on a CPU with AVX512. Computed again there with one thread, every number had the same bits. With two threads the largest
relative difference was 3.5e-8 (a Frechet distance of 44), with the libraries kept to AVX2 1.1e-8 (a kernel distance): at most
6e-7 of half an interval. Samples drawn again had the same bytes with one and with two threads; with AVX2, 8 of the 5,120,000
pixels of one cell were off by one level, and none of the two others. A GPU was not measured.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gan_bench.records import Interval, MetricValue, Statistics

# A number: 2,500 times what was measured, for CPUs and GPUs that were not, and far too little to change a rank.
RELATIVE = 1e-4
# Of half an interval, for distances near 0: they are the small difference of large sums, which keep their absolute error.
OF_INTERVAL = 0.01
# Images whose nearest neighbour or class may change by the last digits of features: a share then moves by whole images.
FLIPPED = 2
# The ends of an interval: they move as its middle does, and where a share is near 0 or 1 almost twice as far.
ENDS = 2.0

# Numbers made of the same logits: sums of float64 in another order. The bootstrap counts, so its draws are the same.
OF_SCORES = 1e-9

# Samples from the same weights: a value that lies on the border of two levels may be rounded to the other one.
SHARE_OFF, LEVELS_OFF = 1e-3, 1
POINTS_OFF = 1e-5  # of the largest coordinate: float32 has 7 digits, and an MLP loses one or two of them


def slack(found: MetricValue) -> float:
    """How far a recorded number may be from this one, which was computed again."""
    if found.value is None:
        return 0.0
    half = 0.0 if found.interval is None else (found.interval.high - found.interval.low) / 2
    is_share = (found.least, found.most) == (0, 1)
    flipped = FLIPPED / min(found.n_fake, found.n_real) if is_share else 0.0
    return max(RELATIVE * abs(found.value), OF_INTERVAL * half, flipped)


def same_value(recorded: float | None, found: float | None, off: float) -> bool:
    """Whether two numbers are at most `off` apart, or both absent."""
    if recorded is None or found is None:
        return recorded is found
    return abs(recorded - found) <= off


def same_interval(recorded: Interval | None, found: Interval | None, off: float) -> bool:
    """Whether both ends are at most `off` apart and made in the same way, or both intervals absent."""
    if recorded is None or found is None:
        return recorded is found
    ends = (recorded.low, found.low), (recorded.high, found.high)
    return recorded.method == found.method and all(same_value(*pair, off) for pair in ends)


def same_number(recorded: object, found: object) -> bool:
    """Whether two fields of a detection are the same: equal, or floats apart by no more than the order of a sum."""
    if isinstance(recorded, float) and isinstance(found, float):
        return math.isclose(recorded, found, rel_tol=OF_SCORES, abs_tol=OF_SCORES)
    return recorded == found


def other_statistics(recorded: Statistics, found: Statistics) -> list[str]:
    """The fields of two statistics of the same samples that do not mean the same."""
    exact = ("n", "classifier", "points", "centres", "sigma")
    other = [name for name in exact if getattr(recorded, name) != getattr(found, name)]
    for name in ("levels", "spectrum"):
        mine, theirs = getattr(recorded, name), getattr(found, name)
        if len(mine) != len(theirs) or not all(map(same_number, mine, theirs)):
            other.append(name)

    shares, again = dict(recorded.classes), dict(found.classes)
    flipped = FLIPPED / max(found.n, 1) + OF_SCORES
    if list(shares) != list(again) or any(abs(share - again[name]) > flipped for name, share in shares.items()):
        other.append("classes")
    return other


class Apart(NamedTuple):
    """How far two sets of images are apart: the share of their values that differ, and by how much at most."""

    share: float
    most: float
    agrees: bool

    @property
    def shown(self) -> str:
        """For a table."""
        return f"{self.share:.2%} of the values differ, by {self.most:.3g} at most"


def apart(kept: Tensor, drawn: Tensor) -> Apart:
    """Two sets of images at rest, of one shape (N, C, H, W): in levels of 255, or in the units of points."""
    off = (kept.double() - drawn.double()).abs()
    share, most = float((off > 0).double().mean()), float(off.max())
    if kept.dtype == torch.uint8:
        return Apart(share, most, share <= SHARE_OFF and most <= LEVELS_OFF)
    return Apart(share, most, most <= POINTS_OFF * float(kept.abs().max()))
