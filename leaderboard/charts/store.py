"""Charts as SVG, kept in a folder between builds: what did not change is not drawn again, and then needs no matplotlib."""

from __future__ import annotations

import contextlib
import hashlib
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from gan_bench.core.digests import json_digest
from gan_bench.core.errors import CannotWrite
from gan_bench.core.files import write_text
from gan_bench.leaderboard.charts.base import Chart
from gan_bench.leaderboard.charts.markup import is_ours

KEY_LENGTH = 24  # hexadecimal digits
LARGEST = 4_000_000  # bytes of a kept file; ours have some thousands
OURS = re.compile(rf"\.?[0-9a-f]{{{KEY_LENGTH}}}\.svg(\.\d+\.tmp)?")  # kept files, and what an interrupted build left of them


class ChartStore:
    """Draws charts, or takes them from `folder`, where each lies as <key>.svg."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked: set[str] = set()

    def svg(self, chart: Chart) -> str:
        """The <svg> element of a chart, to be put into a page as it is, and once: its ids are of this chart alone."""
        key = json_digest([chart.kind, chart.title, chart.alt, chart.data, _drawn_by()])[:KEY_LENGTH]
        path = self.folder / f"{key}.svg"
        self._asked.add(path.name)

        kept = _read(path)
        if kept is not None and is_ours(kept, key):
            return kept

        from gan_bench.leaderboard.charts.drawings import draw  # matplotlib: only where something is drawn

        drawn = draw(chart, key)
        with contextlib.suppress(CannotWrite):  # it costs time at the next build, and nothing else
            write_text(path, drawn)
        return drawn

    def tidy(self) -> None:
        """Delete the kept charts that were not asked for. Other files of the folder stay."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if OURS.fullmatch(path.name) and path.name not in self._asked:
                with contextlib.suppress(OSError):
                    path.unlink()


def _read(path: Path) -> str | None:
    try:
        if path.is_file() and path.stat().st_size <= LARGEST:
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError):  # ValueError: not UTF-8
        pass
    return None


@cache
def _drawn_by() -> str:
    """What a picture depends on beside its data: the code that draws it, and matplotlib's version."""
    shared = find_spec("gan_bench.core.charts")
    files = [*sorted(Path(__file__).parent.glob("*.py")), *([Path(shared.origin)] if shared and shared.origin else [])]
    sources = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return f"{sources} {version('matplotlib')}"
