"""`gan-bench cache size`, `gan-bench cache verify` and `gan-bench cache clear`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer
from rich.filesize import decimal

from gan_bench.cli import completion
from gan_bench.cli.options import Json
from gan_bench.cli.output import log_to_stderr, print_json, print_table, say, stdout
from gan_bench.cli.usage import Command
from gan_bench.core.cache import Older, sealed_or_older, what_is_wrong
from gan_bench.core.errors import UserError
from gan_bench.core.files import cache_folder
from gan_bench.core.inventory import KEPT_IMAGES, KINDS, CachedFile, entries
from gan_bench.core.progress import bar
from gan_bench.core.registry import suggest
from gan_bench.core.sealed import Damaged

app = typer.Typer(help="What is kept between commands: its size, its state, its removal.", no_args_is_help=True)
MOST_TOLD = 10  # files of one kind of fault


class FileRemark(NamedTuple):
    """What is to be told of one file."""

    state: Literal["damaged", "without digest", "half-written", "unknown", "left"]
    file: Path
    text: str


# ------------------------------------------------------------------------------------------------------------------ size


@app.command(cls=Command)
def size(as_json: Json = False) -> None:
    """How much is kept, and of what."""
    folder = _folder()
    found = list(entries(folder))
    ours = [entry for entry in found if entry.state != "unknown"]
    unknown = [str(entry.path) for entry in found if entry.state == "unknown"]

    kinds = {kind: [entry for entry in ours if entry.kind == kind] for kind in KINDS}
    if as_json:
        rows = [{"kind": kind, "files": len(of), "bytes": _bytes(of)} for kind, of in kinds.items()]
        print_json({"folder": str(folder), "kinds": rows, "files": len(ours), "bytes": _bytes(ours), "unknown": unknown})
        return

    table = [*((kind, KINDS[kind], of) for kind, of in kinds.items()), ("total", "", ours)]
    print_table(
        [{"kind": kind, "what": what, "files": f"{len(of):,}", "size": decimal(_bytes(of))} for kind, what, of in table]
    )
    say(f"in {folder}", stdout)
    if unknown:
        say(f"Not counted, since gan-bench does not know it: {_some(unknown)}.")


# ---------------------------------------------------------------------------------------------------------------- verify


@app.command(cls=Command)
def verify(as_json: Json = False) -> None:
    """Compare every file with its digest. Exit 1 when one is damaged: it is named, and made again when it is needed.

    Files that were left half-written, that older versions kept without a digest, and that gan-bench does not know are named
    too; nothing uses them.
    """
    log_to_stderr()
    folder = _folder()
    found = list(entries(folder))
    findings = list(_findings(found))
    n_damaged = sum(finding.state == "damaged" for finding in findings)
    if as_json:
        rows = [one._replace(file=str(one.file))._asdict() for one in findings]  # type: ignore[arg-type]
        print_json({"folder": str(folder), "files": _n_kept(found), "damaged": n_damaged, "findings": rows})
    else:
        _tell(findings)
        whole = _n_kept(found) - sum(finding.state in ("damaged", "without digest") for finding in findings)
        say(f"{folder}: {whole:,} of {_n_kept(found):,} files have their digest, {n_damaged:,} damaged", stdout)
    if n_damaged:
        raise typer.Exit(1)


def _findings(found: list[CachedFile]) -> Iterator[FileRemark]:
    with bar("checking the cache", total=max(_bytes(found), 1), unit="bytes") as advance:
        for entry in found:
            if entry.state == "unknown":
                yield FileRemark("unknown", entry.path, "is not known to gan-bench")
            elif entry.state == "half-written" and entry.writer is None:
                yield FileRemark("half-written", entry.path, "was left half-written; `gan-bench cache clear` removes it")
            elif entry.state == "kept" and entry.kind != "datasets":
                yield from _of_file(entry)
            advance(entry.size)
    yield from _of_datasets(found)


def _of_file(entry: CachedFile) -> Iterator[FileRemark]:
    """What is wrong with a file that holds its own digest."""
    from gan_bench.core.tensors import check_digested
    from gan_bench.datasets.folder_notes import note_in

    check = {"folders": note_in, "own": sealed_or_older}.get(entry.kind, check_digested)
    try:
        check(entry.path)
        if check is not check_digested and sealed_or_older(entry.path)[1]:
            raise Older
    except Older:
        yield FileRemark("without digest", entry.path, "is of an older version, without a digest")
    except FileNotFoundError:  # it was removed meanwhile
        return
    except (Damaged, OSError, KeyError, TypeError, ValueError) as error:
        yield FileRemark("damaged", entry.path, f"is damaged ({what_is_wrong(error)}); it is made again when it is needed")


def _of_datasets(found: list[CachedFile]) -> Iterator[FileRemark]:
    """What is wrong with the files of datasets, whose digests are pinned or on a card."""
    from gan_bench.datasets import DATASETS

    for folder in dict.fromkeys(entry.path.parent for entry in found if entry.kind == "datasets" and entry.state == "kept"):
        if folder.name in DATASETS.complete_names():
            name = folder.name
        elif KEPT_IMAGES.fullmatch(folder.name):
            name = f"images:{folder.name}"
        else:
            yield FileRemark("unknown", folder, "is of a dataset that is not known here")
            continue
        for file in DATASETS.create(name).faulty():
            yield FileRemark("damaged", file, f"is missing or damaged; `gan-bench data fetch {name}` fixes it")


# ----------------------------------------------------------------------------------------------------------------- clear


@app.command(cls=Command)
def clear(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(help=", ".join(KINDS), show_default="all", autocompletion=completion.one(lambda: KINDS)),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what is kept: everything, or only these kinds.

    Only files that gan-bench put there are removed. Links are not followed. What a command in progress is writing stays, and so
    do images whose folder is gone, since they could not be read again.
    """
    for kind in kinds or ():
        if kind not in KINDS:
            raise UserError(suggest(kind, KINDS, "kind of the cache"))

    log_to_stderr()
    folder = _folder()
    chosen = [entry for entry in entries(folder) if entry.kind in (kinds or KINDS) and entry.state != "unknown"]
    last = _last_copies(chosen)
    removable = sorted((e for e in chosen if e.path not in last), key=lambda e: e.state == "lock")  # locks last
    _ask(removable, folder, yes)

    findings = [FileRemark("left", path, text) for path, text in last.items()]
    removed = []
    for entry in removable:
        reason = _remove(entry)
        if reason is None:
            removed.append(entry)
        else:
            findings.append(FileRemark("left", entry.path, reason))
    _remove_empty(removed, folder)
    _tell_removed(removed, findings, folder, as_json)


