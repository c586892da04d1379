"""One entry of a generator table, averaged over its seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gan_bench.leaderboard.cells import rounded
from gan_bench.leaderboard.columns import Column, metric_title
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.estimates import Estimate
from gan_bench.records import FROM_LATENTS, TASKS, CellRecord


@dataclass(frozen=True)
class Row:
    """One entry of a generator table.

    entries        its records, sorted by seed
    detectability  tier -> AUROC of a detector that never saw this variant, chosen on validation: a lower bound
    detector       tier -> the name of that detector, where there is one
    headline       the column that ranks the variants of its task
    ranks          the best and the worst rank that it can have among the variants of its task
    """

    kind: str
    label: str
    entries: tuple[Entry, ...]
    quality: dict[Column, Estimate]
    cost: dict[str, Estimate]
    detectability: dict[str, Estimate]
    detector: dict[str, str]
    headline: Column | None = None
    ranks: tuple[int, int] | None = None

    def of(self, column: Column | None) -> Estimate:
        """Its number in a column; one without a value where it has none, or where there is no column."""
        return Estimate() if column is None else self.quality.get(column, Estimate())

    def trained_against(self, column: Column | None) -> bool:
        """Whether the extractor of a column is part of its loss, which flatters it there."""
        return column is not None and column.extractor.split("@")[0] in self._in_loss

    def lacks_seeds(self, column: Column | None) -> bool:
        """Whether a training failed or diverged, or some of its seeds but not all have a value in a column."""
        return self.n_done < len(self.entries) or 0 < self.of(column).seeds < len(self.entries)

    @cached_property
    def _in_loss(self) -> set[str]:
        """The extractors that are part of its loss."""
        return {name for e in self.entries if isinstance(e.record, CellRecord) for name in e.record.trained_against}

    @cached_property
    def n_done(self) -> int:
        """How many of its seeds are finished."""
        return sum(entry.status == "done" for entry in self.entries)

    @property
    def runs(self) -> tuple[Path, ...]:
        """The run folders that its records came from, each once."""
        return tuple(dict.fromkeys(entry.run for entry in self.entries))

    @property
    def status(self) -> str:
        """done, diverged or failed; of a row that is no variant its kind."""
        if self.kind != "variant":
            return self.kind
        return "done" if self.n_done else self.entries[0].status

    @cached_property
    def task(self) -> str | None:
        """What a variant starts from, one of `records.TASKS`, as its finished records say; None: it is no variant."""
        cells = [e.record for e in self.entries if isinstance(e.record, CellRecord)]
        said = [cell.task for cell in cells if cell.status == "done"] + [cell.task for cell in cells]
        return said[0] if said else None


def headline_words(row: Row) -> str:
    """The number that ranks it with its name: "FD lite0@64 12.3"; "": it has none."""
    value = row.of(row.headline).value
    return "" if row.headline is None or value is None else f"{metric_title(row.headline)} {rounded(value)}"


def by_task(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The variants of each task that has some, in the order of `records.TASKS`; each in the order of `rows`."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.task is not None:
            found.setdefault(row.task, []).append(row)
    return {task: found[task] for task in sorted(found, key=(*TASKS, *found).index)}


def task_words(task: str) -> str:
    """A task as notes and charts name it."""
    return "from latents" if task == FROM_LATENTS else task
