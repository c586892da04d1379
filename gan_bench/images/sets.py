"""Sets of images that may be larger than the memory: read in pieces, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from gan_bench.core.progress import bar

MOST_BYTES = 2**30  # what is kept in memory instead of being read again
PIECE = 256  # images


class ImageSet(Protocol):
    """Images at rest (N, C, H, W): a tensor, or `LazyImages`."""

    @property
    def shape(self) -> torch.Size:
        """(N, C, H, W)."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Tensor, /) -> ImageSet: ...

    def split(self, size: int, /) -> Iterable[Tensor]:
        """The images in order, as tensors (B, C, H, W) of `size` images; the last may be smaller."""


@dataclass(frozen=True)
class LazyImages:
    """Images that stay in their files until they are asked for.

    image_shape  (C, H, W)
    positions    (N,) which of them, in this order
    read         positions (B,) -> images at rest (B, C, H, W)
    """

    image_shape: tuple[int, int, int]
    positions: Tensor
    read: Callable[[Tensor], Tensor]

    @classmethod
    def of(cls, images: Tensor) -> Self:
        """Images (N, C, H, W) that are in memory, to be changed piece by piece."""
        _, channels, height, width = images.shape
        return cls((channels, height, width), torch.arange(len(images)), images.__getitem__)

    @property
    def shape(self) -> torch.Size:
        """(N, C, H, W)."""
        return torch.Size((len(self.positions), *self.image_shape))

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, chosen: Tensor, /) -> LazyImages:
        return LazyImages(self.image_shape, self.positions[chosen], self.read)

    def split(self, size: int, /) -> Iterator[Tensor]:
        """The images in order, as tensors (B, C, H, W) of `size` images; the last may be smaller."""
        return (self.read(piece) for piece in self.positions.split(size))

    def then(self, change: Callable[[Tensor], Tensor], image_shape: tuple[int, int, int]) -> LazyImages:
        """Each piece changed as it is read: `change` takes (B, C, H, W) and gives (B, *image_shape)."""
        return LazyImages(image_shape, self.positions, lambda positions: change(self.read(positions)))


def in_memory(images: ImageSet) -> Tensor:
    """All of them as one tensor (N, C, H, W)."""
    if isinstance(images, Tensor):
        return images

    whole: Tensor | None = None
    done = 0
    with bar("reading", total=len(images), unit="images") as advance:
        for piece in images.split(PIECE):  # not torch.cat, which would hold everything twice
            whole = piece.new_empty(images.shape) if whole is None else whole
            whole[done : done + len(piece)] = piece
            done += len(piece)
            advance(len(piece))

    assert whole is not None, "a set has at least one image"
    return whole


def load_if_small(images: ImageSet) -> ImageSet:
    """In memory where they fit into 1 GiB, so that nothing is read twice."""
    return in_memory(images) if images.shape.numel() <= MOST_BYTES else images


def spread(n: int, most: int) -> Tensor:
    """At most `most` positions of n, evenly spread: enough of a set to look at."""
    return torch.arange(n) if n <= most else torch.linspace(0, n - 1, most).round().long()
