"""Progress on stderr; stdout is for results. Bars that are open inside one another make up one line of their process.

A worker process sends its line to its parent, which shows one for each of them.
"""

from __future__ import annotations

import contextlib
import os
import queue as queues
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.filesize import decimal

from gan_bench.core.pace import Stage
from gan_bench.core.screen import Line, Now, Screen

console = Console(stderr=True)
PAUSE_SECONDS = 0.1  # between messages of a bar that moves
TRAINING = 100.0  # the total of a training's bar


class Level:
    """An open bar. `total` None: it counts nothing, and shows the bars inside it."""

    def __init__(self, title: str, total: float | None, unit: str = "") -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done = 0.0
        self.within = 0.0  # of the next unit, by the bars inside this one
        self.state = ""

    def advance(self, amount: float) -> None:
        """Count so much more."""
        self.done, self.within = self.done + amount, 0.0
        _send()

    def share(self, inner: float | None) -> float | None:
        """What is done of it, 0 to 1, if the bar inside it stands at `inner`; None: not known."""
        if not self.total:
            return inner
        self.within = max(self.within, inner or 0.0)
        return min((self.done + self.within) / self.total, 1.0)

    def words(self, title: str) -> str:
        """A title, and how much is counted."""
        return " ".join(text for text in (title, self.state or self._count()) if text)

    def _count(self) -> str:
        if not self.unit:
            return ""
        if self.unit == "bytes":
            return decimal(int(self.done)) + (f" of {decimal(int(self.total))}" if self.total else "")
        return f"{self.done:,.0f}" + (f" of {self.total:,.0f}" if self.total else "") + f" {self.unit}"


_open: list[Level] = []  # those of this process, the outermost first
_stage = ""  # of the part that this process works on
_tell: Callable[[Now], None] | None = None  # what gets the messages of this process; None: nothing is shown
_sent_at = 0.0


@contextlib.contextmanager
def bar(title: str, total: float | None, unit: str = "") -> Iterator[Callable[[float], None]]:
    """A bar that counts up to `total` (None: unknown); yields advance(amount).

    title  what it is about, and what is done: "mnist dcgan seed 0: training". Of a bar inside another one, only the second part
           is shown, behind the bar

    A bar inside another one moves that one's next unit. Where stderr is no terminal, a message is logged every half minute.
    """
    with _opened(Level(title, total, unit)) as level:
        yield level.advance


@contextlib.contextmanager
def spinner(title: str) -> Iterator[None]:
    """A bar for work whose length is not known."""
    with _opened(Level(title, None)):
        yield


class TrainingBar:
    """The bar of one training: share of the budget, kimg, images per second, losses, time left."""

    def __init__(self, title: str) -> None:
        self._level = Level(title, TRAINING)
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> TrainingBar:
        self._opened.enter_context(_opened(self._level))
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def update(self, share: float, kimg: float, images_per_second: float, losses: dict[str, float]) -> None:
        """Show the used share of the budget, 0 to 1, thousands of real images shown so far, the speed, and losses by name."""
        self._level.done = TRAINING * share
        speed = f"{kimg:.1f} kimg {images_per_second:.0f}/s "
        self._level.state = speed + " ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        _send()


@contextlib.contextmanager
def part(stage: str, title: str) -> Iterator[None]:
    """The context in which this process works on one of the parts that `overall` counts."""
    global _stage
    _stage = stage
    try:
        with spinner(title):
            yield
    finally:
        _send(ended=True)
        _stage = ""


@contextlib.contextmanager
def overall(stages: Mapping[str, Stage]) -> Iterator[None]:
    """The context in which a line over all parts of a run stands above the others."""
    with _displayed(stages):
        yield


@contextlib.contextmanager
def _opened(level: Level) -> Iterator[Level]:
    with _displayed():
        _open.append(level)
        _send(at_once=True)
        try:
            yield level
        finally:
            _open.remove(level)
            _send(at_once=True)


@contextlib.contextmanager
def _displayed(stages: Mapping[str, Stage] | None = None) -> Iterator[None]:
    """The context in which the lines of this process are shown: where they are shown already, or on a screen of its own."""
    global _tell
    if _tell is not None:
        yield
        return

    with Screen(console, stages) as screen:
        _tell = screen.take
        try:
            yield
        finally:
            _tell = None


def _send(at_once: bool = False, ended: bool = False) -> None:
    """Tell what this process does; a bar that only moves may wait."""
    global _sent_at
    now = time.monotonic()
    if _tell is not None and (at_once or ended or now - _sent_at >= PAUSE_SECONDS):
        _sent_at = now
        _tell(Now(os.getpid(), _line(), _stage, ended))


def _line() -> Line | None:
    if not _open:
        return None

    share = None
    for level in reversed(_open):
        share = level.share(share)
    outer, *inner = _open
    title, _, rest = outer.title.partition(": ")
    words = [outer.words(rest), *(level.words(level.title.rpartition(": ")[2]) for level in inner)]
    return Line(title, "  ".join(text for text in words if text), share)


def send_to(queue: Any) -> None:
    """In a worker: send all lines from now on to `queue`."""
    global _tell
    _tell = queue.put


@contextlib.contextmanager
def relay(queue: Any) -> Iterator[None]:
    """The context in which the parent shows the lines that workers send to `queue`: the latest of each worker."""
    ended = threading.Event()

    def pass_on() -> None:
        while True:
            try:
                message = queue.get(timeout=PAUSE_SECONDS)
            except queues.Empty:
                if ended.is_set():
                    return
            else:
                if _tell is not None:
                    _tell(message)

    with _displayed():
        thread = threading.Thread(target=pass_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=1.0)  # a worker that was killed may have left half a message, which blocks it
