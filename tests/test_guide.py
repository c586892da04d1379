"""What the front page tells: its words are in the glossary, and its commands exist and do what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_bench.leaderboard.glossary import GLOSSARY
from gan_bench.leaderboard.guide import OWN, READING

COMMANDS = [command for recipe in OWN for command in recipe.commands]


def test_each_point_leads_to_the_glossary() -> None:
    assert len(READING) == 5 and all(point.term in GLOSSARY for point in READING)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_options_exist(command: str, cli: Callable[..., Any]) -> None:
    _, name, *words = shlex.split(command)
    ended = cli(name, "--help")
    known = set(re.findall(r"--[a-z-]+", ended.stdout))
    assert ended.code == 0 and {word for word in words if word.startswith("--")} <= known


def test_the_new_variant_is_planned_beside_the_other(cli: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))
    new, run = OWN[0].commands
    assert cli(*shlex.split(new)[1:]).code == 0
    ended = cli(*shlex.split(run)[1:], "--dry-run", "--json")
    assert ended.code == 0 and '"variant": "mine"' in ended.stdout and '"variant": "dcgan"' in ended.stdout


def test_the_new_detector_says_where_it_goes(cli: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli(*shlex.split(OWN[2].commands[0])[1:]).code == 0
    assert "This file goes into gan_bench/detectors/" in (tmp_path / "mine.py").read_text()
