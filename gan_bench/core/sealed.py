"""Sealed files: they begin with the digest of their content, so that damage on disk is noticed when they are read."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from gan_bench.core.files import write_bytes

SEAL = b"gan-bench sha256 "


class Damaged(Exception):
    """A file is not what was once written to it; the text says what was found."""


def write_sealed(path: Path, content: bytes) -> None:
    """Write `content` with its digest in front, whole or not at all. Raises CannotWrite."""
    write_bytes(path, SEAL + sha256(content).hexdigest().encode() + b"\n" + content)


def read_sealed(path: Path) -> bytes:
    """The content of a sealed file. Raises Damaged where it is not as it was written, and OSError where it cannot be read."""
    start, _, content = path.read_bytes().partition(b"\n")
    if not start.startswith(SEAL):
        raise Damaged("it does not begin with a digest")
    if start != SEAL + sha256(content).hexdigest().encode():
        raise Damaged("its content does not have its digest")
    return content
