"""One registry for everything that has a name: a family finds its members by looking into its own package."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from gan_bench.errors import UserError

T = TypeVar("T")


def nearest(name: str, known: Iterable[str], kind: str) -> str:
    """The sentence for an unknown name: the nearest known one, and all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(known)}."


class Registry(Generic[T]):
    """Classes by name. Modules of `package` register theirs when imported, and are imported at the first look-up.

    A member has a class attribute `name`. A name that ends in ":" takes an argument, as in `folder:PATH`.
    Other distributions add members through the entry-point group `group`, one entry a module or a class.
    """

    def __init__(self, kind: str, package: str, group: str) -> None:
        self.kind, self.package, self.group = kind, package, group
        self._members: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, member: type[T]) -> type[T]:
        """Class decorator. Raises ValueError on a second class of the same name."""
        name: str = member.name  # type: ignore[attr-defined]
        if name in self._members:
            raise ValueError(f"two {self.kind}s are called {name!r}: {self._members[name]} and {member}")
        self._members[name] = member
        return member

    def names(self) -> list[str]:
        self._discover()
        return sorted(self._members)

    def complete_names(self) -> list[str]:
        """The names that take no argument."""
        return [name for name in self.names() if not name.endswith(":")]

    def get(self, name: str) -> type[T]:
        """The class called `name`, its argument (after ":") left aside. Raises UserError on an unknown name."""
        self._discover()
        known = name if ":" not in name else name.split(":", 1)[0] + ":"
        if known in self._members and not (known == name and name.endswith(":")):
            return self._members[known]
        raise UserError(nearest(name, self._members, self.kind))

    def create(self, name: str) -> T:
        """A new object of the class called `name`, given its argument where the name carries one."""
        member = self.get(name)
        if member.name.endswith(":"):  # type: ignore[attr-defined]
            return member(name.split(":", 1)[1])  # type: ignore[call-arg]
        return member()

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.ispkg:
                importlib.import_module(f"{self.package}.{module.name}")
        for entry in entry_points(group=self.group):
            entry.load()
