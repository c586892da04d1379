"""Reads the docstrings of this project: paragraphs, formulas, and lists of names with their meanings."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.util import find_spec
from pathlib import Path

# "name   meaning", the names separated by ", "; two spaces or more end them.
DEFINED = re.compile(r"^(?P<names>\S+(?:, \S+)*)  +(?=\S)")
TOPIC = re.compile(r"^[A-Z][A-Za-z ]{2,20}: ")  # "Paper: ...", which begins a paragraph wherever it begins a line
SENTENCE_END = re.compile(r"(?<! al)\.(?=\s+[A-Z0-9`]|\s*$)")  # not that of "et al."

Block = str | dict[str, str]


def blocks(docstring: str) -> list[Block]:
    """The parts of a docstring, in order.

    A paragraph is a text of one line. A formula or an example is a text whose lines begin with spaces. A list is a dictionary
    from names, such as "name" or "low, high", to meanings.
    """
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        lines = part.splitlines()
        if not lines:
            continue

        if DEFINED.match(lines[0]):
            found.append(_list(lines))
        elif all(line.startswith(" ") for line in lines):
            found.append(part)
        else:
            found += _paragraphs(lines)
    return found


def _list(lines: list[str]) -> dict[str, str]:
    """Names and meanings. The first line tells the column at which meanings begin; a line that is blank before it goes on.

    The longest name may be followed by one space, and some are longer than the column.
    """
    first = DEFINED.match(lines[0])
    assert first is not None

    meanings: dict[str, str] = {}
    for line in lines:
        own = DEFINED.match(line)
        column = first.end() if own is None else own.end()
        names, meaning = line[:column].strip(), line[column:].strip()
        if names:
            meanings[names] = meaning
        else:
            meanings[list(meanings)[-1]] += " " + meaning
    return meanings


def _paragraphs(lines: list[str]) -> list[Block]:
    found: list[Block] = []
    for line in lines:
        if not found or TOPIC.match(line):
            found.append(line.strip())
        else:
            found[-1] = f"{found[-1]} {line.strip()}"
    return found


def meanings(docstring: str) -> dict[str, str]:
    """The meaning of each name that the lists of a docstring hold; names that share one have an entry each."""
    found: dict[str, str] = {}
    for block in blocks(docstring):
        if isinstance(block, dict):
            for names, meaning in block.items():
                found |= dict.fromkeys(names.split(", "), meaning)
    return found


def first_sentence(docstring: str) -> str:
    """The first sentence, on one line, without its full stop; "" where there is none."""
    first = next((block for block in blocks(docstring) if isinstance(block, str)), "")
    return SENTENCE_END.split(first, maxsplit=1)[0].strip()


def of_classes(module: str) -> dict[str, str]:
    """The docstrings of the classes of a module, which is not imported, by their names."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    classes = [node for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    return {node.name: ast.get_docstring(node) or "" for node in classes}
