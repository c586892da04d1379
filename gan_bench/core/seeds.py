"""Named random streams: a random call that is added in one place cannot change the numbers drawn in another.

A stream depends on (seed, names) alone, not on what was drawn before. So a resumed run needs no saved generator states.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed made from `seed` and a path of names and indices, such as derive(0, "batches", epoch)."""
    key = repr((seed, *names)).encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "little") >> 1


def stream(seed: int, *names: str | int) -> torch.Generator:
    """A new generator on the CPU, seeded by `derive` with the same arguments."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *names))
