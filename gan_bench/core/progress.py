"""Progress bars on stderr; stdout is for results. A worker process sends its bars to its parent, which shows one for each."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True)
_parent: Any = None  # in a worker: the queue of its parent


@contextlib.contextmanager
def bar(title: str, total: float | None, unit: str = "") -> Iterator[Callable[[float], None]]:
    """A bar that counts up to `total` (None: unknown); yields advance(amount).

    It disappears when the block ends. Nothing is shown where stderr is not a terminal.
    """
    amount: ProgressColumn = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TextColumn(unit), TimeRemainingColumn(compact=True))
    with _progress(*columns) as progress:
        task = progress.add_task(title, total=total)
        yield lambda n: progress.advance(task, n)


@contextlib.contextmanager
def spinner(title: str) -> Iterator[None]:
    """A bar for work whose length is not known."""
    with _progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        progress.add_task(title, total=None)
        yield


class TrainingBar:
    """The bar of one training: share of the budget, kimg, images per second, losses, time left."""

    def __init__(self, title: str) -> None:
        self._progress = _progress(*_training_columns())
        self._task = self._progress.add_task(title, total=1.0, state="")

    def __enter__(self) -> TrainingBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, share: float, kimg: float, images_per_second: float, losses: dict[str, float]) -> None:
        """Show the used share of the budget, 0 to 1, thousands of real images shown so far, the speed, and losses by name."""
        state = f"{kimg:.1f} kimg  {images_per_second:.0f} img/s  " + "  ".join(f"{k} {v:.3f}" for k, v in losses.items())
        self._progress.update(self._task, completed=min(share, 1.0), state=state)


def _training_columns() -> tuple[ProgressColumn, ...]:
    return (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[state]}"), TimeRemainingColumn(compact=True))  # fmt: skip


def _progress(*columns: ProgressColumn) -> Any:
    if _parent is not None:
        return _Relayed(_parent)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class _Relayed:
    """Has the methods of rich's Progress that this module uses, for one task, and sends what to show to the parent process.

    A message is (process id, title, share or None, state).
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __enter__(self) -> _Relayed:
        return self

    def __exit__(self, *_: object) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def add_task(self, title: str, total: float | None, state: str = "") -> TaskID:
        self._title, self._total, self._done = title, total, 0.0
        self._send(state)
        return TaskID(0)

    def advance(self, task: TaskID, amount: float) -> None:
        self.update(task, self._done + amount, "")

    def update(self, task: TaskID, completed: float, state: str) -> None:
        self._done = completed
        self._send(state)

    def _send(self, state: str) -> None:
        share = self._done / self._total if self._total else None
        self._queue.put((os.getpid(), self._title, share, state))


def send_to(queue: Any) -> None:
    """In a worker: send all bars from now on to `queue`. None: this process shows them itself."""
    global _parent
    _parent = queue


@contextlib.contextmanager
def relay(queue: Any) -> Iterator[None]:
    """The context in which the parent shows the bars that workers send to `queue`: the latest of each worker."""
    with Progress(*_training_columns(), console=console, transient=True, disable=not console.is_terminal) as progress:
        thread = threading.Thread(target=_show, args=(queue, progress), daemon=True)
        thread.start()
        try:
            yield
        finally:
            queue.put(None)
            thread.join()


def _show(queue: Any, progress: Progress) -> None:
    """Show messages of `_Relayed` until None comes."""
    tasks: dict[int, TaskID] = {}
    titles: dict[int, str] = {}
    while (message := queue.get()) is not None:
        worker, title, share, state = message
        if worker not in tasks:
            tasks[worker] = progress.add_task(title, total=1.0, state=state)
        elif titles[worker] != title:
            progress.reset(tasks[worker], description=title, total=1.0)  # another bar: start its time left again
        titles[worker] = title
        progress.update(tasks[worker], completed=share or 0.0, total=None if share is None else 1.0, state=state)
