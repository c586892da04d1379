"""Commands whose mistakes are sentences: what typer finds wrong with a command line is told as everything else is.

typer prints a box of several lines; a person in a hurry and a CI log want one line that names the option and the value.
"""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from gan_bench.core.errors import UserError, quoted

UsageError: type[Any] = typer.BadParameter.__mro__[1]  # typer's own or click's, by the version of typer
LONGEST = 4095  # characters of a value; no path can be longer
HELP_SHOWN = "NoArgsIsHelpError"  # no mistake: the help was asked for by giving nothing


class Command(TyperCommand):
    """A command whose help fits 80 columns: short words for kinds of values, and no line breaks of the source."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in (self.help or "").split("\n\n"))
        for option in self.params:
            if isinstance(option, TyperOption) and option.metavar is None:
                value = "TEXT" if _limits(option) == (None, None) else "N"
                option.metavar = "" if option.is_flag else value

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises UserError at a text that no option means, empty or endless, and at a number that is none or out of range."""
        if ctx.resilient_parsing:  # a shell completes what is not whole yet
            return super().parse_args(ctx, args)

        try:
            given = self.make_parser(ctx).parse_args(args=list(args))[0]
        except UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        for parameter in self.params:
            values = given.get(parameter.name or "")
            for value in [values, *_several(values)]:
                if isinstance(value, str):
                    _check_text(parameter, value)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.param is None or _limits(error.param) == (None, None):
                raise
            raise UserError(_out_of_range(error.param, given.get(error.param.name or ""))) from error


class Group(TyperGroup):
    """A command with others below it."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Raises UserError at a mistake in the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except UsageError as error:
            raise_told(error)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named. Raises UserError at a mistake in its part of the command line."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise_told(error)


def raise_told(error: Any) -> NoReturn:
    """Raises a mistake that typer found as a UserError of one line; help that was shown stays what it is."""
    if type(error).__name__ == HELP_SHOWN:
        raise error
    path = error.ctx.command_path if error.ctx is not None else "gan-bench"
    text = " ".join(error.format_message().split()).rstrip(".")
    joint = " " if text.endswith("?") else "; "
    raise UserError(f"{text[:150]}{joint}`{path} --help` shows what there is.") from error


def _check_text(parameter: Any, text: str) -> None:
    if not text.strip():
        raise UserError(f"{_called(parameter)} is empty; give a value, or leave it out.")
    if len(text) > LONGEST:
        raise UserError(f"{_called(parameter)} {quoted(text)} has {len(text):,} characters, and {LONGEST:,} are the most.")


def _several(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else []


def _called(parameter: Any) -> str:
    """An option by its longest name, an argument by the word that help has for it."""
    if isinstance(parameter, TyperArgument):
        return str(parameter.metavar or (parameter.name or "").upper())
    return max(parameter.opts, key=len)


def _limits(parameter: Any) -> tuple[int | None, int | None]:
    """The least and the greatest number that an option takes; None: no such limit. typer 0.29 keeps them elsewhere."""
    holder = parameter if hasattr(parameter, "min") else parameter.type
    return getattr(holder, "min", None), getattr(holder, "max", None)


def _out_of_range(parameter: Any, value: Any) -> str:
    low, high = _limits(parameter)
    range_ = f"from {low:,} to {high:,}" if high is not None else f"of {low:,} or more"
    return f"{_called(parameter)} must be a whole number {range_}, not {quoted(str(value))}."
