"""Remarks on what somebody gave, such as images of another size: who hears them, and each kind of them once."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

Tell = Callable[[int, str], None]  # (a level of logging, a sentence)
NUMBER = re.compile(r"\d[\d.,]*")


def to_log(log: logging.Logger, name: str = "") -> Tell:
    """Remarks as messages of a log; with a name, each begins with what it is about."""

    def tell(level: int, sentence: str) -> None:
        log.log(level, "%s", f"{name}: {sentence}" if name else sentence)

    return tell


def once_each(tell: Tell) -> Tell:
    """The same, without the sentences that were told before, if only with other numbers: a training loop hears them once."""
    told: set[str] = set()

    def tell_new(level: int, sentence: str) -> None:
        kind = NUMBER.sub("", sentence)
        if kind not in told:
            told.add(kind)
            tell(level, sentence)

    return tell_new
