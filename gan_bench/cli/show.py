"""`gan-bench show`: all that is known about what has a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gan_bench.budget import parse_preset
from gan_bench.cli import completion, members
from gan_bench.cli.members import Member
from gan_bench.cli.options import Json
from gan_bench.cli.output import Row, print_json, print_table, shown, stdout
from gan_bench.core.docstrings import blocks
from gan_bench.core.errors import UserError

NEAR, MOST = 0.5, 3  # how alike a name must be to be suggested, and how many are


def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A variant, dataset, extractor, metric (or one of its numbers), detector, corruption, suite or budget.",
            autocompletion=completion.shown,
        ),
    ],
    budget: Annotated[
        str, typer.Option(help="The budget whose settings of a variant are shown.", autocompletion=completion.budgets)
    ] = "quick",
    as_json: Json = False,
) -> None:
    """Tell what is behind a name: a variant's settings, a metric's range and direction, the paper, what it needs."""
    preset = parse_preset(budget)
    found = members.named(name, preset)
    if not found:
        raise UserError(_unknown(name))

    if as_json:
        print_json([_as_json(member) for member in found])
        return
    for i, member in enumerate(found):
        if i > 0:
            stdout.print()
        _print(member, preset.name)


def _unknown(name: str) -> str:
    """The sentence for a name that nothing has: the nearest ones, with their kinds."""
    kinds = {number: f"a number of metric {metric}" for number, metric in members.numbers().items()}
    kinds |= {known: kind for kind, all_of_it in members.names().items() for known in all_of_it}
    close = difflib.get_close_matches(name, kinds, n=MOST, cutoff=NEAR)
    hint = "; did you mean " + " or ".join(f"{other!r} ({kinds[other]})" for other in close) + "?" if close else "."
    return f"unknown name {name!r}{hint} `gan-bench list` shows all variants, all metrics, and so on."


def _as_json(member: Member) -> Row:
    """Plain data; `about` is one text."""
    parts = {"settings" if member.kind == "variant" else "numbers": member.rows} if member.rows else {}
    about = "\n\n".join(text for text in member.about if text)
    return {"kind": member.kind, "name": member.name, "title": member.title, **member.facts, **parts, "about": about}


def _print(member: Member, budget: str) -> None:
    """A heading, the facts, the table, and what its author wrote."""
    stdout.print(Text.assemble((f"{member.kind} {member.name}", "bold"), f"  {member.title}"))
    _print_facts(member)

    if member.rows:
        stdout.print()
        print_table([_shown(row, budget) for row in member.rows])
    if member.kind == "variant":
        told = "Where the column paper is empty, the paper has or states no such number."
        stdout.print(f"\n`gan-bench run --set {member.name}.SETTING=VALUE` changes one. {told}", markup=False, highlight=False)

    for about in member.about:
        if about:
            stdout.print()
            stdout.print(*_paragraphs(about), sep="\n\n", highlight=False)


def _print_facts(member: Member) -> None:
    if not member.facts:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for fact, value in member.facts.items():
        table.add_row(fact, escape(shown(value)))
    stdout.print(table)


def _shown(row: Row, budget: str) -> Row:
    """A row for the terminal: short numbers, the budget's name above its values, and a range behind its meaning."""
    if row.get("meaning") and row.get("range"):
        row = {**row, "meaning": f"{row['meaning']} ({row['range']})"}
        del row["range"]
    return {budget if name == "value" else name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:g}"
    return escape(value) if isinstance(value, str) else value


def _paragraphs(docstring: str) -> Iterator[RenderableType]:
    """A docstring for the width of this terminal."""
    for block in blocks(docstring):
        if isinstance(block, str):
            yield Text(block)
            continue

        table = Table.grid(padding=(0, 2))
        for name, meaning in block.items():
            table.add_row(escape(name), escape(meaning))
        yield Padding(table, (0, 0, 0, 2))
