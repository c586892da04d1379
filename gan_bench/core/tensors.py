"""Safetensors files, written whole or not at all; those in the cache with a digest of their own.

The digest is the SHA-256 of the whole file as it is with 64 zeros in the digest's place. It stands in the metadata, so the file
is one that any reader of safetensors opens. Files are hashed in a stream, and memory does not grow with them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from safetensors import SafetensorError, safe_open

from gan_bench.core.cache import Older
from gan_bench.core.files import atomic_path
from gan_bench.core.sealed import Damaged

if TYPE_CHECKING:
    from torch import Tensor

NO_DIGEST = "0" * 64
PLACE = re.compile(rb'"sha256":"([0-9a-f]{64})"')  # in the header; inside a value, these quotes would have backslashes
OS_ERROR = re.compile(r"os error (\d+)")
MOST_HEADER = 100 * 2**20  # bytes, the limit of the format


class Seal(NamedTuple):
    """The digest in a file.

    place     where it stands, in bytes from the beginning
    written   what stands there
    computed  what should
    """

    place: int
    written: str
    computed: str


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write contiguous tensors, whole or not at all. Raises CannotWrite."""
    with atomic_path(path) as temporary:
        _save(temporary, tensors, metadata)


def save_digested(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """The same, with the digest and the name of the file in the metadata. Raises CannotWrite."""
    with atomic_path(path) as temporary:
        _save(temporary, tensors, {**(metadata or {}), "file": path.name, "sha256": NO_DIGEST})
        with open(temporary, "r+b", buffering=0) as file:
            seal = _seal(file)
            file.seek(seal.place)
            file.write(seal.computed.encode())


def load_digested(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a file that `save_digested` wrote.

    Raises Damaged where it is not as it was written, Older where it never had a digest, OSError where it cannot be read.
    """
    from safetensors.torch import load_file

    metadata = check_digested(path)
    return load_file(path), metadata


def check_digested(path: Path) -> dict[str, str]:
    """The metadata of such a file, which is read whole. Raises as `load_digested` does."""
    with open(path, "rb", buffering=0) as file:
        try:
            seal = _seal(file)
        except Damaged as fault:
            raise _older_or(fault, path) from fault

    if seal.written != seal.computed:
        raise Damaged("its content does not have its digest")
    metadata = _metadata(path)
    if metadata.get("file") != path.name:
        raise Damaged(f"it is a copy of {metadata.get('file')}")
    return metadata


def _save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None) -> None:
    from safetensors.torch import save_file

    with _as_os_errors():
        save_file(dict(tensors), path, None if metadata is None else dict(metadata))


@contextlib.contextmanager
def _as_os_errors() -> Iterator[None]:
    """The context in which safetensors' own error about a full disk, or another fault of it, becomes the OSError it was."""
    try:
        yield
    except SafetensorError as error:
        found = OS_ERROR.search(str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error


def _seal(file: BinaryIO) -> Seal:
    """The digest in an open, unbuffered file. Raises Damaged where it has none."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    header = file.read(length) if len(start) == 8 and length <= MOST_HEADER else b""
    found = PLACE.search(header)
    if found is None:
        raise Damaged("its header holds no digest")

    place = found.start(1)
    blank = header[:place] + NO_DIGEST.encode() + header[place + len(NO_DIGEST) :]
    begun = hashlib.sha256(start + blank)
    computed = hashlib.file_digest(file, lambda: begun).hexdigest()  # type: ignore[arg-type]  # goes on from here
    return Seal(len(start) + place, found[1].decode(), computed)


def _older_or(fault: Damaged, path: Path) -> Damaged:
    """Older where the file is whole as far as the format tells."""
    try:
        _metadata(path)
    except Damaged:
        return fault
    return Older("it has no digest")


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise Damaged(f"it is no safetensors file: {error}") from error
