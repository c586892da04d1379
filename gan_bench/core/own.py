"""A user's own Python file: imported from where it lies, or again from its text alone, as a record keeps it.

The modules beside the file that it imports are part of it: a GAN may be spread over several files. What else it reads is not.
Code that came with somebody's run folder is executed only after the user of this machine has agreed to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from gan_bench.core import cache
from gan_bench.core.errors import UserError, shown
from gan_bench.core.files import cache_folder
from gan_bench.core.sealed import write_sealed

TRUST = "GAN_BENCH_TRUST"  # digests of code that may run here, or their first digits, comma-separated
FEWEST_DIGITS = 12
_beside: set[str] = set()  # names of the modules that were imported from beside a user's file


class Fault(ValueError):
    """Something wrong in a user's own code. A run goes on with the next cell.

    place  where in their file, such as "my_gan.py:12"; "": whoever tells it knows
    """

    def __init__(self, text: str, place: str = "") -> None:
        super().__init__(f"{place}: {text}" if place else text)
        self.text, self.place = text, place


def is_python_file(text: str) -> bool:
    """Whether a text such as "my_gan.py" or "my_gan.py:MyGAN" names a file, and not a member of a registry."""
    return text.endswith(".py") or ".py:" in text


def split_name(text: str) -> tuple[Path, str]:
    """ "my_gan.py:MyGAN" -> the file and the name in it; "": there is none."""
    file, colon, name = text.rpartition(":")
    return (Path(file), name) if colon and file.endswith(".py") else (Path(text), "")


class Texts(MetaPathFinder, InspectLoader):
    """Imports modules from texts.

    texts   path of a module, such as "my_gan.py" or "layers/norm.py" -> its text
    folder  where modules are read from that are not among the texts, and then are; None: there are no others
    prefix  what messages put before a path
    """

    def __init__(self, texts: dict[str, str], folder: Path | None = None, prefix: Path = Path()) -> None:
        self.texts, self.folder, self.prefix = texts, folder, prefix
        self._paths: dict[str, str] = {}  # name of a module that was found -> its path

    def load(self, path: str) -> ModuleType:
        """Import the file at this path, and from its folder what it imports. Raises whatever the file raises."""
        for name in _beside:  # those of another file make room
            sys.modules.pop(name, None)
        _beside.clear()

        text = self._text(path)
        if text is None:
            raise UserError(f"{self.prefix / path} does not exist.")
        name = f"own_{sha256(text.encode()).hexdigest()[:8]}"  # no name that a module elsewhere has
        module = module_from_spec(self._spec(name, path))
        sys.modules[name] = module  # dataclasses look their module up
        with self._finding():
            self.exec_module(module)
        return module

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """How to import this module; None: it is not one of these."""
        parent, _, _ = fullname.rpartition(".")
        if parent and parent not in self._paths:
            return None

        base = fullname.replace(".", "/")
        for file, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            if self._text(file) is not None:
                _beside.add(fullname)
                return self._spec(fullname, file, is_package)

        elsewhere = PathFinder.find_spec(fullname, path)
        if not self._is_folder(base) or (elsewhere is not None and elsewhere.loader is not None):
            return None
        _beside.add(fullname)
        return self._spec(fullname, base, is_package=True)  # a folder without __init__.py

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's code. What it prints, also later, goes to stderr: stdout carries results."""
        module.__dict__["print"] = _print_aside
        super().exec_module(module)

    def get_source(self, fullname: str) -> str:
        """The text of a module that was found; "" of a folder without __init__.py."""
        return self.texts.get(self._paths[fullname], "")

    def get_code(self, fullname: str) -> CodeType:
        """The code of a module that was found. Raises SyntaxError."""
        return compile(self.get_source(fullname).encode(), str(self.prefix / self._paths[fullname]), "exec", dont_inherit=True)

    def _spec(self, name: str, path: str, is_package: bool = False) -> ModuleSpec:
        self._paths[name] = path
        spec = ModuleSpec(name, self, origin=str(self.prefix / path), is_package=is_package)
        spec.has_location = True  # so that the module has a __file__
        return spec

    def _text(self, path: str) -> str | None:
        if path not in self.texts and self.folder is not None and (self.folder / path).is_file():
            try:
                self.texts[path] = (self.folder / path).read_bytes().decode()
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(f"{self.prefix / path} cannot be read as UTF-8 text ({error}).") from error
        return self.texts.get(path)

    def _is_folder(self, path: str) -> bool:
        return any(known.startswith(f"{path}/") for known in self.texts) or (
            self.folder is not None and (self.folder / path).is_dir()
        )

    @contextmanager
    def _finding(self) -> Iterator[None]:
        sys.meta_path.insert(0, self)  # as `python my_gan.py` would have it
        try:
            yield
        finally:
            sys.meta_path.remove(self)


