"""Shows what several processes do: a line for each, redrawn in a terminal; elsewhere a message every half minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gan_bench.core.pace import Overall, Pace, Stage, clock

log = logging.getLogger(__name__)
MESSAGE_SECONDS = 30.0  # between messages where there is no terminal
POLL_SECONDS = 1.0
TIME_WIDTH = len("9:59:59 left")
MARGIN = len("^C")  # which a terminal writes behind the last row; it must not fold
MOST_TITLE = 40  # characters
ELLIPSIS = "…"


class Line(NamedTuple):
    """What one process does. `share`: 0 to 1; None: nobody knows how much there is to do."""

    title: str
    details: str
    share: float | None


class Now(NamedTuple):
    """A message of a process.

    line   None: nothing of it is shown
    stage  the stage of the part that it works on; "": it works on no part
    ended  whether it has ended that part with this message
    """

    worker: int
    line: Line | None
    stage: str = ""
    ended: bool = False


class Current:
    """The line of a process on the screen: the latest that it sent, since when it has had this title, and its pace."""

    def __init__(self, line: Line) -> None:
        self.line, self.since, self.pace = line, time.monotonic(), Pace()

    def time(self, now: float) -> str:
        """The time left; of what has no known end, the time so far."""
        if self.line.share is None:
            return f"for {clock(now - self.since)}"
        return left_in_words(self.pace.left(now))


class Screen:
    """Takes messages of processes and shows them, from `with` until its end.

    stages  those of a run, whose parts get a line of their own above the others; none: there is no such line
    """

    def __init__(self, console: Console, stages: Mapping[str, Stage] | None = None) -> None:
        self._overall = Overall(stages) if stages else None
        self._lines: dict[int, Current] = {}
        self._title_width = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._live = Live(self, console=console, transient=True) if console.is_interactive else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        elif log.isEnabledFor(logging.INFO):
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._live:
            self._live.stop()
        elif self._thread.is_alive():
            self._thread.join()

    def take(self, now: Now) -> None:
        """What a process does from here on."""
        with self._lock:
            moment, share = time.monotonic(), now.line.share if now.line else None
            if self._overall and now.ended:
                self._overall.end(now.worker, moment)
            elif self._overall and now.stage:
                self._overall.move(now.worker, now.stage, share, moment)

            if now.line is None:
                self._lines.pop(now.worker, None)
                return
            shown = self._lines.get(now.worker)
            if shown is None or shown.line.title != now.line.title:
                shown = self._lines[now.worker] = Current(now.line)
            shown.line = now.line
            shown.pace.move(share, moment)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One row for the run, if there is one, and one for each process. Only titles and details are ever cut."""
        with self._lock:
            now, rows = time.monotonic(), list(self._lines.values())
            shown = [(*each.line, each.time(now)) for each in rows]
            if self._overall:
                time_left = left_in_words(self._overall.left(now))
                shown.insert(0, (self._cells(), self._stage(), self._overall.share(now), time_left))

            widths = self._widths(options.max_width, max((len(title) for title, *_ in shown), default=0))
            table = Table.grid(padding=(0, 1))
            for width in widths:
                table.add_column(width=width, no_wrap=True, overflow="ellipsis")
            for title, details, share, when in shown:
                bar = ProgressBar(total=1.0, completed=share or 0.0, width=widths[1], pulse=share is None)
                done = "" if share is None else percent(share).rjust(4)
                cells = (Text(shortened(title, widths[0])), bar, Text(done), Text(when.rjust(TIME_WIDTH)), Text(details))
                table.add_row(*cells[: len(widths)])
        yield table

    def _widths(self, width: int, longest: int) -> list[int]:
        """The widths of title, bar, percentage, time and details. The title's never falls, so that lines stand still."""
        bar = max(10, min(30, width // 8))
        fixed = bar + len("100%") + TIME_WIDTH + 3
        self._title_width = max(self._title_width, min(longest, MOST_TITLE))
        title = max(1, min(self._title_width, width * 3 // 10 if width >= 80 else width - fixed))
        details = width - MARGIN - fixed - title - 1
        return [title, bar, len("100%"), TIME_WIDTH, *([details] if details > 0 else [])]

    def _cells(self) -> str:
        assert self._overall is not None
        cells = self._overall.stages["training"].n
        return f"{self._overall.done['training']} of {cells} cell{'s' * (cells > 1)}"

    def _stage(self) -> str:
        """The stages of the parts that run now, or else the next one; with how many of the parts are done."""
        assert self._overall is not None
        stages, done = self._overall.stages, self._overall.done
        running = {part.stage for part in self._overall.running.values()}
        if not (running or done):
            return "starting"

        shown = [name for name in stages if name in running] or [name for name in stages if done[name] < stages[name].n][:1]
        counted = {name: f", {done[name]} of {stages[name].n}" for name in shown if name != "training" and stages[name].n > 1}
        return "; ".join(name + counted.get(name, "") for name in shown)

    def _tell(self) -> None:
        """Log what runs, every `MESSAGE_SECONDS`, until the end."""
        while not self._stopped.wait(POLL_SECONDS):
            with self._lock:
                told = self._sentence()
            if told and due():
                log.info("%s", told)

    def _sentence(self) -> str:
        now = time.monotonic()
        lines = [_told(each, now) for each in self._lines.values()]
        if not self._overall:
            return "; ".join(lines)

        where = ", ".join(text for text in (self._cells(), self._stage()) if text)
        overall = f"{where}: {percent(self._overall.share(now))}, {left_in_words(self._overall.left(now))}"
        return "; ".join([overall, *lines])


_told_at = time.monotonic()


def due() -> bool:
    """Whether the latest message was long ago, whichever screen sent it; then this one counts as sent."""
    global _told_at
    now = time.monotonic()
    if now - _told_at < MESSAGE_SECONDS:
        return False
    _told_at = now
    return True


def left_in_words(seconds: float | None) -> str:
    """The time left; None: it cannot be told yet."""
    return f"{'-:--' if seconds is None else clock(seconds)} left"


def _told(shown: Current, now: float) -> str:
    title, details, share = shown.line
    parts = [" ".join(details.split()), "" if share is None else percent(share), shown.time(now)]
    return f"{title}: {', '.join(part for part in parts if part)}"


def percent(share: float) -> str:
    """A share, never rounded up: what shows 100% is done."""
    return f"{int(100 * share)}%"


def shortened(text: str, width: int) -> str:
    """A title that fits: cut in the middle, since it ends in what tells it from others."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return text[: width - 1 - end] + ELLIPSIS + text[len(text) - end :] if width > 1 else text[:width]
