"""Options that several commands have, and what their texts mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

import typer

from gan_bench.cli import completion
from gan_bench.core.errors import UserError, quoted
from gan_bench.core.own import is_python_file
from gan_bench.core.registry import Registry, suggest
from gan_bench.records import DEVICES
from gan_bench.suites import ALL

T = TypeVar("T")
MOST_SEEDS, LARGEST_SEED, MOST_IMAGES = 10_000, 2**31 - 1, 10_000_000  # of one command: more is a slip of the keyboard


def check_device(text: str) -> str:
    """Raises UserError at a kind of device that does not exist; whether this machine has it is checked later."""
    if text.split(":")[0] not in DEVICES or text.startswith("auto:"):
        raise UserError(suggest(text, DEVICES, "device"))
    return text


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.", callback=check_device, autocompletion=completion.devices)
]


def names_in(text: str | None, option: str) -> list[str] | None:
    """ "a,b" -> ["a", "b"], without repeats. Raises UserError where no name is in it. `option`: what it was given to."""
    if text is None:
        return None
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UserError(f"{option} {quoted(text)} names nothing; give names with commas between them, or leave it out.")
    return names


def range_in(text: str | None) -> tuple[float, float] | None:
    """ "-1,1" -> (-1.0, 1.0). Raises UserError."""
    if text is None:
        return None
    from gan_bench.images.arrays import check_range  # imports torch

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = 0.0
    return check_range((low, high), f"--value-range {quoted(text)}")


def registered(names: Iterable[str] | None) -> list[str]:
    """Those that a registry must know: neither "all" nor a file of the user's."""
    return [name for name in names or () if name != ALL and not is_python_file(name)]


def check_names(registry: Registry[T], names: Iterable[str] | None, place: Callable[[str], str] | None = None) -> None:
    """Raises UserError at an unknown name, before anything starts. Imports no member. `place`: where a name stands."""
    for name in names or []:
        try:
            registry.check(name)
        except UserError as error:
            raise UserError(f"{place(name)}: {error}" if place is not None else str(error)) from error
