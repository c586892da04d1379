"""What every member of a family must state: its class attributes, their types and the values that are allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gan_bench.core.errors import UserError


class ContractBroken(UserError):
    """A member of a family lacks an attribute or has a wrong one. The sentence names the file and the attribute."""


class Missing:
    """Stands for the value of an attribute that is not there."""


@dataclass(frozen=True)
class Attribute:
    """One class attribute of a family's members.

    wanted   what its value must be, as the rest of "it must be ..."
    accepts  whether a value is that
    default  what it is where it is left out; Missing: it must be there
    listed   whether `gan-bench list` shows it, so that it is worth importing a member to know it
    """

    name: str
    wanted: str
    accepts: Callable[[Any], bool]
    default: Any = Missing
    listed: bool = True

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value, as the rest of a sentence; None: nothing. A property is left to each object."""
        if value is Missing:
            return f"has no attribute `{self.name}`, which must be {self.wanted}"
        if isinstance(value, property | cached_property) or value is self.default or self.accepts(value):
            return None
        return f"has {self.name} = {value!r}, which must be {self.wanted}"


def text(name: str, default: Any = Missing) -> Attribute:
    """A text that is not empty."""
    return Attribute(name, "a text", lambda value: isinstance(value, str) and bool(value.strip()), default)


def one_of(name: str, options: Iterable[str], default: Any = Missing) -> Attribute:
    """One of some texts."""
    known = tuple(options)
    return Attribute(name, f"one of {', '.join(known)}", lambda value: value in known, default)


def flag(name: str, default: Any = Missing) -> Attribute:
    """True or False."""
    return Attribute(name, "True or False", lambda value: isinstance(value, bool), default)


def whole(name: str, least: int, default: Any = Missing) -> Attribute:
    """A whole number, `least` or more."""
    wanted = f"a whole number, {least} or more"
    return Attribute(name, wanted, lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= least, default)
