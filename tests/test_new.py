"""`gan-bench new`: names, refusals, and templates that run as they were written. See also tests/test_templates.py."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from gan_bench.cli.new import KINDS, written
from gan_bench.core.docstrings import blocks

MISTAKES = [
    (("varian", "mine"), "unknown kind 'varian'; did you mean 'variant'?"),
    (("variant", "my-gan"), "'my-gan' is no name for Python; use letters, digits and underscores, such as my_gan."),
    (("variant", "class"), "'class' is no name for Python"),
    (("variant", "../mine"), "'../mine' is no name for Python"),
    (("suite", "1st"), "'1st' is no name for Python"),
    (("variant", "dcgan"), "there is a variant called 'dcgan'; choose another name."),
    (("variant", "WGAN_GP"), "there is a variant called 'wgan-gp'; choose another name."),
    (("suite", "stacked_mnist"), "there is a suite called 'stacked-mnist'"),
    (("metric", "torch"), "torch.py would hide the installed Python module 'torch'; choose another name."),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_a_wrong_kind_or_name_writes_nothing(cli, elsewhere: Path, arguments: tuple[str, ...], sentence: str):
    ended = cli("new", *arguments)
    assert ended.code == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("gan-bench: ") and sentence in ended.stderr and not list(elsewhere.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_written_once(cli, elsewhere: Path, kind: str):
    file = Path(f"my_own.{KINDS[kind].split('.')[1]}")
    first = cli("new", kind, "my_own")
    assert first.code == 0 and str(file) in first.stdout and [path.name for path in elsewhere.iterdir()] == [file.name]
    file.write_text("mine")
    again = cli("new", kind, "my_own")
    assert again.code == 2 and f"{file} exists; choose another name, or move it away." in again.stderr
    assert file.read_text() == "mine"


@pytest.mark.parametrize("kind", [kind for kind, file in KINDS.items() if file.endswith(".py")])
def test_a_template_reads_well(kind: str):
    """The name is in it, its docstring says where it goes or how it runs, and it keeps to the house's line length."""
    text = written(kind, "my_own")
    tree = ast.parse(text)
    assert "MyOwn" in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert 'name = "my_own"' in text and "$" not in text and max(map(len, text.splitlines())) <= 128
    about = blocks(ast.get_docstring(tree) or "")
    commands = [block for block in about if isinstance(block, str) and block.startswith(" ")]
    assert len(commands) == 1 and "my_own" in commands[0]


def run(cli, *arguments: object) -> dict[str, dict]:
    """The records of the cells of a run at `smoke`, by variant."""
    ended = cli("run", *arguments, "--budget", "smoke", "--device", "cpu", "--jobs", "1", "--out", "run")
    assert ended.code == 0, ended.stderr
    files = Path("run/cells").glob("*/*/*/record.json")
    return {record["spec"]["variant"]: record for record in (json.loads(file.read_text()) for file in files)}


@pytest.mark.xfail(strict=False, reason="needs --variants FILE")
def test_a_variant_runs_from_its_file(cli):
    """And the setting of its own can be changed."""
    assert cli("new", "variant", "my_own").code == 0
    chosen = ("--extractors", "raw", "--metrics", "fd", "--detectors", "none")
    cells = run(cli, "--suite", "shapes", "--variants", "my_own.py", *chosen, "--set", "my_own.margin=0.5")
    assert cells["my_own"]["status"] == "done" and cells["my_own"]["spec"]["settings"]["margin"] == 0.5


@pytest.mark.xfail(strict=False, reason="needs --suite FILE")
def test_a_suite_runs_from_its_file(cli):
    assert cli("new", "suite", "my_own").code == 0
    cells = run(cli, "--suite", "my_own.toml")
    assert set(cells) == {"dcgan", "cgan"} and all(cell["status"] == "done" for cell in cells.values())
