"""The command line: arguments, messages, exit codes. One command a file; what needs torch is imported when it is used."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

import gan_bench
from gan_bench.cli import compare, data, demo, detect, doctor, gate, leaderboard, list_, new, run, sample, score, show, verify
from gan_bench.cli.output import say, stdout
from gan_bench.core.errors import UserError
from gan_bench.core.own import Fault
from gan_bench.core.stop import Terminated, terminable
from gan_bench.records import BENCHMARK_VERSION

INTERRUPTED, TERMINATED = 130, 143  # 128 and the number of the signal, as in shells
GOES_ON = "the same command goes on from the last checkpoint"


class Command(TyperCommand):
    """A command whose help fits 80 columns: short words for kinds of values, and no line breaks of the source."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in (self.help or "").split("\n\n"))
        for option in self.params:
            if isinstance(option, TyperOption) and option.metavar is None:
                value = "TEXT" if getattr(option, "min", None) is None else "N"  # typer before 0.29 knows no `min` here
                option.metavar = "" if option.is_flag else value


app = typer.Typer(
    name="gan-bench",
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
    """The console script. A user's mistake is a sentence on stderr and exit 2; Ctrl-C is exit 130, SIGTERM 143."""
    try:
        with terminable():
            app()
    except (UserError, Fault) as error:
        say(f"gan-bench: {error}")
        sys.exit(2)
    except Terminated:
        say(f"gan-bench: stopped by SIGTERM; {GOES_ON}.")
        sys.exit(TERMINATED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            say(f"gan-bench: interrupted; {GOES_ON}.")
        raise
