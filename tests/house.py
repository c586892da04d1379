"""The house rules as counts of the source text:  python tests/house.py

Prints one line for each rule with its limit, and every place that breaks it. `tests/test_house.py` asserts the limits.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TOP = ("generators", "detectors", "leaderboard")  # imported as gan_bench.<name>, through links inside gan_bench/
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_PARAGRAPH = 40, 300, 24
MOST_MODULES = 22
ODD_WORDS = (
    "heed", "heeds", "heeded", "bear", "bears", "mend", "mends", "mended", "unasked", "whichever rules", "at hand",
    "one and all", "a word a row", "names that are none", "what it cannot bear", "says much", "nor is",
)  # fmt: skip

# What may import what: a line imports the lines above it, and modules of its own folder. Folders, and, of the modules
# that lie directly in gan_bench/, the few on which the folders stand; all others build on the folders.
FOUNDATION = ("budget", "records", "device", "pretrained")
BUILT = ("", "run_folder", "plan")  # the modules directly in gan_bench/, and the folders on their line
LAYERS = (
    ("core",),
    FOUNDATION,
    ("images",),
    ("datasets", "features", "metrics", "suites", *TOP, "executors"),
    BUILT,
    ("verify", "gate"),
    ("cli",),
    ("__main__",),
)


class Import(NamedTuple):
    """One module of ours imports another, at the top of the file or inside a function."""

    importer: str
    imported: str


@cache
def modules() -> dict[str, Path]:
    """Every module by its import name, without the package's: "core.files", "generators.dcgan", "run"."""
    files = [
        file for file in (ROOT / "gan_bench").rglob("*.py") if not set(file.relative_to(ROOT / "gan_bench").parts) & set(TOP)
    ]
    found = {_dotted(file.relative_to(ROOT / "gan_bench")): file for file in files}
    for top in TOP:
        found |= {_dotted(file.relative_to(ROOT)): file for file in (ROOT / top).rglob("*.py")}
    return found


def _dotted(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix("__init__").rstrip(".")


@cache
def tree(file: Path) -> ast.Module:
    """The parsed source of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports() -> list[Import]:
    """All imports among our modules; those for type checkers alone do not count."""
    return [Import(name, target) for name, file in modules().items() for target in sorted(_imported(name, tree(file)))]


def _imported(name: str, module: ast.Module) -> Iterator[str] | set[str]:
    known, found = modules(), set()
    typing_only = {
        id(inner) for node in ast.walk(module) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(module):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}"[10:] in known else base for alias in node.names}
    ours = {target.removeprefix("gan_bench").removeprefix(".") for target in found if target.split(".")[0] == "gan_bench"}
    return ours - {name}


def bare_imports() -> list[str]:
    """Files anywhere in the project that import a top-level folder by its bare name."""
    broken = []
    for file in python_files(tests=True):
        for node in ast.walk(tree(file)):
            targets = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            targets += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            broken += [f"{_shown(file)}:{node.lineno} imports {t}" for t in targets if t.split(".")[0] in TOP]  # type: ignore[attr-defined]
    return broken


def layer(module: str) -> int:
    """The line of LAYERS that a module belongs to."""
    folder = module.split(".")[0]
    names = [folder if "." in module or folder in FOUNDATION or _is_folder(folder) else ""]
    return next(i for i, line in enumerate(LAYERS) if names[0] in line)


def _is_folder(name: str) -> bool:
    return any(name in line for line in LAYERS if name and line is not FOUNDATION)


def upward_imports() -> list[str]:
    """Imports of a higher line, or of another folder on the same line."""
    broken = []
    for importer, imported in imports():
        if importer == "" or imported == "":  # the package itself: its front door stands above everything
            continue
        same_folder = importer.split(".")[0] == imported.split(".")[0]
        same_line = layer(importer) == layer(imported) and LAYERS[layer(importer)] in (FOUNDATION, BUILT)
        if not (same_folder or same_line or layer(imported) < layer(importer)):
            broken.append(f"{importer} imports {imported}")
    return broken


def circles() -> list[str]:
    """Groups of modules that import one another, lazy imports included (Tarjan's strongly connected components)."""
    graph: dict[str, list[str]] = {name: [] for name in modules()}
    for importer, imported in imports():
        graph[importer].append(imported)

    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[str] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph[name]:
            if target not in index:
                visit(target)
            if target in stack:
                low[name] = min(low[name], low[target])

        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(" <-> ".join(sorted(group)))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def python_files(tests: bool = False) -> list[Path]:
    """The project's own Python files, each once."""
    folders = ["gan_bench", *TOP, "benchmarks", *(["tests"] if tests else [])]
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [
        file
        for file in files
        if not (file.is_relative_to(ROOT / "gan_bench") and set(file.relative_to(ROOT / "gan_bench").parts) & set(TOP))
    ]


def text_files() -> list[Path]:
    """Every file that people read: code, documents, templates, settings."""
    suffixes = {".py", ".md", ".toml", ".j2", ".yml"}
    found = [file for file in ROOT.rglob("*") if file.is_file() and (file.suffix in suffixes or file.name == "Makefile")]
    hidden = [
        file for file in found if any(part.startswith(".") and part != ".github" for part in file.relative_to(ROOT).parts)
    ]
    linked = [
        file
        for file in found
        if file.is_relative_to(ROOT / "gan_bench") and set(file.relative_to(ROOT / "gan_bench").parts) & set(TOP)
    ]
    aside = {*hidden, *linked, Path(__file__).resolve()}
    return sorted(
        file for file in found if file not in aside and not set(file.relative_to(ROOT).parts) & {"runs", "build", "dist"}
    )


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef, file: Path) -> int:
    """From the signature to the end; of a command, whose signature declares its options, the body."""
    end = function.end_lineno or 0
    is_command = file.parent.name == "cli" and "typer." in ast.unparse(function.args)
    first = function.body[0].lineno if is_command else function.lineno
    return end - first + 1


def long_functions() -> list[str]:
    """Functions over 40 lines."""
    found = ((file, f, _lines(f, file)) for file in python_files() for f in functions(file))
    return [f"{_shown(file)}:{f.lineno} {f.name}: {n} lines" for file, f, n in found if n > LONGEST_FUNCTION]


def unbroken_functions() -> list[str]:
    """Functions with a body of 25 lines or more that has no blank line between its thoughts."""
    broken = []
    for file in python_files():
        lines = file.read_text(encoding="utf-8").splitlines()
        for function in functions(file):
            has_docstring = ast.get_docstring(function) is not None
            body = function.body[1:] if has_docstring else function.body
            if not body:
                continue
            inside = lines[body[0].lineno - 1 : function.end_lineno]
            if len(inside) > LONGEST_PARAGRAPH and all(line.strip() for line in inside):
                broken.append(f"{_shown(file)}:{function.lineno} {function.name}: {len(inside)} lines without a break")
    return broken


def dense_expressions() -> list[str]:
    """Loops over a generator written in their header, and a choice inside a choice: `a if b else c if d else e`."""
    broken = []
    for file in python_files():
        for node in ast.walk(tree(file)):
            loops = isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.GeneratorExp)
            choices = isinstance(node, ast.IfExp) and isinstance(node.body, ast.IfExp) | isinstance(node.orelse, ast.IfExp)
            if loops or choices:
                where = node.iter if isinstance(node, ast.For | ast.comprehension) else node
                broken.append(f"{_shown(file)}:{where.lineno}")
    return broken


