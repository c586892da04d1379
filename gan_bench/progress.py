"""Progress on stderr. stdout is for results."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True)


@contextlib.contextmanager
def bar(title: str, total: float | None, unit: str = "") -> Iterator[Callable[[float], None]]:
    """A bar that counts to `total` (None: unknown); yields advance(amount). Gone when done, unless stderr is no terminal."""
    amount: ProgressColumn = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TextColumn(unit), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda n: progress.advance(task, n)


@contextlib.contextmanager
def spinner(title: str) -> Iterator[None]:
    """Something is going on whose length is not known."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(title, total=None)
        yield


class TrainingBar:
    """The line of one training cell: share of the budget, kimg, images/s, losses, time left."""

    def __init__(self, title: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f}%"),
                   TextColumn("{task.fields[state]}"), TimeRemainingColumn(compact=True))  # fmt: skip
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(title, total=1.0, state="")

    def __enter__(self) -> TrainingBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, share: float, kimg: float, images_per_second: float, losses: dict[str, float]) -> None:
        state = f"{kimg:.1f} kimg  {images_per_second:.0f} img/s  " + "  ".join(f"{k} {v:.3f}" for k, v in losses.items())
        self._progress.update(self._task, completed=min(share, 1.0), state=state)
