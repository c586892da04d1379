"""The leaderboard: results in, one static folder of pages, tables and figures out. Needs no torch.

Importing this package is cheap; pandas, matplotlib and Jinja2 are imported by the first `build`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.records import Result, TableRules

if TYPE_CHECKING:
    from gan_bench.leaderboard.board import Board

__all__ = ["build"]


def build(
    results: Sequence[Result], out: Path, rules: Mapping[str, TableRules] | None = None, problems: Sequence[str] = ()
) -> Board:
    """See `gan_bench.leaderboard.page.build`."""
    from gan_bench.leaderboard import page

    return page.build(results, out, rules, problems)