def long_files() -> list[str]:
    """Files over 300 lines, tests excepted."""
    counted = [(file, len(file.read_text(encoding="utf-8").splitlines())) for file in text_files()]
    outside = [(file, n) for file, n in counted if not file.is_relative_to(ROOT / "tests") and file.suffix != ".md"]
    return [f"{_shown(file)}: {n} lines" for file, n in outside if n > LONGEST_FILE]


def top_modules() -> list[str]:
    """The modules that lie directly in gan_bench/."""
    return sorted(file.name for file in (ROOT / "gan_bench").glob("*.py"))


def public_functions() -> list[tuple[str, bool]]:
    """(where, whether it has a docstring) of every public function and method of public classes, overrides included."""
    found = []
    for file in python_files():
        for owner in [tree(file), *(node for node in tree(file).body if isinstance(node, ast.ClassDef))]:
            if isinstance(owner, ast.ClassDef) and owner.name.startswith("_"):
                continue
            for node in owner.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    found.append((f"{_shown(file)}:{node.lineno} {node.name}", ast.get_docstring(node) is not None))
    return found


def undocumented() -> list[str]:
    """Public functions and methods without a docstring."""
    return [where for where, documented in public_functions() if not documented]


def documented_share() -> float:
    """The share of public functions and methods that have a docstring."""
    return 1 - len(undocumented()) / len(public_functions())


def odd_words() -> list[str]:
    """Places with a word that a second-language reader stops at."""
    pattern = re.compile(r"\b(" + "|".join(re.escape(word) for word in ODD_WORDS) + r")\b", re.IGNORECASE)
    broken = []
    for file in text_files():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            broken += [f"{_shown(file)}:{number} {found[0]!r}" for found in pattern.finditer(line)]
    return broken


def repeated_classes() -> list[str]:
    """Class names that two classes have."""
    names = Counter(n.name for file in python_files() for n in ast.walk(tree(file)) if isinstance(n, ast.ClassDef))
    return [f"{n} classes are called {name}" for name, n in sorted(names.items()) if n > 1]


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


RULES = {
    f"functions over {LONGEST_FUNCTION} lines": long_functions,
    f"bodies of {LONGEST_PARAGRAPH + 1} lines or more without a blank line": unbroken_functions,
    "generators in loop headers, choices inside choices": dense_expressions,
    f"files over {LONGEST_FILE} lines": long_files,
    "upward imports": upward_imports,
    "circles of imports": circles,
    "imports of a top-level folder by its bare name": bare_imports,
    "odd words": odd_words,
    "classes of one name": repeated_classes,
}


def main() -> int:
    """Print all counts; returns 1 where a limit is broken."""
    broken = False
    for rule, check in RULES.items():
        places = check()
        broken |= bool(places)
        print(f"{len(places):5}  {rule} (limit 0)")
        for place in places:
            print(f"         {place}")

    n_modules, share = len(top_modules()), documented_share()
    print(f"{n_modules:5}  modules directly in gan_bench/ (limit {MOST_MODULES})")
    print(f"{share:5.0%}  public functions with a docstring (at least 95 %)")
    for place in undocumented():
        print(f"         {place}")
    return int(broken or n_modules > MOST_MODULES or share < 0.95)


if __name__ == "__main__":
    sys.exit(main())
