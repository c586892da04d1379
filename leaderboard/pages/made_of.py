"""The digest of all that the pages are made of: records, the files beside them, how tables are read, and the code itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gan_bench.core.digests import json_digest, sha256_of
from gan_bench.records import Result, TableRules

CODE = ("core", "records", "leaderboard")  # parts of gan-bench whose code decides what pages show
ENDS = (".py", ".j2", ".css", ".js")


def digest_of(
    results: Sequence[Result], rules: Mapping[str, TableRules], problems: Sequence[str], suites: Mapping[str, str]
) -> str:
    """SHA-256 over contents, never over times: equal inputs give equal pages, and another byte another digest."""
    verifications = {str(r.run): r.verification.model_dump_json() for r in results if r.verification is not None}
    records = sorted(json_digest([str(result.run), _record(result), _beside(result.files)]) for result in results)
    told = {name: list(rule) for name, rule in rules.items()}
    return json_digest([_code(), records, verifications, told, list(problems), dict(suites)])


def _record(result: Result) -> str:
    """The file holds all of it, and what a model made of it takes longer to write."""
    return "" if "record" in result.files else result.record.model_dump_json()


def _beside(found: Mapping[str, Path]) -> dict[str, str]:
    """What each file shows, and its digest; "": it cannot be read."""
    digests = {}
    for what, file in found.items():
        try:
            digests[what] = sha256_of(file)
        except OSError:
            digests[what] = ""
    return digests


def _code() -> str:
    package, digest = files("gan_bench"), hashlib.sha256()
    for part in CODE:
        for file in sorted(_sources(package / part), key=str):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> list[Traversable]:
    found = []
    for inside in folder.iterdir():
        if inside.is_dir():
            found += _sources(inside)
        elif inside.name.endswith(ENDS):
            found.append(inside)
    return found
