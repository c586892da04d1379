"""The command line: arguments, messages, exit codes. One command a file; what needs torch is imported when it is used."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

import gan_bench
from gan_bench.cli import compare, data, demo, detect, doctor, gate, leaderboard, list_, new, run, sample, score, show, verify
from gan_bench.cli.output import say, stdout
from gan_bench.cli.usage import Command, Group
from gan_bench.core.errors import UserError, quoted, visible
from gan_bench.core.own import Fault
from gan_bench.core.progress import console as stderr
from gan_bench.records import BENCHMARK_VERSION

INTERRUPTED = 130  # 128 and the number of SIGINT, as in shells

app = typer.Typer(
    name="gan-bench",
    cls=Group,
    help="Train GANs under fixed budgets, score them, detect them, rank them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
command = partial(app.command, cls=Command)
command()(demo.demo)
command()(run.run)
command()(score.score)
command()(detect.detect)
command()(compare.compare)
command()(gate.baseline)
command()(gate.check)
command()(leaderboard.leaderboard)
command()(verify.verify)
command("list")(list_.list_)
command()(show.show)
command()(new.new)
app.add_typer(data.app, name="data")
command()(sample.sample)
command()(doctor.doctor)


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
    except (UserError, Fault) as error:
        say(f"gan-bench: {visible(error)}")
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # of no file: a fault of ours
            raise
        say(f"gan-bench: {quoted(str(error.filename))}: {error.strerror}.")
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            stderr.print("gan-bench: interrupted; the same command goes on from the last checkpoint.")
        raise
