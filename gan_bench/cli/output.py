"""What commands print: results on stdout, messages on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from gan_bench.core.progress import console as stderr

stdout = Console()
Row = Mapping[str, object]


def log_to_stderr() -> None:
    """Show the messages of this package on stderr."""
    handler: logging.Handler
    if stderr.is_terminal:
        handler = RichHandler(console=stderr, show_path=False, show_level=False, log_time_format="%H:%M:%S")
    else:  # a CI log: one message, one line
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    root = logging.getLogger("gan_bench")
    root.setLevel(logging.INFO)
    root.handlers = [handler]


def print_json(value: Row | Sequence[Row]) -> None:
    """Plain data as JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_table(rows: Sequence[Row], target: Console = stdout) -> None:
    """Rows with the same keys, which head the columns. Long cells fold, except for the first, a name; nothing is cut off."""
    if not rows:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, column in enumerate(rows[0]):
        table.add_column(column, overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    target.print(table)


def shown(value: object) -> str:
    """A value for people: "yes" or "no", nothing for None."""
    if value is None:
        return ""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def print_refused(sentences: Sequence[str]) -> None:
    """Members of a family that break its contract, on stderr."""
    for sentence in sentences:
        stderr.print(f"gan-bench: {sentence}", soft_wrap=True, markup=False, highlight=False)
