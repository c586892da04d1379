"""`gan-bench leaderboard`."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from gan_bench.cli.board import show_board, show_failures, show_page
from gan_bench.cli.options import Json
from gan_bench.cli.output import log_to_stderr, print_json
from gan_bench.cli.serve import serve
from gan_bench.core.errors import UserError


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write.", show_default="leaderboard/ in the only run folder")
    ] = None,
    as_json: Json = False,
    serving: Annotated[bool, typer.Option("--serve", help="Serve the pages on this machine until Ctrl-C.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
) -> None:
    """Rebuild the pages from records alone; several runs share them."""
    log_to_stderr()
    if out is None and len(runs) > 1:
        raise UserError("several run folders need --out, the folder of their common leaderboard.")

    from gan_bench.leaderboard import build
    from gan_bench.leaderboard.short import failures
    from gan_bench.run_folder import RunFolder, read_runs

    out = out or RunFolder(runs[0]).leaderboard
    found = read_runs(runs)
    board = build(found.results, out, found.rules, found.problems, found.suites)
    if as_json:
        print_json(board.to_dict())
    else:
        show_board(board)

    show_failures([sentence for s in board.standings for sentence in failures(s)])
    show_page(out / "index.html")
    if serving:
        serve(out, open_it)
    elif open_it:
        webbrowser.open((out / "index.html").resolve().as_uri())