def _print_aside(*values: Any, **options: Any) -> None:
    print(*values, **{"file": sys.stderr, **options})  # noqa: T201  # in place of the print of a user's file


def is_own(module: str) -> bool:
    """Whether the module of this name is a user's file, or lies beside one."""
    return isinstance(getattr(sys.modules.get(module), "__loader__", None), Texts)


def told(error: BaseException, place: str = "") -> str:
    """An error as one line, which begins with the last line of a user's file that led to it, such as "my_gan.py:12: ".

    place  what it begins with where none did
    """
    where = _line_of(error) or place
    return f"{where}: {_text_of(error)}" if where else _text_of(error)


def _line_of(error: BaseException) -> str:
    """The last line of a user's file that led to an error; "": none did."""
    if isinstance(error, Fault):
        return error.place
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"

    place, trace = "", error.__traceback__
    while trace is not None:
        if isinstance(trace.tb_frame.f_globals.get("__loader__"), Texts):
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _text_of(error: BaseException) -> str:
    if isinstance(error, Fault):
        return error.text
    text = f"{type(error).__name__}: {error.msg}" if isinstance(error, SyntaxError) else shown(error)
    return " ".join(text.split())


@contextmanager
def located(place: str) -> Iterator[None]:
    """The context in which whatever a user's code raises becomes a Fault with file and line; `place` as for `told`."""
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a script without a __main__ guard may well exit
        raise Fault(_text_of(error), _line_of(error) or place) from error


@contextmanager
def blamed(place: str) -> Iterator[None]:
    """The same, but it becomes a UserError: the user should change the file before anything starts."""
    try:
        with located(place):
            yield
    except Fault as fault:
        raise UserError(f"{str(fault).rstrip('.')}.") from fault


def place_of(function: Any, default: str) -> str:
    """Where a function of a user's file begins, such as "my_gan.py:12"; `default` where it is of another file."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    is_own = isinstance(getattr(function, "__globals__", {}).get("__loader__"), Texts)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None and is_own else default


def trust(digest: str, note: str) -> None:
    """Remember that the user of this machine named the code with this digest; `note` is for whoever reads the cache.

    Where the cache cannot be written, this process and its workers alone remember it.
    """
    mark = _mark(digest)
    is_kept = cache.keep(mark, lambda path: write_sealed(path, os.fsencode(f"{note}\n")))
    if not is_kept and not is_trusted(digest):
        os.environ[TRUST] = ",".join(filter(None, (os.environ.get(TRUST), digest)))


def is_trusted(digest: str) -> bool:
    """Whether code with this digest may be executed: the user named its file here before, or allows it by TRUST."""
    allowed = [part.strip() for part in os.environ.get(TRUST, "").split(",")]
    if any(len(part) >= FEWEST_DIGITS and digest.startswith(part) for part in allowed):
        return True
    return cache.read(_mark(digest), cache.sealed_or_older, "it no longer counts") is not None


def _mark(digest: str) -> Path:
    return cache_folder() / "own" / digest
