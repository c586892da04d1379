"""Every entry of a table against every other one, in one column: better, worse, or cannot tell, as `gan-bench compare` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np
from scipy.special import stdtrit

from gan_bench.core.changes import label_of
from gan_bench.core.differences import BETTER, FEWEST_SEEDS, LEVEL, WORSE, between_seeds, variance, verdict_of
from gan_bench.leaderboard.columns import Column, column_of
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.rows import Row
from gan_bench.records import FROM_LATENTS, CellRecord, ReferenceRecord

IS_BETTER, IS_WORSE, CANNOT_TELL, NOT_COMPARED = "b", "w", "u", "-"
BySeed = dict[int | None, float]
LETTERS = {BETTER: IS_BETTER, WORSE: IS_WORSE}


def verdicts(rows: Sequence[Row], column: Column) -> list[str]:
    """One string for each row; its letter j says what row i is, held against row j.

    "b"  better for certain
    "w"  worse for certain
    "u"  it cannot be told: too much scatter, or one of them has a single seed
    "-"  not compared: the same row, no value, another task, other images of the dataset, or other weights of the extractor

    The rules are those of `gan-bench compare`: the 95 % interval of each difference holds by itself, so that of twenty pairs
    that do not differ, one seems to. Ranks claim less: there, all pairs of a table share the 5 %. Two rows of one name, which
    differ in how they were scored, are compared seed by seed; all others by Welch's test.
    """
    letters = np.full((len(rows), len(rows)), ord(CANNOT_TELL), np.uint8)
    certain = _welch_certain(rows, column)
    letters[certain] = ord(IS_BETTER)
    letters[certain.T] = ord(IS_WORSE)

    for i, j, old, new in _of_one_name(rows, column):  # few, if any
        difference, _ = between_seeds(old, new, paired_seeds=True)
        for row, other, higher in ((j, i, column.higher_is_better), (i, j, not column.higher_is_better)):
            letters[row, other] = ord(LETTERS.get(verdict_of(difference, higher), CANNOT_TELL))

    letters[~_comparable(rows, column)] = ord(NOT_COMPARED)
    return [row.tobytes().decode("ascii") for row in letters]


def _welch_certain(rows: Sequence[Row], column: Column) -> np.ndarray:
    """(N, N) bool: whether row i is better than row j by Welch's test, computed as in `core.differences`, for all at once."""
    samples = [row.of(column).values for row in rows]
    certain = np.zeros((len(rows), len(rows)), bool)
    tested = np.array([i for i, values in enumerate(samples) if len(values) >= FEWEST_SEEDS], int)
    if len(tested) < 2:
        return certain

    n = np.array([len(samples[i]) for i in tested], float)
    means = np.array([fmean(samples[i]) for i in tested])
    parts = np.array([variance(samples[i]) for i in tested]) / n
    sums, shares = np.add.outer(parts, parts), parts**2 / (n - 1)
    known = sums > 0  # where nothing scattered, nothing is known
    freedom = np.divide(sums**2, np.add.outer(shares, shares), out=np.ones_like(sums), where=known)
    half = np.sqrt(sums) * stdtrit(freedom, 1 - LEVEL / 2)

    gains = np.subtract.outer(means, means) * (1 if column.higher_is_better else -1)
    certain[np.ix_(tested, tested)] = known & (gains - half > 0)
    return certain


def _of_one_name(rows: Sequence[Row], column: Column) -> Iterator[tuple[int, int, BySeed, BySeed]]:
    """Pairs of rows of one variant with the same changed settings, whose seeds are pairs: places, and their values by seed."""
    named: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        record = row.entries[0].record
        if isinstance(record, CellRecord):
            named.setdefault(label_of(record.spec.variant, record.spec.changed), []).append(i)

    for places in named.values():
        for i, j in combinations(places, 2):
            old, new = _by_seed(rows[i], column), _by_seed(rows[j], column)
            single = all(len(values) == rows[place].of(column).seeds for place, values in ((i, old), (j, new)))
            if single and old.keys() == new.keys() and len(old) >= FEWEST_SEEDS:
                yield i, j, old, new


def _by_seed(row: Row, column: Column) -> BySeed:
    """Seed -> value; of two trainings of one seed one counts."""
    found: BySeed = {}
    for entry in _finished(row):
        if isinstance(entry.record, CellRecord):
            for m in entry.record.metrics:
                if column_of(m) == column and m.value is not None:
                    found[entry.seed] = m.value
    return found


def _comparable(rows: Sequence[Row], column: Column) -> np.ndarray:
    """(N, N) bool: whether both rows have a value, and the same was measured of both by the same weights."""
    firsts = [next(iter(_finished(row)), None) for row in rows]
    records = [None if first is None else first.record for first in firsts]
    scored = [record if isinstance(record, CellRecord | ReferenceRecord) else None for record in records]

    tasks = np.array([row.task or "" for row in rows])
    digests = _codes([None if record is None else record.dataset_digest for record in scored])
    weights = _codes([_weights(record, column) for record in scored])
    same_task = np.equal.outer(tasks, tasks) | (tasks == "") | (tasks == "")[:, None]  # what is no variant has no task

    valued = np.array([row.of(column).value is not None for row in rows])
    both = np.logical_and.outer(valued, valued) & ~np.eye(len(rows), dtype=bool)
    return both & same_task & np.equal.outer(digests, digests) & np.equal.outer(weights, weights)


def _weights(record: CellRecord | ReferenceRecord | None, column: Column) -> str | None:
    info = None if record is None else record.extractors.get(column.extractor)
    return None if info is None else info.digest


def _codes(values: Sequence[Any]) -> np.ndarray:
    """(N,) a number for each value; equal ones for equal values."""
    known = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return np.array([known[value] for value in values], int)


def latents_of(row: Row) -> str:
    """What sample i of a row was made of, as a word: rows with the same word can be compared image by image. "": nobody knows.

    Sample i of a cell depends on its seed, its index and the size of the latents alone; what translators and upscalers are
    given does not even depend on the seed. It is asked of the first finished training, whose pictures pages show.
    """
    first = next((e.record for e in _finished(row) if isinstance(e.record, CellRecord)), None)
    if first is None:
        return ""
    if first.task != FROM_LATENTS:
        return first.task

    size = first.spec.settings.get("z_dim")
    own = "" if first.spec.code is None else first.spec.code.digest  # a user's own code may draw its latents in another way
    return "" if size is None else f"{size} {first.spec.seed} {own}".strip()


def _finished(row: Row) -> Iterator[Entry]:
    return (entry for entry in row.entries if entry.status == "done")
