"""What people name: which names they may give, and names of files for them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from gan_bench.core.errors import UserError

MOST = 80  # characters of the name of an entry
LONGEST = 60  # characters of the name of a file before its hash
UNSEEN = {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"}  # categories of Unicode: control characters, halves of characters, line ends, ...
TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the direction of a text
HASHED = re.compile(r"-[0-9a-f]{8}$")
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # Windows opens these, with any ending, as devices


def check_entry_name(name: str, reserved: Iterable[str]) -> None:
    """Raises UserError at a name that no entry can have: empty, over 80 characters, with characters that nobody sees, or taken.

    reserved  names of rows that gan-bench makes; also what the board adds to them, as in "dcgan (lr=5e-4)" and "dcgan #1a2b",
              and what looks the same
    """
    if not name.strip():
        raise UserError("--name is empty; give the entry a name, such as 'my GAN'.")
    if len(name) > MOST:
        raise UserError(f"--name {name[:20]!r}... has {len(name):,} characters; give at most {MOST}.")
    unseen = next((letter for letter in name if unicodedata.category(letter) in UNSEEN or letter in TURNING), None)
    if unseen is not None:
        raise UserError(f"--name {name!r} has the character {unseen!a}, which cannot be shown; leave it out.")
    if name != name.strip():
        raise UserError(f"--name {name!r} begins or ends with a blank; leave it out.")

    plain = _as_seen(name)
    for row in reserved:
        if plain == _as_seen(row) or plain.startswith((f"{_as_seen(row)} (", f"{_as_seen(row)} #")):
            raise UserError(f"--name {name!r} is kept for rows of {row!r}, which gan-bench makes; choose another name.")


def _as_seen(text: str) -> str:
    """What a reader may take two texts for: without case, forms of letters, repeated blanks, and signs that take no room."""
    shown = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())


def slug(text: str) -> str:
    """A safe file name. A text that had to be changed, or looks as if it were, gets a hash, so that no two share a name."""
    return text if text == _safe(text) and not HASHED.search(text) and not DEVICES.fullmatch(text) else hashed_slug(text)


def hashed_slug(text: str) -> str:
    """A safe file name with a hash of the whole text, in 8 hexadecimal digits, whatever the text."""
    return f"{_safe(text) or 'x'}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _safe(text: str) -> str:
    """Small letters, for systems that take "A" and "a" for one; "": none are left."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-")[:LONGEST]
