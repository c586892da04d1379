"""`gan-bench new`: a file to start from, which works as it is."""

from __future__ import annotations

import contextlib
import keyword
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from gan_bench.cli import completion, members
from gan_bench.cli.output import stdout
from gan_bench.core.errors import UserError
from gan_bench.core.files import cannot_write
from gan_bench.core.registry import suggest

KINDS = {
    name.split(".")[0]: name.removesuffix(".txt")
    for name in sorted(file.name for file in (files(__package__) / "templates").iterdir())
    if name.endswith(".txt")
}  # kind -> "kind.py" or "kind.toml"
PLACE = """\
This file goes into {folder}/, where it is found by itself.
Or it is a module of a package of your own, whose pyproject.toml names it:

    [project.entry-points."{group}"]
    {name} = "your_package.{name}"

`gan-bench list {kind}s` then lists it."""
NEXT = {
    "variant": "gan-bench run --suite shapes --variants {file} --budget smoke --out runs/{name}",
    "suite": "gan-bench run --suite {file} --budget smoke --out runs/{name}",
}


def new(
    kind: Annotated[
        str, typer.Argument(help=", ".join(KINDS), autocompletion=completion.one(lambda: KINDS), show_default=False)
    ],
    name: Annotated[str, typer.Argument(help="Its name, and that of the file.", show_default=False)],
) -> None:
    """Write NAME.py, or NAME.toml for a suite, into the current folder: a template that works as it is."""
    if kind not in KINDS:
        raise UserError(suggest(kind, KINDS, "kind"))
    _check_name(kind, name)

    file = Path(KINDS[kind]).with_stem(name)
    try:
        with open(file, "x", encoding="utf-8") as opened:
            opened.write(written(kind, name))
    except FileExistsError:
        raise UserError(f"{file} exists; choose another name, or move it away.") from None
    except OSError as error:  # on a full disk half of it is there
        with contextlib.suppress(OSError):
            file.unlink()
        raise cannot_write(file, error) from error

    following = NEXT.get(kind, "read its first lines, which say where it goes").format(file=file, name=name)
    stdout.print(f"{file} works as it is. Next: {following}", soft_wrap=True, markup=False, highlight=False)


def _check_name(kind: str, name: str) -> None:
    """Raises UserError at a name that cannot be that of a class and a file, or that is taken."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
        better = re.sub(r"\W+", "_", name).strip("_")
        hint = f", such as {better}" if better.isidentifier() and not keyword.iskeyword(better) else ""
        raise UserError(f"{name!r} is no name for Python; use letters, digits and underscores{hint}.")

    taken = {_plain(known): known for known in members.names()[kind]}
    if _plain(name) in taken:
        raise UserError(f"there is a {kind} called {taken[_plain(name)]!r}; choose another name.")
    if KINDS[kind].endswith(".py") and _hides(name):
        raise UserError(f"{name}.py would hide the installed Python module {name!r}; choose another name.")


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _hides(name: str) -> bool:
    """Whether a module of this name can be imported that is no file of the current folder."""
    found = find_spec(name)
    return found is not None and found.origin is not None and Path(found.origin).parent != Path.cwd()


def written(kind: str, name: str) -> str:
    """The template of a kind, with the name filled in."""
    text = (files(__package__) / "templates" / f"{KINDS[kind]}.txt").read_text(encoding="utf-8")
    words = [word for word in name.split("_") if word]
    title = " ".join(words)
    return Template(text).substitute(
        NAME=name,
        CLASS="".join(word[0].upper() + word[1:] for word in words),
        TITLE=title[0].upper() + title[1:],
        PLACE=_place(kind, name),
    )


def _place(kind: str, name: str) -> str:
    """Where a file of this kind goes so that it is found by its name."""
    registry = members.REGISTRIES.get(kind)
    if registry is None:
        return ""
    return PLACE.format(folder=registry.package.replace(".", "/"), group=registry.group, name=name, kind=kind)
