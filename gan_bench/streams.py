"""Sets of images that may be larger than the memory: read in pieces, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

MOST_BYTES = 2**30  # what is kept in memory rather than read again
PIECE = 256  # images


class Pictures(Protocol):
    """Images at rest (N, C, H, W): a tensor, or a `Stream` of them."""

    @property
    def shape(self) -> torch.Size: ...

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Tensor, /) -> Pictures: ...

    def split(self, size: int, /) -> Iterable[Tensor]: ...


@dataclass(frozen=True)
class Stream:
    """Images that are nowhere but in their files.

    image_shape  (C, H, W)
    positions    (N,) which of them, in this order
    read         positions (B,) -> images at rest (B, C, H, W)
    """

    image_shape: tuple[int, int, int]
    positions: Tensor
    read: Callable[[Tensor], Tensor]

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.positions), *self.image_shape))

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, chosen: Tensor, /) -> Stream:
        return Stream(self.image_shape, self.positions[chosen], self.read)

    def split(self, size: int, /) -> Iterator[Tensor]:
        return (self.read(piece) for piece in self.positions.split(size))

    def then(self, change: Callable[[Tensor], Tensor], image_shape: tuple[int, int, int]) -> Stream:
        """Each piece changed as it is read."""
        return Stream(image_shape, self.positions, lambda positions: change(self.read(positions)))


def of_tensor(images: Tensor) -> Stream:
    """Images (N, C, H, W) that are in memory, to be changed piece by piece."""
    _, channels, height, width = images.shape
    return Stream((channels, height, width), torch.arange(len(images)), images.__getitem__)


def in_memory(pictures: Pictures) -> Tensor:
    """All of them as one tensor."""
    if isinstance(pictures, Tensor):
        return pictures
    whole: Tensor | None = None
    done = 0
    for piece in pictures.split(PIECE):  # not torch.cat, which would hold everything twice
        whole = piece.new_empty(pictures.shape) if whole is None else whole
        whole[done : done + len(piece)] = piece
        done += len(piece)
    assert whole is not None, "a set has at least one image"
    return whole


def at_hand(pictures: Pictures) -> Pictures:
    """In memory if they fit, so that nothing is read twice."""
    return in_memory(pictures) if pictures.shape.numel() <= MOST_BYTES else pictures


def spread(n: int, most: int) -> Tensor:
    """At most `most` positions of n, evenly spread: enough of a set to look at."""
    return torch.arange(n) if n <= most else torch.linspace(0, n - 1, most).round().long()
