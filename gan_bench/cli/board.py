"""How a leaderboard is printed: short tables that fit a terminal, or Markdown for whatever else reads stdout."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from gan_bench.cli.output import say, stdout
from gan_bench.core.progress import console as stderr

if TYPE_CHECKING:
    from gan_bench.leaderboard.board import Board
    from gan_bench.leaderboard.cells import Table as Cells

GAP = 2  # characters between columns
NARROWEST = 12  # characters of the column of names, whose texts fold


def show_board(board: Board) -> None:
    """The leaderboard on stdout."""
    if not stdout.is_terminal:
        sys.stdout.write(board.markdown())
        return

    from gan_bench.leaderboard.short import short_notes, short_tables

    for s in board.standings:
        shorts = short_tables(s)
        for short, table in zip(shorts, fitting([short.table for short in shorts], stdout.width), strict=True):
            stdout.print(Text(short.heading, style="bold"))
            stdout.print(table)
            if short.verdict:
                stdout.print(short.verdict, markup=False, highlight=False)
            stdout.print()
        notes = short_notes(s)
        for note in notes:
            stdout.print(note, style="dim", markup=False, highlight=False)
        if notes:
            stdout.print()


def fitting(tables: Sequence[Cells], width: int) -> list[Table]:
    """Tables with the same kinds of columns, aligned with one another. The last columns are left out where there is no room."""
    names = next(i for i, header in enumerate(tables[0].headers) if not header.numeric)  # and behind it the headline
    widths = _widths(tables, folded=False)
    if _room(widths, names, width) < widths[names]:
        widths = _widths(tables, folded=True)

    n = len(widths)
    while n > names + 2 and _room(widths[:n], names, width) < min(widths[names], NARROWEST):
        n -= 1
    widths[names] = max(1, min(widths[names], _room(widths[:n], names, width)))
    return [_drawn(table, widths[:n]) for table in tables]


def _widths(tables: Sequence[Cells], folded: bool) -> list[int]:
    """What each column needs. `folded`: the headers are, between their words."""
    headers = [[max(h.text.split(), key=cell_len) if folded else h.text for h in table.headers] for table in tables]
    texts = headers + [[cell.text for cell in row] for table in tables for row in table.rows]
    return [max(map(cell_len, column)) for column in zip(*texts, strict=True)]


def _room(widths: Sequence[int], names: int, width: int) -> int:
    """What the other columns leave for the names."""
    return width - sum(widths) + widths[names] - GAP * (len(widths) - 1)


def _drawn(table: Cells, widths: Sequence[int]) -> Table:
    drawn = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    for header, width in zip(table.headers, widths, strict=False):
        drawn.add_column(
            Text(header.text), width=width, justify="right" if header.numeric else "left", overflow="fold",
        )  # fmt: skip
    for row, kind in zip(table.rows, table.kinds, strict=True):
        style = {"failed": "red", "diverged": "red", "reference": "dim"}.get(kind)
        drawn.add_row(*(Text(cell.text) for cell in row[: len(widths)]), style=style)
    return drawn


def show_failures(sentences: Iterable[str]) -> None:
    """What did not end well, on stderr."""
    for sentence in sentences:
        say(f"gan-bench: {sentence}", style="red")


def show_page(page: Path) -> None:
    """Where the page is, on stderr."""
    link = f"link {page.resolve().as_uri()}"  # many terminals open it by a click
    stderr.print(Text.assemble("leaderboard: ", (str(page), link)), soft_wrap=True)


def show_next(board: Board, run: Path) -> None:
    """The commands that go on from a finished run, with paths that exist, on stderr."""
    if not stdout.is_terminal:
        return
    stderr.print("next:")
    for why, command in next_commands(board, run):
        stderr.print(f"  # {why}", style="dim", soft_wrap=True, markup=False, highlight=False)
        stderr.print(f"  {command}", soft_wrap=True, markup=False, highlight=False)


def next_commands(board: Board, run: Path) -> Iterator[tuple[str, str]]:
    """What a command does, and the command."""
    from gan_bench.leaderboard.short import best_cell
    from gan_bench.run_folder import SAMPLES, RunFolder

    best = best_cell(board.standings)
    if best is not None:
        dataset, budget, variant = best.spec.dataset, best.spec.preset, best.spec.variant
        cell = RunFolder(run).cell(best.spec)
        samples = str(cell / SAMPLES)
        yield f"more images of {variant}", _command("sample", str(cell), "-n", "64", "--out", f"{variant}.png")
        yield (
            "score images: these, or a folder or an .npz of yours",
            _command("score", samples, "--dataset", dataset, "--budget", budget),
        )
        if any(s.detected for s in board.standings):
            yield "tell whether they are real", _command("detect", samples, "--run", str(run), "--dataset", dataset)
    yield "compute every number again", _command("verify", str(run))


def _command(*words: str) -> str:
    return shlex.join(["gan-bench", *words])
