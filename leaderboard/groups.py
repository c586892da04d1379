"""Which columns of the generators' table belong together, and which of them a reader sees first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings

DISTANCE, FIDELITY, COVERAGE, COPYING = "Distance", "Fidelity", "Coverage", "Copying"
DETECTABILITY, COST, ENTRY, OTHER = "Detectability", "Cost", "", "Other"
GROUPS = {  # the numbers of metrics; what is in none of them is OTHER
    DISTANCE: ("fd", "fd_infinity", "kid", "intra_fd", "ndb", "jsd"),
    FIDELITY: (
        "precision", "density", "is", "high_quality", "label_agreement", "cas", "cas_share", "psnr", "ssim", "l1", "cycle_l1",
    ),
    COVERAGE: (
        "recall", "coverage", "classes_covered", "class_kl", "smallest_class_share", "modes_covered", "reverse_kl", "modes",
        "confident_modes", "mode_kl", "mode_kl_floor", "vendi",
    ),
    COPYING: ("auth_pct", "c_t"),
}  # fmt: skip
ORDER = (*GROUPS, OTHER)
FIRST = {FIDELITY: ("high_quality", "precision", "density"), COVERAGE: ("modes_covered", "modes", "recall", "coverage")}
MOST_FIRST = {FIDELITY: 1, COVERAGE: 2}  # of a group


def group_of(column: Column) -> str:
    """The group of a metric's column."""
    return next((group for group, names in GROUPS.items() if column.metric in names), OTHER)


def filled(columns: Iterable[Column], rows: Sequence[Row]) -> list[Column]:
    """Those in which some row has a value, group by group; within a group in their order."""
    there = [c for c in columns if any(row.of(c).value is not None for row in rows)]
    return sorted(there, key=lambda c: ORDER.index(group_of(c)))


def first_shown(s: Standings, columns: Sequence[Column]) -> set[Column]:
    """The few columns that a reader sees before choosing: the headlines, and of each group of `FIRST` the first that tells."""
    shown = {row.headline for row in s.rows if row.headline}
    for group, names in FIRST.items():
        telling = [c for name in names for c in columns if c.metric == name and s.telling(c)]
        by_name = list({c.metric: c for c in reversed(telling)}.values())[::-1]
        shown.update(by_name[: MOST_FIRST[group]])
    return shown & set(columns)
