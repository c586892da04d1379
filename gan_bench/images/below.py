"""What lies below a folder: files, and pipes, lost links and others that are none. Nothing is opened: a pipe would hang."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

NAMED = 3  # things that a sentence names
LINK, ABSENT = "a link that leads nowhere", "cannot be opened: No such file or directory"
NO_FILE = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)  # fmt: skip


class Below(NamedTuple):
    """What lies below a folder, without hidden things.

    files  in no order; links to files are followed
    odd    what is no file, and what it is: a pipe, a link that leads nowhere, a link to a folder, a folder that cannot be read
    """

    files: list[Path]
    odd: dict[Path, str]


def below(folder: Path) -> Below:
    """All that lies below a folder. Links to folders are not followed, so there are no circles."""
    found, waiting = Below([], {}), [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                seen = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            found.odd[here] = f"a folder that cannot be read: {error.strerror}"
            continue

        for entry in seen:
            path = here / entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif what := no_file(path):
                found.odd[path] = "a link to a folder, not followed" if what == "a folder" else what
            else:
                found.files.append(path)
    return found


def no_file(path: Path) -> str:
    """What a path is that is no file, in words; "": it is a file, or a link to one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link to itself"
        is_lost = error.errno in (errno.ENOENT, errno.ENOTDIR) and path.is_symlink()
        return LINK if is_lost else f"cannot be opened: {error.strerror}"
    except ValueError:  # a zero byte in it
        return "not the name of a file"
    return next((words for is_one, words in NO_FILE if is_one(mode)), "")


def is_folder(path: Path) -> bool:
    """Whether it is a folder; a name too long for one is none."""
    return no_file(path) == "a folder"


def named(things: Iterable[str]) -> str:
    """The first of them in words: "a, b, c and 12 more"."""
    listed = list(things)
    more = f" and {len(listed) - NAMED:,} more" if len(listed) > NAMED else ""
    return f"{', '.join(listed[:NAMED])}{more}"


def printable(path: Path) -> str:
    """A path as text that can be printed, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
