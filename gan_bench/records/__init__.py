"""Everything gan-bench writes down, as pydantic models.

A record holds what is needed to doubt its numbers. Numbers stay numbers here; pages round them.
Needs no torch: the leaderboard is built from these alone.
"""

from __future__ import annotations

from gan_bench.records.base import (
    BENCHMARK_VERSION,
    DEVICES,
    FROM_LATENTS,
    PANELS,
    SCHEMA_VERSION,
    TASKS,
    Interval,
    Model,
    Written,
    short_count,
    spec_hash,
)
from gan_bench.records.detections import (
    CLEAN,
    CONTROLS,
    EVERY,
    HALVES,
    LEAVE_ONE_FAMILY_OUT,
    LEAVE_ONE_OUT,
    MATCHED,
    MATRIX,
    NEW_SEED,
    PROTOCOLS,
    RE_ENCODED,
    REFITTED,
    ROBUST,
    SEEN,
    SHUFFLED,
    SPLITS,
    TIERS,
    Attack,
    AttackRecord,
    Cue,
    Detection,
    JudgeRecord,
)
from gan_bench.records.files import (
    NEWER,
    AnyRecord,
    Contents,
    Result,
    content_digest,
    finished,
    read_contents,
    read_record,
    write_record,
)
from gan_bench.records.results import ASKED, CellRecord, Cost, Environment, ExtractorInfo, MetricValue, Record, ReferenceRecord
from gan_bench.records.specs import (
    AttackSpec,
    CellSpec,
    Code,
    CodeFile,
    JudgeSpec,
    Plan,
    ReferenceSpec,
    ScoreSpec,
    Setting,
    TableRules,
)
from gan_bench.records.statistics import COVERED_SHARE, Statistics
from gan_bench.records.verification import Finding, Shown, Tally, Unchecked, Verification, Verified

__all__ = [
    "ASKED",
    "BENCHMARK_VERSION", "CLEAN", "CONTROLS", "COVERED_SHARE", "DEVICES", "EVERY", "FROM_LATENTS", "HALVES",
    "LEAVE_ONE_FAMILY_OUT", "LEAVE_ONE_OUT", "MATCHED", "MATRIX", "NEWER", "NEW_SEED", "PANELS", "PROTOCOLS", "REFITTED",
    "RE_ENCODED", "ROBUST", "SCHEMA_VERSION", "SEEN", "SHUFFLED", "SPLITS", "TASKS", "TIERS", "AnyRecord", "Attack",
    "AttackRecord", "AttackSpec", "CellRecord", "CellSpec", "Code", "CodeFile", "Contents", "Cost", "Cue", "Detection",
    "Environment", "ExtractorInfo", "Finding", "Interval", "JudgeRecord", "JudgeSpec", "MetricValue", "Model", "Plan",
    "Record", "ReferenceRecord", "ReferenceSpec", "Result", "ScoreSpec", "Setting", "Shown", "Statistics", "TableRules",
    "Tally", "Unchecked", "Verification", "Verified", "Written", "content_digest", "finished", "read_contents",
    "read_record", "short_count", "spec_hash", "write_record",
]  # fmt: skip
