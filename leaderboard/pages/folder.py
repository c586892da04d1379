"""Writing below the folder of pages: text, and copies of what runs kept. What did not change is not written again."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.core.files import write_if_changed

PNG_START = b"\x89PNG\r\n\x1a\n"
LIST = ".pages.json"  # the files of the last build: the next one removes what is no longer shown, or has nothing to do


class ShownPicture(NamedTuple):
    """A picture of the folder of pages: its path in it, and its size in pixels."""

    path: str
    width: int
    height: int


class Build(NamedTuple):
    """What a build wrote: the digest of what it was made of, and path -> SHA-256 of each file."""

    made_of: str
    files: dict[str, str | None]


@dataclass
class PagesFolder:
    """The folder of pages. `written`: every path in it that belongs to this build; `problems`: what could not be shown."""

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
        target = self.path / path
        self._check_inside(target)
        self.written.add(path)
        write_if_changed(target, data)
        return path

    def copy(self, source: Path, path: str) -> str | None:
        """Copy a file; returns its path. None, and a problem, where it cannot be read."""
        try:
            data = source.read_bytes()
        except OSError as error:
            self.problems.append(f"{source} cannot be read ({error.strerror}), so it is not shown.")
            return None
        return self.keep(path, data)

    def picture(self, source: Path | None, path: str) -> ShownPicture | None:
        """Copy a PNG, which several pages may show. None where there is none, and a problem where it is damaged."""
        if path not in self._pictures:
            self._pictures[path] = None if source is None else self._copied_picture(source, path)
        return self._pictures[path]

    def _copied_picture(self, source: Path, path: str) -> ShownPicture | None:
        if self.copy(source, path) is None:
            return None
        size = png_size(self.path / path)
        if size is None:
            self.problems.append(f"{source} is not a PNG picture, so it is not shown.")
            self.written.discard(path)
            (self.path / path).unlink(missing_ok=True)
            return None
        return ShownPicture(path, *size)

    def holds(self, made_of: str) -> bool:
        """Whether the last build was made of the same, and each of its files is still as it was."""
        last = self._last_build()
        return last.made_of == made_of and all(_digest(self.path / path) == digest for path, digest in last.files.items())

    def finish(self, made_of: str) -> None:
        """Remove the files of the last build that this one did not write, and list those of this one.

        made_of  what `holds` is asked for at the next build
        """
        for path in sorted(self._last_build().files.keys() - self.written):
            target = self.path / path
            if target.resolve().is_relative_to(self.path.resolve()):
                target.unlink(missing_ok=True)

        files = {path: _digest(self.path / path) for path in sorted(self.written)}
        self.write(LIST, json.dumps({"made_of": made_of, "files": files}, indent=0) + "\n")

    def _last_build(self) -> Build:
        try:
            told = json.loads((self.path / LIST).read_text(encoding="utf-8"))
            return Build(str(told["made_of"]), {str(path): digest for path, digest in told["files"].items()})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # there is none, or somebody edited its list
            return Build("", {})

    def _check_inside(self, target: Path) -> None:
        """Raises UserError where a link in the folder leads out of it."""
        if target.parent not in self._safe:
            if not target.parent.resolve().is_relative_to(self.path.resolve()):
                raise UserError(f"{target.parent} leads out of {self.path} by a link; remove the link.")
            self._safe.add(target.parent)


def _digest(file: Path) -> str | None:
    """SHA-256 of a file; None where it cannot be read."""
    try:
        return sha256_of(file)
    except OSError:
        return None


def png_size(file: Path) -> tuple[int, int] | None:
    """Width and height of a PNG, from its first bytes; None where it is none."""
    with open(file, "rb") as stream:
        start = stream.read(24)
    if len(start) < 24 or not start.startswith(PNG_START):
        return None
    width, height = struct.unpack(">II", start[16:24])
    return (width, height) if width and height else None
