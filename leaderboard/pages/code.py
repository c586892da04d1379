"""The code of a variant as it was trained: a user's own file out of the record, or a module of ours if it is still the same."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.rows import Row
from gan_bench.records import CellRecord

PACKAGE = "gan_bench."


class CodeLink(NamedTuple):
    """What the page says of the code. `path`: a copy in the folder of pages; None: there is none, and `note` says why."""

    name: str
    path: str | None
    note: str


def code_of(site: Site, names: Names, row: Row) -> CodeLink | None:
    """The code of the first seed; None where nothing is known of it."""
    record = row.entries[0].record
    if not isinstance(record, CellRecord):
        return None
    kept = names.entry_file(row.label, "code.py.txt")  # a browser shows text, and offers to open anything else
    if record.spec.code is not None:
        code = record.spec.code
        text = next((file.text for path, file in code.files.items() if path.endswith(code.file)), "")
        return CodeLink(code.file, site.folder.write(kept, text), f"SHA-256 {code.digest[:12]}")
    if not record.source:
        return None

    data = _module(record.source)
    if data is None or sha256(data).hexdigest() != record.source_digest:
        return CodeLink(record.source, None, "the installed gan-bench has another version of it than the one that was trained")
    return CodeLink(record.source, site.folder.keep(kept, data), f"SHA-256 {record.source_digest[:12]}")


def _module(name: str) -> bytes | None:
    """The source of a module of gan-bench, which is not imported; None where there is no such file."""
    if not name.startswith(PACKAGE):
        return None
    *folders, last = name.removeprefix(PACKAGE).split(".")
    file = files("gan_bench").joinpath(*folders, f"{last}.py")
    return file.read_bytes() if file.is_file() else None
