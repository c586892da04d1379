"""Records against the plan of their run folder.

A folder may have had several commands, and keeps the plan of the last one. So a record that is not in the plan must be of the
plan's track, and is told in a remark; one of another budget or of other rules differs. What is planned and has no record
differs too: else a bad seed could be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from gan_bench.records import (
    AnyRecord,
    AttackRecord,
    CellRecord,
    Contents,
    JudgeRecord,
    Plan,
    ReferenceRecord,
    read_contents,
)
from gan_bench.run_folder import RECORD, RunFolder, planned
from gan_bench.verify.ledger import Ledger, Sheet


def read_plan(ledger: Ledger, run: RunFolder) -> Contents[Plan] | None:
    """The plan; None where there is none, or it cannot be read, which differs."""
    if not run.plan.exists():
        ledger.remarks.append("There is no plan.json, so what is missing cannot be told.")
        return None

    sheet = ledger.sheet("plan", run.plan)
    with sheet.attempt("records", "the plan"):
        contents = read_contents(run.plan, Plan)
        sheet.agrees("records", "the plan")
        check_content(sheet, contents)
        return contents
    return None


def check_content(sheet: Sheet, contents: Contents[Any]) -> None:
    """That nobody edited a file since it was written, and what of it this version does not know."""
    if contents.data.get("content_digest") is None:
        sheet.skip("content_digest", "schema 1 had none")
    elif contents.edited:
        sheet.differs("records", "content_digest", "that of the content", "another: it was edited")
    for name in contents.unknown:
        sheet.skip(name, "a newer version of gan-bench wrote this field")


def check_planned(sheet: Sheet, record: AnyRecord, plan: Plan) -> None:
    """That a record belongs to the plan, or at least to its track."""
    if _is_planned(record, plan):
        return
    presets = {cell.preset for cell in plan.cells}
    limits = {cell.budget for cell in plan.cells}
    same = record.spec.preset in presets and (not isinstance(record, CellRecord) or record.spec.budget in limits)
    if same:
        sheet.ledger.remarks.append(f"{sheet.file} is not in plan.json, which is that of the folder's last command.")
    else:
        sheet.differs("records", "budget", f"{record.spec.preset}", f"{', '.join(sorted(presets))} in plan.json")


def _is_planned(record: AnyRecord, plan: Plan) -> bool:
    match record:
        case CellRecord():
            return record.spec in plan.cells
        case ReferenceRecord():
            return record.external or record.spec in plan.references
        case JudgeRecord():
            return record.spec.model_copy(update={"fakes": {}, "others": {}, "members": ()}) in plan.judges
        case AttackRecord():
            datasets = {(judge.dataset, judge.seed, judge.preset) for judge in plan.judges}
            return (record.spec.dataset, record.spec.seed, record.spec.preset) in datasets and record.spec.n == plan.attacked


def check_complete(ledger: Ledger, run: RunFolder, plan: Plan, found: Mapping[Path, AnyRecord]) -> None:
    """That everything planned has a record; an unreadable one was told already.

    found  the readable records, by file
    """
    sheet = ledger.sheet("plan", run.plan)
    for folder in chain.from_iterable(planned(run, plan, found.values()).values()):
        file = folder / RECORD
        found_there = "there" if file.exists() else "absent"
        sheet.compare("planned parts", str(file.relative_to(run.path)), "planned", found_there, agrees=file.exists())
