"""The columns of a table: which numbers may share one, and how it is titled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from gan_bench.records import MetricValue, short_count

WORDS = {"auth_pct": "AuthPct", "cas": "CAS", "fd_infinity": "FD∞"}


class Column(NamedTuple):
    """What must agree for two numbers to stand in one column."""

    name: str
    metric: str
    extractor: str
    n_fake: int
    n_real: int
    split: str
    higher_is_better: bool


def column_of(m: MetricValue) -> Column:
    """The column that a number belongs to."""
    return Column(m.name, m.metric, m.extractor, m.n_fake, m.n_real, m.split, m.higher_is_better)


def metric_title(column: Column) -> str:
    """ "FID" for Inception's Frechet distance and for nothing else; every other title names its extractor."""
    if column.metric == "fd" and column.extractor == "inception":
        return "FID"

    words = column.metric.split("_")
    short = 4 if len(words) == 1 else 3  # abbreviations: fd, kid, psnr
    shown = " ".join(w.upper() if len(w) <= short else w for w in words)
    name = WORDS.get(column.metric, shown[:1].upper() + shown[1:])
    return f"{name} {column.extractor}".strip()


def titles(columns: Sequence[Column]) -> dict[Column, str]:
    """A readable title for each column, all different.

    A title names the split where it is not `train`. It names the number of reals, and then the metric's full name, only
    where two titles would be the same without it.
    """
    plain = {c: _title(c, short_count(c.n_fake)) for c in columns}
    n_plain = Counter(plain.values())

    full = {}
    for c, text in plain.items():
        counts = f"{short_count(c.n_fake)} vs {short_count(c.n_real)}"
        full[c] = text if n_plain[text] == 1 else _title(c, counts)

    n_full = Counter(full.values())
    return {c: text if n_full[text] == 1 else f"{text} {c.name}" for c, text in full.items()}


def _title(c: Column, counts: str) -> str:
    details = counts if c.split in ("", "train") else f"{counts}, {c.split}"
    return f"{metric_title(c)} ({details}) {'↑' if c.higher_is_better else '↓'}"
