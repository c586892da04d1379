"""Imports point down only: design rule, enforced on the source text."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

L0 = {
    "errors",
    "registry",
    "seeds",
    "budget",
    "images",
    "records",
    "device",
    "paths",
    "progress",
    "parallel",
    "download",
    "pretrained",
    "tasks",
    "mixture",
    "shapes",
    "streams",
    "arrays",
    "image_files",
}
L1 = {"gan_bench.datasets", "gan_bench.features", "gan_bench.metrics", "gan_bench.suites", "generators", "detectors"}
L2 = {"train", "sample", "compare", "references", "scorer", "judge"}
L3 = {"pictures", "run", "settings", "external", "api", "catalogue", "cli"}
SCRIPTS = {"gan_bench.features.weights.train"}  # run by hand, imported by nobody; free to use what it needs


def modules() -> dict[str, Path]:
    files = [f for top in ("gan_bench", "generators", "detectors", "leaderboard") for f in (ROOT / top).rglob("*.py")]
    return {".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f for f in files}


def imported(module: str, file: Path) -> set[str]:
    """Our modules that `file` imports anywhere in it, those for type checkers aside."""
    known, tops, found = modules(), {"gan_bench", "generators", "detectors", "leaderboard"}, set()
    tree = ast.parse(file.read_text())
    typing_only = {
        id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module} uses a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in names}
    return {name for name in found if name.split(".")[0] in tops} - {"gan_bench"}


def family(module: str) -> str:
    """The L1 family, or the layer's own module, that a module belongs to."""
    return next((f for f in L1 | {"leaderboard"} if module == f or module.startswith(f + ".")), module)


def level(module: str) -> int:
    if family(module) in L1 or family(module) == "leaderboard":
        return 1
    name = module.removeprefix("gan_bench.")
    return 0 if name in L0 else 2 if name in L2 else 3


def test_every_module_has_a_layer():
    top = {m.removeprefix("gan_bench.") for m in modules() if m.count(".") == 1 and m.startswith("gan_bench.")}
    assert top - {f.removeprefix("gan_bench.") for f in L1} == L0 | L2 | L3


@pytest.mark.parametrize("module", sorted(set(modules()) - SCRIPTS - {"gan_bench"}))
def test_imports_point_down(module: str):
    for target in imported(module, modules()[module]):
        if family(target) == family(module):
            continue
        assert target not in SCRIPTS, f"{module} imports the script {target}"
        assert level(target) < level(module) or (level(target) == level(module) and level(module) in (0, 2, 3)), (
            f"{module} (level {level(module)}) imports {target} (level {level(target)})"
        )
        if family(module) == "leaderboard":
            assert target in ("gan_bench.records", "gan_bench.errors"), f"the leaderboard imports {target}"


def test_level_2_does_not_import_level_3():
    assert level("gan_bench.run") == 3 and level("gan_bench.train") == 2 and level("detectors.spectrum") == 1


@pytest.mark.parametrize(
    "statement", ["import gan_bench", "import gan_bench.cli", "import leaderboard.page", "import gan_bench.records"]
)
def test_cheap_imports_bring_no_torch(statement: str):
    code = f"{statement}; import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
