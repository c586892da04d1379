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
    write_bytes(path, _seal(path, content) + b"\n" + content)


def read_sealed(path: Path) -> bytes:
    """The content of a sealed file. Raises Damaged where it is not what was written under this name, and OSError."""
    start, _, content = path.read_bytes().partition(b"\n")
    if not start.startswith(SEAL):
        raise Damaged("it does not begin with a digest")
    if start != _seal(path, content):
        raise Damaged("its content does not have its digest")
    return content


def _seal(path: Path, content: bytes) -> bytes:
    """The first line. The name counts too, so that another file in this one's place is refused."""
    return SEAL + sha256(path.name.encode() + b"\n" + content).hexdigest().encode()
