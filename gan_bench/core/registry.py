"""One registry for everything that has a name: variants, datasets, extractors, metrics, detectors.

A family finds its members by reading the source files of its own package, without importing them: a name is looked up, and a
family is listed, before torch is loaded. A member's module is imported when the member is used. The contract of its family
is checked then, and a member that breaks it is refused in one sentence that names the file and the attribute.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar

from gan_bench.core.contract import Attribute, ContractBroken, Missing
from gan_bench.core.declarations import Declaration, NotLiteral, declarations
from gan_bench.core.errors import UserError, quoted, shown
from gan_bench.core.own import is_own

T = TypeVar("T")
LONGEST = 200  # characters of a name that are compared with known ones
Rule = Callable[[type[Any]], str | None]  # a member -> what is wrong with it, as the rest of a sentence; None: nothing


def suggest(name: str, known: Iterable[str], kind: str) -> str:
    """The sentence for an unknown name: the nearest known one, and all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name[:LONGEST], known, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"unknown {kind} {quoted(name)}{hint} Known: {', '.join(known)}."


class Registry(Generic[T]):
    """Classes by name. A module of `package` registers its own with the decorator `register`.

    A member has a class attribute `name`. A name that ends in ":" takes an argument, as in `folder:PATH`.
    Other distributions add members through the entry-point group `group`, one entry for each module.

    contract  the attributes that every member must have
    rule      what must hold besides, such as between two attributes
    """

    def __init__(
        self, kind: str, package: str, group: str, contract: tuple[Attribute, ...] = (), rule: Rule | None = None
    ) -> None:
        self.kind, self.package, self.group = kind, package, group
        self.contract, self.rule = contract, rule
        self._members: dict[str, type[T]] = {}  # by name: those whose modules were imported
        self._declared: dict[str, Declaration] = {}  # by name: those whose sources were read
        self._unread: list[tuple[str, Path | None]] = []  # modules whose source does not tell the names in them
        self._refused: list[str] = []
        self._discovered = False

    def register(self, member: type[T]) -> type[T]:
        """Class decorator. Raises ContractBroken, a UserError, at a member that breaks the contract or takes a known name.

        A class in a user's own file, which is no part of the family, is returned as it is.
        """
        if is_own(member.__module__):
            return member
        self._check(member)
        name: str = member.name  # type: ignore[attr-defined]
        if name in self._members:
            raise _refusal(member, self.kind, f"has the name of another, in {_file_of(self._members[name])}")
        self._members[name] = member
        return member

    def names(self) -> list[str]:
        """All names, sorted."""
        self._discover()
        self._import_unread()
        return sorted({*self._members, *self._declared})

    def complete_names(self) -> list[str]:
        """The names that take no argument, sorted."""
        return [name for name in self.names() if not name.endswith(":")]

    def check(self, name: str) -> None:
        """Raises UserError, with the nearest name, where no member has this name. Imports no member."""
        self._key(name)

    def get(self, name: str) -> type[T]:
        """The class called `name`; an argument after ":" is ignored. Raises UserError at an unknown name or a bad member."""
        return self._load(self._key(name))

    def create(self, name: str, **options: Any) -> T:
        """A new object of the class called `name`, given its argument where the name carries one, and the options."""
        member = self.get(name)
        arguments = [name.split(":", 1)[1]] if member.name.endswith(":") else []  # type: ignore[attr-defined]
        return member(*arguments, **options)

    def describe(self) -> tuple[list[dict[str, Any]], list[str]]:
        """The name and the contract's attributes of each member; and a sentence for each member that is refused.

        A member that states its attributes as literals is not imported.
        """
        found, refused = [], []
        for name in self.names():
            try:
                found.append({"name": name, **self.attributes(name)})
            except UserError as error:
                refused.append(str(error))
        return found, [*self._refused, *refused]

    def docstrings(self, name: str) -> tuple[str, str]:
        """The docstrings of a member's file and of its class, "" where there is none; `name` is one of `names`.

        A member whose source was read is not imported. Raises UserError at a bad member.
        """
        if name in self._declared:
            return self._declared[name].docstrings
        member = self._load(name)
        return inspect.getdoc(sys.modules[member.__module__]) or "", inspect.cleandoc(member.__doc__ or "")

    def attributes(self, name: str) -> dict[str, Any]:
        """The contract's attributes of a member, from its source where that states them. Raises UserError at a bad member.

        What only running its source would tell is `NotLiteral`, where `gan-bench list` does not show it.
        """
        stated = {} if name in self._members else self._declared[name].attributes
        absent = any(a.name not in stated and a.default is Missing for a in self.contract)
        if name in self._members or absent or self._declared[name].fault is not None:
            return self._attributes_of_class(name)

        found = {attribute.name: stated.get(attribute.name, attribute.default) for attribute in self.contract}
        takes_argument = name.endswith(":")  # what its source does not state, each object will
        if any(found[a.name] is NotLiteral for a in self.contract if a.listed) and not takes_argument:
            return self._attributes_of_class(name)

        faults = (a.fault(found[a.name]) for a in self.contract if found[a.name] is not NotLiteral)
        fault = next((fault for fault in faults if fault is not None), None)
        if fault is not None:
            raise ContractBroken(f"{self._declared[name].file}: {self.kind} {name!r} {fault}.")
        return found

    def _attributes_of_class(self, name: str) -> dict[str, Any]:
        member = self._load(name)
        found = {attribute.name: getattr(member, attribute.name, attribute.default) for attribute in self.contract}
        return {key: NotLiteral if isinstance(value, property | cached_property) else value for key, value in found.items()}

    def _key(self, name: str) -> str:
        """The name as it was registered, without its argument. Raises UserError where no member has it."""
        head, colon, argument = name.partition(":")
        key = head + colon
        self._discover()
        if key not in self._members and key not in self._declared:
            self._import_unread()
        if key not in self._members and key not in self._declared:
            raise UserError(suggest(name, self.names(), self.kind))
        if colon and not argument:
            example = self.attributes(key).get("default")
            hint = f", as in {name}{example}." if example else f"; `gan-bench show {name}` tells what does."
            raise UserError(f"{self.kind} {name!r} lacks what belongs behind the colon{hint}")
        return key

    def fault_of(self, member: type[Any]) -> str | None:
        """How a class breaks the contract, as the rest of a sentence; None: it does not."""
        if not isinstance(member.__dict__.get("name"), str) or not member.__dict__["name"]:
            return "has no attribute `name`, which must be a text"

        faults = [a.fault(getattr(member, a.name, a.default)) for a in self.contract]
        if inspect.isabstract(member):
            faults.append(f"does not define {', '.join(f'`{name}`' for name in sorted(member.__abstractmethods__))}")
        if self.rule is not None and not any(faults):
            faults.append(self.rule(member))
        return next((fault for fault in faults if fault is not None), None)

    def _check(self, member: type[Any]) -> None:
        """Raises ContractBroken."""
        fault = self.fault_of(member)
        if fault is not None:
            raise _refusal(member, self.kind, fault)

    def _discover(self) -> None:
        """Read the sources of all modules that may register members."""
        if self._discovered:
            return
        self._discovered = True

        for folder in importlib.import_module(self.package).__path__:
            for info in pkgutil.iter_modules([folder]):
                if not info.ispkg:
                    self._read(f"{self.package}.{info.name}", Path(folder) / f"{info.name}.py")
        for entry in entry_points(group=self.group):
            self._read(entry.module, _source_of(entry.module), registers=True)

    def _read(self, module: str, file: Path | None, registers: bool = False) -> None:
        """Note what a module declares. `registers`: it is known to register something."""
        stated = None if file is None else declarations(module, file, f"{self.kind.upper()}S.register")
        if stated is None or (registers and not stated):
            self._unread.append((module, file))

        for declaration in stated or []:
            other = self._declared.get(declaration.name)
            fault = None if other is None else f"{other.file} and {declaration.file}"
            self._declared[declaration.name] = replace(declaration, fault=fault)

    def _load(self, key: str) -> type[T]:
        """The class that was registered, or is declared, under this key. Raises UserError where its module refuses it."""
        if key not in self._members:
            declared = self._declared[key]
            if declared.fault is not None:
                raise ContractBroken(f"two {self.kind}s are called {key!r}: in {declared.fault}.")
            _import_module(declared.module, declared.file)
            if key not in self._members:
                raise ContractBroken(f"{declared.file}: {self.kind} {key!r} was not registered.")
        return self._members[key]

    def _import_unread(self) -> None:
        """Import the modules whose source does not tell the names in them; keep a sentence for each that is refused."""
        while self._unread:
            try:
                _import_module(*self._unread.pop())
            except UserError as error:
                self._refused.append(str(error))


def _source_of(module: str) -> Path | None:
    """The file of a module, which is not imported, though the packages above it are."""
    try:
        spec = find_spec(module)
    except Exception:  # a package above it breaks in a way of its own; importing the module will say how
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _import_module(module: str, file: Path | None) -> None:
    """Raises UserError, naming the file, whatever goes wrong in it."""
    try:
        importlib.import_module(module)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{file or module} cannot be imported ({shown(error)}).") from error


def _refusal(member: type[Any], kind: str, fault: str) -> ContractBroken:
    name = getattr(member, "name", None) or member.__name__
    return ContractBroken(f"{_file_of(member)}: {kind} {name!r} {fault}.")


def _file_of(member: type[Any]) -> str:
    module = sys.modules.get(member.__module__)
    return getattr(module, "__file__", None) or member.__module__
