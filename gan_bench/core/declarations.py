"""Reads what registered classes state of themselves from their source, without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class NotLiteral:
    """Stands for a class attribute whose value only running the code would tell."""


@dataclass(frozen=True)
class Declaration:
    """A class that is registered somewhere in a source file.

    attributes  the class attributes that its body states: values of literals, `NotLiteral` for the others
    docstrings  of the file and of the class; "" where there is none
    fault       what is wrong with it, as a sentence; None: nothing so far
    """

    name: str
    module: str
    file: Path
    attributes: dict[str, Any]
    docstrings: tuple[str, str]
    fault: str | None = None


def declarations(module: str, file: Path, decorator: str) -> list[Declaration] | None:
    """What the classes under `@decorator`, such as "VARIANTS.register", state. None where the source does not tell it all.

    That is so for a file that cannot be read or parsed, for a class whose `name` is no literal, and for any other use of
    something that is called `register`.
    """
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None

    registered = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and _registers(node)]
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "register"]
    attributes = [dict(_stated(node)) for node in registered]
    if len(uses) != len(registered) or not all(isinstance(found.get("name"), str) for found in attributes):
        return None

    about = ast.get_docstring(tree) or ""
    return [
        Declaration(found["name"], module, file, found, (about, ast.get_docstring(node) or ""))
        for node, found in zip(registered, attributes, strict=True)
        if any(ast.unparse(d) == decorator for d in node.decorator_list)
    ]


def _registers(node: ast.ClassDef) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr == "register" for d in node.decorator_list)


def _stated(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """Each attribute that a class body gives a value, such as `name = "dcgan"` or `name, title = "dcgan", "DCGAN"`."""
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        elif isinstance(statement, ast.FunctionDef):
            yield statement.name, NotLiteral  # a property, perhaps
            continue
        else:
            continue

        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, _value(statement.value)
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                pairs = zip(target.elts, statement.value.elts, strict=False)
                yield from ((part.id, _value(value)) for part, value in pairs if isinstance(part, ast.Name))


def _value(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return NotLiteral
