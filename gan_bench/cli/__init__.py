"""The command line: arguments, messages, exit codes. One command a file; what needs torch is imported when it is used."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

import gan_bench
from gan_bench.cli import (
    cache,
    compare,
    data,
    demo,
    detect,
    doctor,
    gate,
    leaderboard,
    list_,
    new,
    run,
    sample,
    score,
    show,
    verify,
)
from gan_bench.cli.output import say, stdout
from gan_bench.cli.usage import Command, Group
from gan_bench.core.errors import UserError, quoted, visible
from gan_bench.core.own import Fault
from gan_bench.core.stop import Terminated, terminable
from gan_bench.records import BENCHMARK_VERSION

INTERRUPTED, TERMINATED = 130, 143  # 128 and the number of the signal, as in shells
GOES_ON = "; the same command goes on from the last checkpoint"

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
app.add_typer(cache.app, name="cache")
command()(sample.sample)
command()(doctor.doctor)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Prints the version where it is asked for."""
    if show:
        stdout.print(f"gan-bench {gan_bench.__version__} (rules {BENCHMARK_VERSION})", highlight=False)
        raise typer.Exit()


def main() -> None:
    """The console script. A user's mistake is a sentence on stderr and exit 2; Ctrl-C is exit 130, SIGTERM 143."""
    try:
        with terminable():
            app()
    except (UserError, Fault) as error:
        say(f"gan-bench: {visible(error)}")
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # of no file: a fault of ours
            raise
        say(f"gan-bench: {quoted(str(error.filename))}: {error.strerror}.")
        sys.exit(2)
    except Terminated:
        say(f"gan-bench: stopped by SIGTERM{_what_goes_on()}.")
        sys.exit(TERMINATED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            say(f"gan-bench: interrupted{_what_goes_on()}.")
        raise


def _what_goes_on() -> str:
    """What a message adds where the command that ended trains; others have no checkpoint."""
    return GOES_ON if {"run", "demo"}.intersection(sys.argv[1:2]) else ""
