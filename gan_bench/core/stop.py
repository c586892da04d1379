"""Ctrl-C and SIGTERM, which schedulers and CI send: they wait a little for a point from which the work can go on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 5.0  # seconds


class Terminated(BaseException):
    """SIGTERM arrived."""


@contextmanager
def terminable() -> Iterator[None]:
    """The context in which SIGTERM raises Terminated, so that everything is left in order. In another thread: no effect."""
    if not _is_main_thread():
        yield
        return

    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def patient() -> Iterator[Callable[[], bool]]:
    """The context in which Ctrl-C and SIGTERM wait until it ends, `PATIENCE` at most; a second Ctrl-C does not.

    Yields what tells whether one of them waits: then save, and leave the context.
    """
    if not _is_main_thread():  # no other one can handle signals
        yield lambda: False
        return

    waiting = _Waiting()
    try:
        yield lambda: waiting.arrived is not None
    finally:
        waiting.end()


class _Waiting:
    """Stands in for the handlers of both signals. A repeated SIGTERM counts as one: several may send it, for one end."""

    def __init__(self) -> None:
        self.arrived: int | None = None
        self._is_late = False
        self._clock: threading.Timer | None = None
        found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._before: dict[int, Any] = {number: how for number, how in found.items() if how not in (signal.SIG_IGN, None)}
        for number in self._before:
            signal.signal(number, self._arrive)

    def end(self) -> None:
        """Put the handlers back, and let what arrived take effect."""
        if self._clock is not None:
            self._clock.cancel()
        for number, how in self._before.items():
            signal.signal(number, how)

        self._before = {}
        if self.arrived is not None:
            arrived, self.arrived = self.arrived, None
            signal.raise_signal(arrived)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if self.arrived is None:
            self.arrived = number
            self._clock = threading.Timer(PATIENCE, self._give_up)
            self._clock.daemon = True
            self._clock.start()
        elif self._is_late or number == signal.SIGINT:
            self.end()

    def _give_up(self) -> None:
        """In a thread of its own, which cannot raise anything in the main one."""
        self._is_late = True
        if self.arrived is not None:
            os.kill(os.getpid(), self.arrived)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
