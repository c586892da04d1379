"""The leaderboard: records in, one static folder of pages, tables and figures out. Needs no torch.

Importing this package is cheap; pandas, matplotlib and Jinja2 are imported by the first `build`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leaderboard.page import Board

__all__ = ["build"]


def build(run_folders: list[Path], out: Path, headline: dict[str, str] | None = None) -> Board:
    """See `leaderboard.page.build`."""
    from leaderboard import page

    return page.build(run_folders, out, headline)
