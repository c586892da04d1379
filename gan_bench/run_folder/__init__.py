"""Run folders: what lies where, who writes to one, and reading them. No other package knows these names. Needs no torch."""

from __future__ import annotations

from gan_bench.run_folder.intact import digests_in, lost_files, needs_training, remove_beside, state_of
from gan_bench.run_folder.paths import (
    DISCRIMINATOR,
    GENERATOR,
    INVERSE,
    MODEL,
    PARTS,
    RECORD,
    SAMPLES,
    SCORES,
    SHOWN,
    RunFolder,
    changes_of,
    run_of_cell,
)
from gan_bench.run_folder.planned import planned
from gan_bench.run_folder.reading import Runs, all_rules, read_runs, rules_in

__all__ = [
    "DISCRIMINATOR",
    "GENERATOR",
    "INVERSE",
    "MODEL",
    "PARTS",
    "RECORD",
    "SAMPLES",
    "SCORES",
    "SHOWN",
    "RunFolder",
    "Runs",
    "all_rules",
    "changes_of",
    "digests_in",
    "lost_files",
    "needs_training",
    "planned",
    "read_runs",
    "remove_beside",
    "rules_in",
    "run_of_cell",
    "state_of",
]
