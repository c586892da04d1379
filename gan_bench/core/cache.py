"""The cache: what gan-bench keeps between commands because making it again costs time.

Each file in it has a digest that is checked whenever it is read. One that is damaged is named, and made again. Where the cache
cannot be written, that is said once, and a temporary folder stands in for it until the process ends, also in its workers. Where
that cannot be written either, the work goes on without what can be done without.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from gan_bench.core.errors import CannotWrite
from gan_bench.core.files import FULL, READ_ONLY, cache_folder, cannot_write, write_bytes
from gan_bench.core.sealed import Damaged, read_sealed

log = logging.getLogger(__name__)
STAND_IN = "GAN_BENCH_STAND_IN"  # in the environment, so that worker processes share the folder
T = TypeVar("T")
_told: set[str] = set()  # caches of which it was said that they cannot be written


class Older(Damaged):
    """An older version of gan-bench wrote the file, without a digest."""


# ------------------------------------------------------------------------------------------------------ reading, keeping


def read(file: Path, reader: Callable[[Path], T], then: str = "it is made again") -> T | None:
    """What `reader` finds in a file of the cache, or of its stand-in; None where it is absent, or damaged, which is said.

    reader  raises Damaged where the file is not as it was written, and KeyError, TypeError or ValueError where it holds
            something else
    then    what happens to a damaged one
    """
    file = _place(file)
    try:
        return reader(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Older:
        log.info("%s was kept by an older version, without a digest; %s.", file, then)
    except (Damaged, OSError, KeyError, TypeError, ValueError) as error:
        log.warning("%s is damaged (%s); %s.", file, what_is_wrong(error), then)
    return None


def what_is_wrong(error: Exception) -> str:
    """Why a file of the cache cannot be used, in a few words."""
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    return str(error) if isinstance(error, Damaged) else "it holds something else"


def sealed_or_older(file: Path) -> tuple[bytes, bool]:
    """The content of a sealed file, and whether it has no seal since an older version wrote it.

    Those were JSON or began with a path. Raises Damaged and OSError as `read_sealed` does.
    """
    try:
        return read_sealed(file), False
    except Damaged:
        content = file.read_bytes()
        if content.startswith((b"{", b"/")):
            return content, True
        raise


def keep(file: Path, write: Callable[[Path], object]) -> bool:
    """Whether `write` could put a file into the cache, or else into its stand-in, which is said once."""
    make_room(file)
    try:
        write(file)
        return True
    except CannotWrite as error:
        tell(error)

    with contextlib.suppress(CannotWrite):
        write(_stand_in() / file.relative_to(cache_folder()))
        return True
    return False


def make_room(file: Path) -> None:
    """Remove an empty folder that lies where a file of the cache belongs."""
    with contextlib.suppress(OSError):  # there is none, or it holds something, which is not ours to remove
        file.rmdir()


def tell(error: CannotWrite) -> None:
    """Say that the cache cannot be written, once in this process. The command line shows what several workers say once."""
    folder = str(cache_folder())
    if folder in _told:
        return
    _told.add(folder)
    log.warning(
        "the cache %s cannot be written (%s), so features and datasets are made anew each time; "
        "set GAN_BENCH_CACHE to a folder that can be written.", folder, reason(error.__cause__),
    )  # fmt: skip


def reason(error: BaseException | None) -> str:
    """Why something cannot be written, in a few words."""
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in FULL:
        return "the disk is full"
    if error.errno in READ_ONLY:
        return "read-only"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return "there is a file where a folder belongs"
    return f"{error.filename2} is a folder" if error.errno == errno.EISDIR else str(error.strerror)


def fault() -> str | None:
    """Why the cache cannot be written, in a few words; None: it can be."""
    probe = cache_folder() / ".writable"
    try:
        write_bytes(probe, b"")
        probe.unlink()
    except CannotWrite as error:
        return reason(error.__cause__)
    return None


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """The context that one process at a time is in. Where no lock can be made, nothing can be kept either: then each may be."""
    import filelock  # it imports asyncio

    lock = filelock.FileLock(file)
    with contextlib.suppress(OSError, NotImplementedError):  # the second: a file system without locks
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


# -------------------------------------------------------------------------------------------------------------- datasets


def dataset_folder(dataset: str) -> Path:
    """Where a dataset is kept: in the stand-in if it had to go there, else in the cache."""
    return _place(cache_folder() / "datasets" / dataset)


def dataset_file(dataset: str, part: str) -> Path:
    """Where a part of a dataset, such as "train-images", is kept."""
    return dataset_folder(dataset) / f"{part}.npy"


def written(dataset: str, write: Callable[[], T]) -> T:
    """What `write` returns, which puts files into `dataset_folder`.

    Where the cache cannot be written, that is said once, and its stand-in takes the dataset. Raises CannotWrite where that is
    not possible either.
    """
    try:
        return write()
    except CannotWrite as error:
        if is_temporary(dataset):
            raise
        tell(error)

    folder = _stand_in() / "datasets" / dataset
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return write()


def is_temporary(dataset: str) -> bool:
    """Whether a dataset lies in the stand-in."""
    return dataset_folder(dataset) != cache_folder() / "datasets" / dataset


# -------------------------------------------------------------------------------------------------------------- stand-in


def _place(path: Path) -> Path:
    """Where a file or a folder of the cache lies: in the stand-in if it had to go there."""
    given = os.environ.get(STAND_IN)
    if given and path.is_relative_to(cache_folder()):
        there = Path(given) / path.relative_to(cache_folder())
        return there if os.path.lexists(there) else path
    return path


def _stand_in() -> Path:
    """The temporary folder of this process and of those that it starts. Raises CannotWrite."""
    given = os.environ.get(STAND_IN)
    if given and Path(given).is_dir():
        return Path(given)

    try:
        folder = tempfile.mkdtemp(prefix="gan-bench-")
    except OSError as error:
        raise cannot_write(Path(tempfile.gettempdir()), error) from error
    os.environ[STAND_IN] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
