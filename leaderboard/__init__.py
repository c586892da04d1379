"""The leaderboard: results in, one static folder of pages, tables and figures out. Needs no torch.

Importing this package is cheap; Jinja2, and matplotlib where a chart must be drawn, are imported by `build`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.core import collector
from gan_bench.records import Result, TableRules

if TYPE_CHECKING:
    from gan_bench.leaderboard.board import Board

__all__ = ["build"]


def build(
    results: Sequence[Result],
    out: Path,
    rules: Mapping[str, TableRules] | None = None,
    problems: Sequence[str] = (),
    suites: Mapping[str, str] | None = None,
) -> Board:
    """See `gan_bench.leaderboard.pages.build`."""
    from gan_bench.leaderboard.pages.build import build

    with collector.paused():
        return build(results, out, rules, problems, suites)
