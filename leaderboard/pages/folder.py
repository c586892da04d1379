"""Writing below the folder of pages: text, and copies of what runs kept. What did not change is not written again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic_core import from_json

from gan_bench.core.digests import sha256_or_none
from gan_bench.core.errors import UserError
from gan_bench.core.files import cannot_write, write_if_changed

PNG_START = b"\x89PNG\r\n\x1a\n"
LIST = ".pages.json"  # the files of the last build: the next one removes what is no longer shown, or has nothing to do
ASIDE = ".damaged"  # what is added to the name of something that lies where a page belongs
LARGEST = 64 * 2**20  # bytes of a file that is shown; ours have some hundred thousand
ANEW = "the same `gan-bench run` command makes it anew"
log = logging.getLogger(__name__)


class ShownPicture(NamedTuple):
    """A picture of the folder of pages: its path in it, and its size in pixels."""

    path: str
    width: int
    height: int


class Build(NamedTuple):
    """What a build wrote: the digest of what it was made of, path -> SHA-256 of each file, and what it could not show."""

    made_of: str
    files: dict[str, str | None]
    problems: list[str]


@dataclass
class PagesFolder:
    """The folder of pages.

    written   every path in it that belongs to this build
    problems  what this build cannot show of what runs kept
    """

    path: Path
    written: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    _safe: set[Path] = field(default_factory=set)
    _pictures: dict[str, ShownPicture | None] = field(default_factory=dict)

    def write(self, path: str, text: str) -> str:
        """Write a text file, unless it is there with this text; returns its path."""
        return self.keep(path, text.encode())

    def keep(self, path: str, data: bytes) -> str:
        """Write a file, unless it is there with these bytes; returns its path. Raises CannotWrite."""
        write_if_changed(self.claim(path), data)
        return path

    def claim(self, path: str) -> Path:
        """Where a file of this build is to be written; whatever else lies there is set aside. Raises UserError as `keep`."""
        target = self.path / path
        self._check_inside(target)
        if os.path.lexists(target) and not (target.is_file() or target.is_symlink()):
            set_aside(target)
        self.written.add(path)
        return target

    def problem(self, sentence: str) -> None:
        """Note what cannot be shown, for the front page and the log."""
        log.warning("%s", sentence)
        self.problems.append(sentence)

    def copy(self, source: Path, path: str) -> str | None:
        """Copy a file; returns its path. None, and a problem, where it cannot be read."""
        data = self._read(source)
        return None if data is None else self.keep(path, data)

    def _read(self, source: Path) -> bytes | None:
        """The bytes of a file of a run. None, and a problem, where it cannot be read, or is far larger than what runs write."""
        try:
            if source.stat().st_size <= LARGEST:
                return source.read_bytes()
            why = "it is far too large"
        except OSError as error:
            why = error.strerror or "an error of the disk"
        self.problem(f"{source} cannot be read ({why}), so it is not shown; {ANEW}.")
        return None

    def picture(self, source: Path | None, path: str) -> ShownPicture | None:
        """Copy a PNG, which several pages may show. None where there is none, and a problem where it is damaged."""
        if path not in self._pictures:
            self._pictures[path] = None if source is None else self._copied_picture(source, path)
        return self._pictures[path]

    def _copied_picture(self, source: Path, path: str) -> ShownPicture | None:
        data = self._read(source)
        if data is None:
            return None
        size = png_size(data)
        if size is None:
            self.problem(f"{source} is damaged or no PNG picture, so it is not shown; {ANEW}.")
            return None
        return ShownPicture(self.keep(path, data), *size)

    def holds(self, made_of: str) -> bool:
        """Whether the last build was made of the same, and each of its files is still as it was. Tells what it cannot show."""
        last = self._last_build()
        if last.made_of != made_of or any(sha256_or_none(self.path / path) != digest for path, digest in last.files.items()):
            return False
        for sentence in last.problems:
            log.warning("%s", sentence)
        return True

    def finish(self, made_of: str) -> None:
        """Remove the files of the last build that this one did not write, and list those of this one.

        made_of  what `holds` is asked for at the next build
        """
        for path in sorted(self._last_build().files.keys() - self.written):
            target = self.path / path
            with contextlib.suppress(OSError, ValueError):  # a folder, say, or no path at all: it is none of our files
                if _is_inside(target, self.path):
                    target.unlink(missing_ok=True)

        files = {path: sha256_or_none(self.path / path) for path in sorted(self.written)}
        told = {"made_of": made_of, "problems": self.problems, "files": files}
        self.write(LIST, json.dumps(told, indent=0) + "\n")

    def _last_build(self) -> Build:
        try:
            told = from_json((self.path / LIST).read_bytes()) if (self.path / LIST).is_file() else {}
            files = {str(path): digest for path, digest in told["files"].items()}
            return Build(str(told["made_of"]), files, [str(sentence) for sentence in told["problems"]])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # there is none, or somebody edited its list
            return Build("", {}, [])

    def _check_inside(self, target: Path) -> None:
        """Makes the folder of a file. Raises UserError where a link in the folder of pages leads out of it."""
        if target.parent not in self._safe:
            if not _is_inside(target.parent, self.path):
                raise UserError(f"{target.parent} leads out of {self.path} by a link; remove the link.")
            for folder in reversed(target.relative_to(self.path).parents[:-1]):
                if os.path.lexists(self.path / folder) and not (self.path / folder).is_dir():
                    set_aside(self.path / folder)
            self._safe.add(target.parent)


def set_aside(path: Path) -> None:
    """Rename what lies where a page belongs, a folder in the place of a file, say. Raises CannotWrite."""
    other = path.with_name(path.name + ASIDE)
    n = 1
    while os.path.lexists(other):
        n += 1
        other = path.with_name(f"{path.name}{ASIDE}-{n}")
    try:
        path.rename(other)
    except OSError as error:
        raise cannot_write(path, error) from error
    log.warning("%s was in the way of the pages; it is now %s.", path, other.name)


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG; None where it is none, or it is not whole: each of its parts ends with a checksum."""
    if not data.startswith(PNG_START + b"\x00\x00\x00\rIHDR"):
        return None

    place, kind = len(PNG_START), b""
    while kind != b"IEND":
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        end = place + 8 + length
        if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4]) or len(data) < end + 4:
            return None
        place = end + 4

    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if width and height else None
