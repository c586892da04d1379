"""Named random streams: a random call added in one place cannot shift the numbers drawn in another.

A stream is a function of (seed, names), not of what was drawn before, so a resumed run needs no saved generator states.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed from `seed` and a path of names and indices, e.g. derive(0, "batches", epoch)."""
    key = repr((seed, *names)).encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "little") >> 1


def stream(seed: int, *names: str | int) -> torch.Generator:
    """A fresh CPU generator for that path."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *names))
