"""What lies in the cache, by place and name alone: what gan-bench put there, and what it does not know."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

KINDS = {
    "features": "features of image sets",
    "classifiers": "classifiers that were trained on your classes",
    "datasets": "images and labels",
    "folders": "which dataset each folder of yours became",
    "own": "which Python files of yours may run",
}
NAMES = {
    "features": re.compile(r"[0-9a-f]{32}\.safetensors"),
    "classifiers": re.compile(r"[0-9a-f]{32}\.safetensors"),
    "datasets": re.compile(r"(train|test)-(images|labels)\.npy|card\.json"),
    "folders": re.compile(r"[0-9a-f]{16}\.json"),
    "own": re.compile(r"[0-9a-f]{64}"),
}
LOCKS = {"classifiers": re.compile(r"[0-9a-f]{32}\.lock"), "datasets": re.compile(r"\.lock")}
TEMPORARY = re.compile(r"\.(.+)\.(\d+)\.tmp")  # as `atomic_path` names them
KEPT_IMAGES = re.compile(r"[A-Za-z0-9_-]+-\d+-[0-9a-f]{8}")  # the name of a folder in datasets/, besides those with a lock
State = Literal["kept", "lock", "half-written", "unknown"]


class CachedFile(NamedTuple):
    """A file in the cache; of what is not known, also a folder or a link.

    size  in bytes; of what is not known, 0
    lock  what is held while somebody writes it; None: there is no such file
    """

    kind: str
    path: Path
    state: State
    size: int = 0
    lock: Path | None = None

    @property
    def writer(self) -> int | None:
        """The process that is writing a half-written file at this moment; None: there is none on this machine."""
        found = TEMPORARY.fullmatch(self.path.name)
        if found is None:
            return None
        try:
            os.kill(int(found[2]), 0)  # sends nothing
        except PermissionError:  # it is another user's
            pass
        except (OSError, OverflowError):
            return None
        return int(found[2])


def entries(cache: Path) -> Iterator[CachedFile]:
    """All files of the cache, and what else lies in its folders. Links are not followed."""
    for one in _inside(cache):
        if one.name not in KINDS or not one.is_dir(follow_symlinks=False):
            yield _unknown("", one)
        elif one.name == "datasets":
            yield from _datasets(Path(one.path))
        else:
            yield from _files(one.name, Path(one.path))


def _datasets(folder: Path) -> Iterator[CachedFile]:
    for one in _inside(folder):
        path = Path(one.path)
        is_folder = one.is_dir(follow_symlinks=False)
        if is_folder and (KEPT_IMAGES.fullmatch(one.name) or (path / ".lock").is_file()):
            yield from _files("datasets", path)
        else:
            yield _unknown("datasets", one)


def _files(kind: str, folder: Path) -> Iterator[CachedFile]:
    """The files in a folder of this kind; in that of a dataset there may be one with downloads."""
    for one in _inside(folder):
        if kind == "datasets" and one.name == "downloads" and one.is_dir(follow_symlinks=False):
            yield from _files(kind, Path(one.path))
        elif not one.is_file(follow_symlinks=False):
            yield _unknown(kind, one)
        else:
            yield from _file(kind, one)


def _file(kind: str, one: os.DirEntry[str]) -> Iterator[CachedFile]:
    path = Path(one.path)
    lock = path.parent / ".lock" if kind == "datasets" else path.with_suffix(".lock")
    is_download = path.parent.name == "downloads"
    temporary = TEMPORARY.fullmatch(one.name)

    with suppress(FileNotFoundError):  # it was renamed or removed meanwhile
        size = one.stat(follow_symlinks=False).st_size
        if kind in LOCKS and LOCKS[kind].fullmatch(one.name):
            yield CachedFile(kind, path, "lock", size, path)
        elif temporary and (is_download or NAMES[kind].fullmatch(temporary[1])):
            yield CachedFile(kind, path, "half-written", size)
        elif NAMES[kind].fullmatch(one.name) and not is_download:
            yield CachedFile(kind, path, "kept", size, lock if lock.is_file() else None)
        else:
            yield _unknown(kind, one)


def _inside(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda one: one.name)
    except OSError:
        return []


def _unknown(kind: str, one: os.DirEntry[str]) -> CachedFile:
    return CachedFile(kind, Path(one.path), "unknown")
