"""How long work will still take: guesses from the share of it that is done, and from the parts that were done before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

# What a part of each stage takes, relative to a cell, until one of its kind has ended; measured at `quick` on two cores.
WEIGHTS = {"training": 1.0, "references": 0.15, "judging": 0.2, "page": 0.1}
NEARLY = 0.95  # of a part that takes longer than those before it
FEWEST_CELLS = 0.3  # what must be done, in cells, before a guess is worth telling; of a short run this share of it is
FEWEST_SHARE = 0.05


class Pace:
    """The time left of one bar. Times are those of a monotonic clock, in seconds.

    The speed is measured from the first share above 0 on: work that goes on from a checkpoint starts there.
    """

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None  # a time, and the share that was done then
        self._share = 0.0
        self._ends: float | None = None

    def move(self, share: float | None, now: float) -> None:
        """Note a share, 0 to 1. One that is lower than before, or not known, starts anew."""
        if not share or share < self._share:
            self._first = self._ends = None
        self._share = share or 0.0
        if not share:
            return

        self._first = self._first or (now, share)
        since, before = self._first
        if share > before:
            self._ends = now + (now - since) * (1 - share) / (share - before)

    def left(self, now: float) -> float | None:
        """Seconds; None: it cannot be told yet."""
        return None if self._ends is None else max(0.0, self._ends - now)


class Stage(NamedTuple):
    """The parts of one stage: how many, and how many of them at a time."""

    n: int
    at_once: int = 1


@dataclass
class Running:
    """A part that a worker works on. `share`: the largest of its bars so far; None: it has had no bar, so it may be read."""

    stage: str
    since: float
    share: float | None = None


class Overall:
    """The share and the time left of many parts, in the stages of `WEIGHTS`. Times as for `Pace`."""

    def __init__(self, stages: Mapping[str, Stage]) -> None:
        self.stages = {name: stage for name, stage in stages.items() if stage.n}
        self.done: Counter[str] = Counter()
        self.running: dict[int, Running] = {}
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def move(self, worker: int, stage: str, share: float | None, now: float) -> None:
        """A worker works on a part of this stage; `share` is that of its bar."""
        part = self.running.setdefault(worker, Running(stage, now))
        if share is not None:
            part.share = max(part.share or 0.0, share)

    def end(self, worker: int, now: float) -> None:
        """A worker has ended its part. One without a bar was read from its record, which tells nothing of others' time."""
        part = self.running.pop(worker, None)
        if part is None:
            return
        self.done[part.stage] += 1
        if part.share is not None:
            self._seconds[part.stage].append(now - part.since)

    def share(self, now: float) -> float:
        """The part of all work that is done, 0 to 1."""
        done = sum(WEIGHTS[name] * self.done[name] for name in self.stages)
        done += sum(WEIGHTS[part.stage] * self._share_of(part, now) for part in self.running.values())
        return min(done / self._all(), 1.0)

    def left(self, now: float) -> float | None:
        """Seconds, a guess; None: it cannot be told yet."""
        seconds, weight = self._seen(now)
        if not weight or weight < min(FEWEST_CELLS, FEWEST_SHARE * self._all()):
            return None

        means = {name: fmean(self._seconds[name] or [WEIGHTS[name] * seconds / weight]) for name in self.stages}
        total = 0.0
        for name, stage in self.stages.items():
            own = [1 - self._share_of(part, now) for part in self.running.values() if part.stage == name]
            parts = stage.n - self.done[name] - len(own) + sum(own)
            total += means[name] * max(parts / stage.at_once, *own, 0.0)
        return total

    def _all(self) -> float:
        """All work, in cells."""
        return sum(WEIGHTS[name] * stage.n for name, stage in self.stages.items())

    def _share_of(self, part: Running, now: float) -> float:
        """How much of a running part is done: by the time that others of its stage took, else by its bars."""
        known = self._seconds[part.stage]
        return min(NEARLY, (now - part.since) / max(fmean(known), 1e-9) if known else part.share or 0.0)

    def _seen(self, now: float) -> tuple[float, float]:
        """Seconds that parts of this run took, and how much work that was; of running ones what they took so far."""
        seconds = sum(sum(known) for known in self._seconds.values())
        weight = sum(WEIGHTS[name] * len(known) for name, known in self._seconds.items())
        for part in self.running.values():
            if part.share:
                seconds += now - part.since
                weight += WEIGHTS[part.stage] * self._share_of(part, now)
        return seconds, weight


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss; from 10 hours on, as hours, and from 100 on, as days: at most 7 characters."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 10:
        return f"{hours} h" if hours < 100 else f"{hours / 24:.0f} days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
