"""The house rules, counted by tests/house.py; and that the counting finds what it should."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import house

ODD = house.ODD_WORDS[0]


@pytest.mark.parametrize("rule", house.RULES)
def test_a_house_rule_is_kept(rule: str):
    assert house.RULES[rule]() == []


def test_few_modules_lie_at_the_top():
    assert len(house.top_modules()) <= house.MOST_MODULES


def test_public_functions_say_what_they_do():
    assert house.documented_share() >= 0.95, house.undocumented()


# What follows breaks each rule in a tree of its own, so that a rule that finds nothing is known to look.


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that breaks every rule once."""
    files = {
        "gan_bench/core/__init__.py": '"""."""\n',
        "gan_bench/core/low.py": '"""."""\n\n\ndef climb():\n    from gan_bench import high\n\n    return high\n',
        "gan_bench/high.py": '"""."""\n\nfrom gan_bench.core import low\nimport generators\n\nx = 1 if low else 2 if 3 else 4\n'
        "\n\nclass Twin: ...\n",
        "gan_bench/long.py": '"""."""\n\n\nclass Twin: ...\n\n\ndef longest():\n' + "    x = 1\n" * 41 + "y = 1\n" * 300,
        "README.md": f"It does not {ODD} you.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for cached in (house.modules, house.imports):
        cached.cache_clear()
    monkeypatch.setattr(house, "ROOT", tmp_path)
    yield tmp_path
    for cached in (house.modules, house.imports):
        cached.cache_clear()


def test_the_counting_finds_what_breaks_a_rule(spoilt: Path):
    found = {rule: check() for rule, check in house.RULES.items()}
    assert [len(places) for places in found.values()] == [1] * len(found), found
    assert house.upward_imports() == ["core.low imports high"] and house.circles() == ["core.low <-> high"]
    assert house.odd_words() == [f"README.md:1 {ODD!r}"]
    assert [where.split()[-1] for where in house.undocumented()] == ["climb", "longest"]


def test_imports_for_type_checkers_do_not_count(spoilt: Path):
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from gan_bench import high\n"
    (spoilt / "gan_bench/core/low.py").write_text(text)
    house.tree.cache_clear()
    assert house.upward_imports() == [] and ast.parse(text)
