"""The whole benchmark: plan, cells and reference rows, judges, leaderboard. Run again, it finishes what is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from gan_bench import leaderboard
from gan_bench.cell import name_of, run_cell
from gan_bench.core import progress
from gan_bench.core.pace import Stage
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS, plain
from gan_bench.executors.local import workers
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Unavailable
from gan_bench.judge import panels, run_panel
from gan_bench.leaderboard.board import Board
from gan_bench.plan import in_order
from gan_bench.records import AttackRecord, CellRecord, CellSpec, JudgeRecord, Plan, ReferenceRecord, ReferenceSpec
from gan_bench.references import run_reference
from gan_bench.room import check_room
from gan_bench.run_folder import RunFolder, read_runs


@dataclass(frozen=True)
class Outcome:
    """What a run left: the leaderboard, and a sentence for each thing that failed."""

    board: Board
    failures: list[str]


def run(plan: Plan, out: Path, logged: bool = False) -> Outcome:
    """Carry out the plan in `out`. Finished parts are kept; a failed part becomes a record and the rest goes on.

    logged  whether the trainings are logged for TensorBoard
    """
    folder = RunFolder(out)
    with folder.owned(plan):
        check_room(plan, folder)
        prepare(plan)
        with progress.overall(stages_of(plan)):
            with workers(plan.jobs) as each:
                parts = list(each(partial(run_part, plan, folder, logged=logged), in_order(plan)))
                judged = [record for panel in each(partial(run_panel, plan, folder), panels(plan)) for record in panel]

            with progress.part("page", "leaderboard"):
                found = read_runs([out])
                board = leaderboard.build(found.results, folder.leaderboard, found.rules, found.problems, found.suites)
    return Outcome(board, failures(parts, judged))


def prepare(plan: Plan) -> None:
    """Fetch datasets and weights, and train what extractors learn: before an hour of training, and with all threads."""
    for name in dict.fromkeys(plain(judge.detector) for judge in plan.judges):
        DETECTORS.get(name).fetch(name.partition(":")[2])
    for spec in {spec.dataset: spec for spec in plan.cells}.values():
        dataset = DATASETS.create(spec.dataset)
        dataset.fetch()
        for extractor in spec.extractors:
            with contextlib.suppress(Unavailable):  # whoever scores says so
                EXTRACTORS.create(extractor).learn(dataset)


def stages_of(plan: Plan) -> dict[str, Stage]:
    """How many parts a run has in each stage, for its progress. Judges that share their images come one after the other."""
    groups = panels(plan)
    return {
        "training": Stage(len(plan.cells), plan.jobs),
        "references": Stage(len(plan.references), plan.jobs),
        "judging": Stage(len(plan.judges) + (len(groups) if plan.attacked else 0), min(plan.jobs, max(len(groups), 1))),
        "page": Stage(1),
    }


def run_part(
    plan: Plan, folder: RunFolder, part: CellSpec | ReferenceSpec, logged: bool = False
) -> CellRecord | ReferenceRecord:
    """One cell or reference row of a plan. `logged`: as for `run`."""
    device = torch.device(plan.device)
    if isinstance(part, ReferenceSpec):
        with progress.part("references", f"{part.dataset} {part.name}"):
            return run_reference(part, folder.reference(part), device, plan.strict)

    log_folder = folder.training_log(part) if logged else None
    with progress.part("training", name_of(part)):
        return run_cell(part, folder.cell(part), device, plan.strict, plan.compiled, log_folder)


def failures(parts: Sequence[CellRecord | ReferenceRecord], judged: Sequence[JudgeRecord | AttackRecord]) -> list[str]:
    """A sentence for each cell, detector and attack that did not end well."""
    cells = [part for part in parts if isinstance(part, CellRecord)]
    found = [f"{name_of(cell.spec)} {cell.status}: {cell.reason}" for cell in cells if cell.status != "done"]
    for record in judged:
        if record.status != "done":
            what = f"detector {record.spec.detector}" if isinstance(record, JudgeRecord) else "attacks on detectors"
            found.append(f"{record.spec.dataset} {what} failed: {record.reason}")
    return found
