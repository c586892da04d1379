"""Datasets by name. One file for each dataset; see `base.Dataset` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gan_bench.core.contract import Attribute, text, whole
from gan_bench.core.errors import UserError
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset

SIDES = (16, 32, 64, 128, 256)  # pixels: of a folder's images, where a run trains on them; cyclegan cannot do less


def check_side(side: int) -> None:
    """Raises UserError at a side that no network here has."""
    if side not in SIDES:
        known = ", ".join(map(str, SIDES[:-1]))
        raise UserError(f"--side {side} does not fit the networks, whose sides are {known} or {SIDES[-1]} pixels.")


def _fits_networks(shape: Any) -> bool:
    """Whether networks here can take and make images of this shape (C, H, W), or points."""
    if not (isinstance(shape, tuple) and len(shape) == 3 and all(isinstance(n, int) and n > 0 for n in shape)):
        return False
    channels, height, width = shape
    if (height, width) == (1, 1):
        return True
    doublings = height.bit_length() - 3  # from 4x4
    return channels in (1, 3) and height == width and doublings > 0 and height == 4 << doublings


def _wrong_classes(kind: type[Any]) -> str | None:
    names = kind.class_names
    if isinstance(names, tuple) and len(names) != kind.n_classes:
        return f"has {len(names)} class_names, and n_classes = {kind.n_classes}"
    return None


CONTRACT = (
    text("title"),
    Attribute(
        "image_shape",
        "(1 or 3, side, side), the side 4 times a power of two and 8 at least, or (coordinates, 1, 1)",
        _fits_networks,
    ),
    whole("n_classes", least=1),
    whole("padding", least=0, default=0),
    Attribute("class_names", "a tuple of texts", lambda v: isinstance(v, tuple), listed=False),
    Attribute("digests", "a dictionary of SHA-256 digests", lambda v: isinstance(v, dict), default={}),
    text("made_of", default=None),
)
DATASETS: Registry[Dataset] = Registry("dataset", __name__, "gan_bench.datasets", CONTRACT, _wrong_classes)