def _ask(removable: list[CachedFile], folder: Path, yes: bool) -> None:
    """Go on only where the user agrees. Raises UserError where nobody can be asked."""
    if yes or not removable:
        return
    what = f"{len(removable):,} files, {decimal(_bytes(removable))}, from {folder}"
    if not sys.stdin.isatty():
        raise UserError(f"cache clear would remove {what}; where nobody can be asked, --yes says so.")
    if not typer.confirm(f"Remove {what}?", err=True):
        raise typer.Exit(1)


def _last_copies(chosen: Iterable[CachedFile]) -> dict[Path, str]:
    """file -> why it stays: images whose folder is gone, and the notes that lead to them."""
    from gan_bench.datasets.folder_notes import card_of, note_file, side_of

    stay: dict[Path, str] = {}
    notes: dict[Path, str] = {}
    for folder in dict.fromkeys(entry.path.parent for entry in chosen if entry.path.name == "card.json"):
        card = card_of(folder / "card.json")
        if card is not None and not Path(card.source).exists():
            text = f"stays: its images were read from {card.source}, which is gone, so this is the last copy"
            stay |= {entry.path: text for entry in chosen if entry.path.parent == folder}
            notes[note_file(card.source, side_of(folder.name))] = text
    return stay | {entry.path: notes[entry.path] for entry in chosen if entry.path in notes}


def _remove(entry: CachedFile) -> str | None:
    """Why a file could not be removed; None: it was."""
    import filelock

    if entry.writer is not None:
        return f"stays: process {entry.writer} is writing it"
    try:
        if entry.lock is not None and entry.lock.is_file():
            with filelock.FileLock(entry.lock, timeout=0):
                entry.path.unlink()
        else:
            entry.path.unlink()
    except FileNotFoundError:
        return None
    except filelock.Timeout:
        return "stays: a command in progress is writing beside it"
    except OSError as error:
        return f"stays: it cannot be removed ({error.strerror})"
    return None


def _remove_empty(removed: list[CachedFile], folder: Path) -> None:
    """Remove the folders that are empty now, from the inmost outwards."""
    above = {parent for entry in removed for parent in entry.path.parents if folder in parent.parents}
    for parent in sorted(above | {parent / "downloads" for parent in above}, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):  # it is not empty, or not there
            parent.rmdir()


def _tell_removed(removed: list[CachedFile], findings: list[FileRemark], folder: Path, as_json: bool) -> None:
    if as_json:
        rows = [{"file": str(one.file), "reason": one.text} for one in findings]
        print_json({"folder": str(folder), "removed": len(removed), "bytes": _bytes(removed), "left": rows})
        return
    _tell(findings)
    say(f"{folder}: {len(removed):,} files removed, {decimal(_bytes(removed))}", stdout)


# ---------------------------------------------------------------------------------------------------------------- shared


def _folder() -> Path:
    """The cache. Raises UserError where something else lies in its place."""
    folder = cache_folder()
    if os.path.lexists(folder) and not folder.is_dir():
        raise UserError(f"the cache {folder} is not a folder; set GAN_BENCH_CACHE to one.")
    return folder


def _bytes(found: Iterable[CachedFile]) -> int:
    return sum(entry.size for entry in found)


def _n_kept(found: Iterable[CachedFile]) -> int:
    return sum(entry.state == "kept" for entry in found)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_TOLD:,} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more


def _tell(findings: list[FileRemark]) -> None:
    """Damaged files on stdout, all of them; of each other state the first ones, on stderr."""
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.state] = counts.get(one.state, 0) + 1
        if one.state == "damaged":
            say(f"{one.file} {one.text}", stdout)
        elif one.state != "without digest" and counts[one.state] <= MOST_TOLD:
            say(f"{one.file} {one.text}")
    for state, n in counts.items():
        if state == "without digest":
            say(f"{n:,} files were kept by an older version, without a digest, and get one when they are made again.")
        elif state != "damaged" and n > MOST_TOLD:
            say(f"and {n - MOST_TOLD:,} more: {state}")
