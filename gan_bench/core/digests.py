"""A digest of plain data, for hashes of specs, recipes and keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def json_digest(data: Any) -> str:
    """SHA-256 of the canonical JSON of plain data: equal data give equal digests, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
