"""Imports point down only, lazy ones included: house.LAYERS says which folder stands on which."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests import house
from tests.conftest import ROOT


def test_every_folder_has_a_layer():
    folders = {name.split(".")[0] for name in house.modules() if "." in name}
    assert folders <= {folder for line in house.LAYERS for folder in line}


@pytest.mark.parametrize("module", sorted(house.modules()))
def test_imports_point_down(module: str):
    assert [broken for broken in house.upward_imports() if broken.startswith(f"{module} imports ")] == []


def test_no_modules_import_one_another():
    assert house.circles() == []


def test_the_leaderboard_imports_records_and_core_alone():
    reached = {i.imported for i in house.imports() if i.importer.startswith("leaderboard")}
    assert {name.split(".")[0] for name in reached} <= {"leaderboard", "records", "core"}


CHEAP = ["gan_bench", "gan_bench.cli", "gan_bench.leaderboard.pages.build", "gan_bench.records", "gan_bench.run_folder"]


@pytest.mark.parametrize("module", CHEAP)
def test_cheap_imports_bring_no_torch(module: str):
    assert loaded(f"import {module}", "torch") == []


def test_scoring_brings_nothing_that_only_a_run_needs():
    heavy = (
        "gan_bench.judge",
        "gan_bench.run",
        "gan_bench.executors",
        "gan_bench.leaderboard",
        "sklearn",
        "jinja2",
        "matplotlib",
    )
    assert loaded("import gan_bench.api", *heavy) == []


def loaded(statement: str, *modules: str) -> list[str]:
    """Which of the modules are in memory after a statement in a process of its own."""
    code = f"{statement}; import sys; print([m for m in {modules!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return ast.literal_eval(done.stdout)
