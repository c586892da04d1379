"""What a variant is called whose settings differ from the preset's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gan_bench.core.digests import json_digest


def short_hash(data: Any) -> str:
    """The first 6 hex digits of the digest of plain data."""
    return json_digest(data)[:6]


def key_of(variant: str, changed: Mapping[str, Any]) -> str:
    """For folders: "dcgan", or "dcgan@1a2b3c" where settings are changed; equal changes give equal keys."""
    return f"{variant}@{short_hash(dict(changed))}" if changed else variant


def label_of(variant: str, changed: Mapping[str, Any]) -> str:
    """For readers: "dcgan", or "dcgan (beta1=0.9, lr=5e-4)" where settings are changed."""
    texts = [f"{name}={_short(value)}" for name, value in sorted(changed.items())]
    return f"{variant} ({', '.join(texts)})" if texts else variant


def _short(value: float | int | str | bool) -> str:
    """The shortest text that loses nothing: 0.0005 -> "5e-4", 0.99 -> "0.99", True -> "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)

    digits = Decimal(repr(value)).normalize()
    return min(f"{digits:f}", f"{digits:e}".replace("e+", "e"), key=len)  # of equals the first
