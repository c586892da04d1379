"""The command line: arguments, messages, exit codes. One command a file; what needs torch is imported when it is used."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import gan_bench
from gan_bench.cli import compare, data, detect, doctor, gate, leaderboard, list_, new, run, sample, score, show, verify
from gan_bench.cli.output import stdout
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr
from gan_bench.records import BENCHMARK_VERSION

INTERRUPTED = 130  # 128 and the number of SIGINT, as in shells

app = typer.Typer(
    name="gan-bench",
    help="Train GANs under fixed budgets, score them, detect them, rank them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(score.score)
app.command()(detect.detect)
app.command()(compare.compare)
app.command()(gate.baseline)
app.command()(gate.check)
app.command()(leaderboard.leaderboard)
app.command()(verify.verify)
app.command("list")(list_.list_)
app.command()(show.show)
app.command()(new.new)
app.add_typer(data.app, name="data")
app.command()(sample.sample)
app.command()(doctor.doctor)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Prints the version where it is asked for."""
    if show:
        stdout.print(f"gan-bench {gan_bench.__version__} (rules {BENCHMARK_VERSION})", highlight=False)
        raise typer.Exit()


def main() -> None:
    """The console script. A user's mistake is a sentence on stderr and exit 2; Ctrl-C is exit 130."""
    try:
        app()
    except UserError as error:
        stderr.print(f"gan-bench: {error}", soft_wrap=True, markup=False, highlight=False)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            stderr.print("gan-bench: interrupted; the same command goes on from the last checkpoint.")
        raise
