"""Names of files for what people named: readable, safe on every system, and another one for every text."""

from __future__ import annotations

import hashlib
import re

LONGEST = 60  # characters of a name before its hash
HASHED = re.compile(r"-[0-9a-f]{8}$")
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # Windows opens these, with any ending, as devices


def slug(text: str) -> str:
    """A safe file name. A text that had to be changed, or looks as if it were, gets a hash, so that no two share a name."""
    return text if text == _safe(text) and not HASHED.search(text) and not DEVICES.fullmatch(text) else hashed_slug(text)


def hashed_slug(text: str) -> str:
    """A safe file name with a hash of the whole text, in 8 hexadecimal digits, whatever the text."""
    return f"{_safe(text) or 'x'}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _safe(text: str) -> str:
    """Small letters, for systems that take "A" and "a" for one; "": none are left."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-")[:LONGEST]
