"""A mixture of equal Gaussians that is known exactly, so that samples can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mixture:
    """A mixture of equal Gaussians, one for each mode.

    centres  the coordinates of each mode's centre
    sigma    the standard deviation of each coordinate around a centre
    """

    centres: tuple[tuple[float, ...], ...]
    sigma: float
