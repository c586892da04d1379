"""Folders that are written aside and then put in place whole."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_bench.core.errors import CannotWrite
from gan_bench.core.files import cannot_write


@contextlib.contextmanager
def replaced(target: Path, earlier: Sequence[Path] = ()) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block ends well, in place of the `earlier` ones, which are deleted.

    Where the block fails, it is removed and the earlier ones stay. Raises CannotWrite where a folder cannot be renamed.
    """
    new, old = (target.with_name(f".{target.name}.{os.getpid()}.{word}") for word in ("new", "old"))
    for left_over in target.parent.glob(f".{target.name}.*"):  # by a process that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    try:
        with _told_of(target):
            yield new
            _exchange(new, target, dict.fromkeys((*earlier, *([target] if target.exists() else []))), old)
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


def _exchange(new: Path, target: Path, earlier: dict[Path, None], old: Path) -> None:
    """Rename `new` to `target`; where that fails, the earlier ones are back in their places."""
    moved: list[tuple[Path, Path]] = []
    try:
        if earlier:
            old.mkdir()
        for place, folder in enumerate(earlier):
            moved.append((folder, folder.rename(old / str(place))))
        new.rename(target)
    except OSError:
        for folder, kept in moved:
            kept.rename(folder)
        raise


@contextlib.contextmanager
def added(target: Path) -> Iterator[Path]:
    """A folder to fill, whose files are put into `target` when the block ends well; else nothing is. Raises CannotWrite."""
    new, is_new = target / f".{os.getpid()}.new", not target.exists()
    try:
        with _told_of(target):
            yield new
            for file in sorted(path for path in new.rglob("*") if path.is_file()):
                place = target / file.relative_to(new)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
    except CannotWrite:
        shutil.rmtree(new, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):  # it is not there, or something is in it
                target.rmdir()
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextlib.contextmanager
def _told_of(target: Path) -> Iterator[None]:
    """Raises CannotWrite of the target, and not of what is written aside."""
    try:
        yield
    except CannotWrite as error:
        raise cannot_write(target, error.__cause__) if isinstance(error.__cause__, OSError) else error from error
    except OSError as error:
        raise cannot_write(target, error) from error
