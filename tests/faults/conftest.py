"""The undisturbed run that all others are compared with, and the table of what was tried."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.faults.scene import QUICK, Running, values

TABLE = "faults: tried and passed"


@pytest.fixture(scope="session", autouse=True)
def few_threads() -> Iterator[None]:
    """One thread here and in all processes that are started: sums over more of them end in other digits."""
    before, os.environ["OMP_NUM_THREADS"] = torch.get_num_threads(), "1"
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The constants of `Running` in this process too."""
    for module, name, value in QUICK:
        monkeypatch.setattr(f"gan_bench.{module}.{name}", value)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, few_threads: None) -> Path:
    """A finished run; only to be read and copied."""
    return finished(tmp_path_factory, jobs=1)


@pytest.fixture(scope="session")
def expected(undisturbed: Path) -> dict[str, object]:
    """What every other run must end with."""
    return values(undisturbed)


@pytest.fixture(scope="session")
def expected_of_two(tmp_path_factory: pytest.TempPathFactory, few_threads: None) -> dict[str, object]:
    """The same of two trainings at a time: their processes have the usual constants, and so other histories."""
    return values(finished(tmp_path_factory, jobs=2))


def finished(tmp_path_factory: pytest.TempPathFactory, jobs: int) -> Path:
    """The folder of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("faults") / "undisturbed"
    code, stderr = Running(out, jobs).ended()
    assert code == 0, stderr
    return out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many faults of each kind were tried, and how many of them passed."""
    tried, passed = Counter[str](), Counter[str]()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            if "tests/faults/" in report.nodeid:
                kind = re.sub(r".*::test_|\[.*", "", report.nodeid).replace("_", " ")
                tried[kind] += 1
                passed[kind] += outcome == "passed"

    if tried:
        terminalreporter.section(TABLE)
        for kind, n in tried.items():
            terminalreporter.line(f"{n:5} {passed[kind]:5}  {kind}")
        terminalreporter.line(f"{tried.total():5} {passed.total():5}  in all")
