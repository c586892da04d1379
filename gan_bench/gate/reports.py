"""What the gate found, for other programs: JUnit XML, a GitHub job summary with annotations, and a history.

The history is a list of runs; the newest one is also written as github-action-benchmark's `customSmallerIsBetter` reads it.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
from pydantic import TypeAdapter

from gan_bench.core.errors import UserError
from gan_bench.core.files import cannot_write, write_text
from gan_bench.gate.check import Checked, Report
from gan_bench.gate.rule import Verdict
from gan_bench.records import Model

SUMMARY = "GITHUB_STEP_SUMMARY"  # the file that GitHub shows below a job
LEVELS = {Verdict.REGRESSED: "error", Verdict.INCONCLUSIVE: "warning"}


class PastValue(Model):
    """What an earlier check said of one entry."""

    entry: str
    metric: str
    old: float
    new: float | None
    verdict: str


class PastCheck(Model):
    """One earlier check of a history. `when`: in UTC."""

    when: str
    verdict: str
    values: tuple[PastValue, ...]


HISTORY = TypeAdapter(list[PastCheck])


def junit(report: Report) -> str:
    """One case for each metric of each entry. What informs never fails; what is inconclusive is skipped."""
    suite = TestSuite("gan-bench")
    for one in report.checked:
        case = TestCase(one.column, classname=one.entry)
        verdict = one.decision.verdict
        if one.decides and verdict is Verdict.REGRESSED:
            case.result = [Failure(sentence(one), verdict.word)]
        elif verdict is Verdict.INCONCLUSIVE:
            case.result = [Skipped(sentence(one), verdict.word)]
        suite.add_testcase(case)
    xml = JUnitXml()
    xml.add_testsuite(suite)
    return str(xml.tostring().decode())


def sentence(one: Checked) -> str:
    """Value, baseline, verdict and reason of one metric."""
    new = "has no value" if one.new is None else f"is {one.new:.4g}"
    return f"{one.entry}: {one.column} {new}, was {one.old:.4g}: {one.decision.verdict.word}, {one.decision.reason}"


def markdown(report: Report) -> str:
    """A summary for a pull request: what decides as a table, what informs and is worse, and what else differs."""
    lines = [
        f"### gan-bench: {report.verdict.word}",
        "",
        "| entry | metric | baseline | new | verdict | why |",
        "|" + "---|" * 6,
    ]
    lines += [
        f"| {_cell(one.entry)} | {_cell(one.column)} | {one.old:.4g} | {'' if one.new is None else f'{one.new:.4g}'} | "
        f"{one.decision.verdict.word} | {_cell(one.decision.reason)} |"
        for one in report.checked
        if one.decides
    ]
    worse = [f"- {_cell(sentence(one))}" for one in report.informing if one.decision.verdict is Verdict.REGRESSED]
    lines += ["", "Worse too, but these only inform:", *worse] if worse else []
    lines += ["", *(f"- {_cell(note)}" for note in report.notes)] if report.notes else []
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that no Markdown and no HTML in it can break out of."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "\\`")
    return " ".join(escaped.split())


def workflow_commands(report: Report) -> list[str]:
    """GitHub's workflow commands, one line for each entry that did not pass."""
    found = []
    for one in report.checked:
        level = LEVELS.get(one.decision.verdict)
        if one.decides and level is not None:
            text = sentence(one).replace("%", "%25").replace("\r", " ").replace("\n", "%0A")
            found.append(f"::{level} title=gan-bench {one.decision.verdict.word}::{text}")
    return found


def append_summary(report: Report) -> None:
    """Add the summary to the file that GitHub names. Raises UserError where it names none, or it cannot be written."""
    name = os.environ.get(SUMMARY)
    if not name:
        raise UserError(f"--github writes to the file that ${SUMMARY} names, and it is not set.")
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(markdown(report))
    except OSError as error:
        raise cannot_write(Path(name), error) from error


def smaller_is_better(report: Report) -> list[dict[str, Any]]:
    """The metrics that decide, as github-action-benchmark reads them; one of which more is better has its sign turned."""
    return [
        {
            "name": f"{one.entry}: {one.column}{' with its sign turned' * one.higher_is_better}",
            "unit": one.column,
            "value": -one.new if one.higher_is_better else one.new,
            "extra": sentence(one),
        }
        for one in report.checked
        if one.decides and one.new is not None
    ]


def add_to_history(report: Report, path: Path) -> list[dict[str, Any]]:
    """Append this check to a history file, which is made where it is absent; returns all checks, the oldest first.

    Raises UserError where the file is no history, and CannotWrite.
    """
    history: list[dict[str, Any]] = []
    if path.exists():
        try:
            history = [check.model_dump() for check in HISTORY.validate_json(path.read_bytes())]
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds something else"
            raise UserError(f"--history {path} is no history of checks ({reason}); give another file.") from error
    history.append({
        "when": datetime.now(UTC).isoformat(timespec="seconds"), "verdict": report.verdict.word,
        "values": [
            {"entry": one.entry, "metric": one.column, "old": one.old, "new": one.new, "verdict": one.decision.verdict.word}
            for one in report.checked
            if one.decides
        ],
    })  # fmt: skip
    write_text(path, json.dumps(history, indent=1) + "\n")
    return history
