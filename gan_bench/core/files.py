"""Files: where they are kept between runs, how they are written, how one is downloaded.

Everything that gan-bench keeps is written here, to a temporary name that is then renamed: a file is whole or not there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from gan_bench.core.errors import CannotWrite
from gan_bench.core.progress import bar

TIMEOUT = 6.0  # seconds, to connect and between two pieces
FULL = {errno.ENOSPC, errno.EDQUOT}
READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
BROKEN = {errno.EIO, errno.EFBIG, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP}


def cache_folder() -> Path:
    """Datasets and cached features: $GAN_BENCH_CACHE, else the user's cache folder of this system."""
    return Path(os.environ.get("GAN_BENCH_CACHE") or platformdirs.user_cache_dir("gan-bench"))


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; renamed to it when the block ends well, removed when it does not.

    Raises CannotWrite where the disk is full, read-only or failing. Errors of a network, which are OSErrors too, pass.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.errno not in FULL | READ_ONLY | BROKEN:
            raise
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # a failing disk may refuse this too
            temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    """The sentence on a file that this error kept from being written."""
    if error.errno in FULL:
        return CannotWrite(f"the disk is full: {path} cannot be written; free some space, and the same command goes on.")
    if error.errno in READ_ONLY:
        return CannotWrite(f"{path} cannot be written: its folder is read-only; once it is not, the same command goes on.")
    return CannotWrite(f"{path} cannot be written ({error.strerror}); once that is repaired, the same command goes on.")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all. Raises CannotWrite."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path`, whole or not at all. Raises CannotWrite."""
    write_bytes(path, text.encode())


def write_if_changed(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all; a file that holds it already keeps its time stamp. A link is replaced."""
    with contextlib.suppress(OSError):  # it is not there, or cannot be read: then it is written
        if not path.is_symlink() and path.read_bytes() == data:
            return
    write_bytes(path, data)


def download(url: str, target: Path) -> None:
    """Download `url` to `target` with a progress bar; `target` appears only when it is complete. Raises OSError."""
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as response,
        atomic_path(target) as temporary,
        open(temporary, "wb") as file,
    ):
        length = int(response.headers.get("Content-Length") or 0)
        received = 0

        with bar(target.name, total=length or None, unit="bytes") as advance:
            while chunk := response.read(1 << 20):
                file.write(chunk)
                received += len(chunk)
                advance(len(chunk))

        if length and received != length:
            raise OSError(f"ended after {received} of {length} bytes")
