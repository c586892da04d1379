"""Digests of plain data, for hashes of specs, recipes and keys, and of files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def json_digest(data: Any) -> str:
    """SHA-256 of the canonical JSON of plain data: equal data give equal digests, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_or_none(path: Path) -> str | None:
    """The same; None where there is no such file, but a folder or a pipe, or it cannot be read."""
    try:
        return sha256_of(path) if path.is_file() else None
    except (OSError, ValueError):  # ValueError: no path can be so
        return None
