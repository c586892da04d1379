"""A mixture of equal Gaussians, known exactly: what samples of it can be held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mixture:
    """centres of the modes, and the standard deviation of each coordinate around them."""

    centres: tuple[tuple[float, ...], ...]
    sigma: float
