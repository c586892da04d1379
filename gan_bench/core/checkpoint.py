"""Checkpoints: sealed files, so that work goes on from what was written or, where that was damaged, starts anew."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from gan_bench.core.files import cannot_write
from gan_bench.core.sealed import Damaged, read_sealed, write_sealed

log = logging.getLogger(__name__)


def save_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values, whole or not at all. Raises CannotWrite."""
    whole = BytesIO()
    torch.save(content, whole)
    write_sealed(path, whole.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `save_checkpoint` wrote under this name, on the CPU. None: there is none, or it was damaged.

    Networks and optimisers copy it to where they are; an optimiser keeps its count of steps, which it asks for in each step,
    where it finds it. A damaged one is set aside as NAME.damaged, with a warning.
    """
    try:
        content: dict[str, Any] = torch.load(BytesIO(read_sealed(path)), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return None
    except (Damaged, OSError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        _set_aside(path, aside)
        log.warning("%s is damaged (%s): set aside as %s, and what it belongs to starts anew.", path, error, aside.name)
        return None
    return content


def _set_aside(path: Path, aside: Path) -> None:
    try:
        path.replace(aside)
    except OSError as error:
        raise cannot_write(aside, error) from error
