"""One file over HTTP."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from gan_bench.progress import bar
from gan_bench.records import atomic_path

TIMEOUT = 6.0  # seconds, to connect and between two pieces


def download(url: str, target: Path) -> None:
    """Stream `url` into `target` with a progress bar; `target` appears only when complete. Raises OSError."""
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as response,
        atomic_path(target) as temporary,
        open(temporary, "wb") as file,
    ):
        length = int(response.headers.get("Content-Length") or 0)
        received = 0
        with bar(target.name, total=length or None, unit="bytes") as advance:
            while chunk := response.read(1 << 20):
                file.write(chunk)
                received += len(chunk)
                advance(len(chunk))
        if length and received != length:
            raise OSError(f"ended after {received} of {length} bytes")
