"""What a run has when it is finished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_bench.records import AnyRecord, AttackSpec, CellRecord, CellSpec, Plan
from gan_bench.run_folder.paths import RunFolder


def planned(run: RunFolder, plan: Plan, found: Iterable[AnyRecord]) -> dict[str, list[Path]]:
    """The folder of each planned part, by the kind of part. Detectors have no record where none of their cells ended well.

    found  the readable records
    """
    done = {(r.spec.dataset, r.spec.seed) for r in found if isinstance(r, CellRecord) and r.status == "done"}
    return {
        "cells": [run.cell(spec) for spec in plan.cells],
        "reference rows": [run.reference(spec) for spec in plan.references],
        "detectors": list(_detectors(run, plan, done)),
        "sets of attacks": list(_attacks(run, plan, done)),
    }


def _detectors(run: RunFolder, plan: Plan, done: set[tuple[str, int]]) -> Iterator[Path]:
    for judge in plan.judges:
        if (judge.dataset, judge.seed) in done:
            yield run.detector(judge, _cells_of(plan, judge.dataset, judge.seed))


def _attacks(run: RunFolder, plan: Plan, done: set[tuple[str, int]]) -> Iterator[Path]:
    for dataset, seed in dict.fromkeys((judge.dataset, judge.seed) for judge in plan.judges):
        if plan.attacked and (dataset, seed) in done:
            spec = AttackSpec(dataset=dataset, seed=seed, preset=plan.judges[0].preset, n=plan.attacked)
            yield run.attacks(spec, _cells_of(plan, dataset, seed))


def _cells_of(plan: Plan, dataset: str, seed: int) -> list[CellSpec]:
    return [cell for cell in plan.cells if cell.dataset == dataset and cell.seed == seed]
