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


class Once(logging.Filter):
    """Lets each warning pass once: many cells, and several workers, find the same thing."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is shown."""
        text = record.getMessage()
        shown = record.levelno != logging.WARNING or text not in self._seen
        self._seen.add(text)
        return shown


def log_to_stderr() -> None:
    """Show the messages of this package on stderr, each warning once."""
    handler: logging.Handler
    if stderr.is_terminal:
        handler = RichHandler(console=stderr, show_path=False, show_level=False, log_time_format="%H:%M:%S")
    else:  # a CI log: one message, one line
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    handler.addFilter(Once())
    root = logging.getLogger("gan_bench")
    root.setLevel(logging.INFO)
    root.handlers = [handler]


def say(sentence: str, target: Console = stderr, style: str | None = None) -> None:
    """A sentence for people. A terminal breaks it between words; in a file or a pipe it stays one line."""
    target.print(sentence, style=style, soft_wrap=not target.is_terminal, markup=False, highlight=False)


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
        say(f"gan-bench: {sentence}")
