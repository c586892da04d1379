"""Suites: datasets with what is trained, measured and judged on each. One TOML file each: data, not code.

`--suite` takes the names of those in this folder, and of those of other distributions: an entry point of the group
`gan_bench.suites` names a package, and the TOML files in its folder are suites. It also takes the path of a TOML file, which
ends in .toml, and `folder:PATH`, anybody's images. A name is always that of a suite here, where one has it: `mnist` is ours,
`./mnist.toml` a file. A distribution cannot take a name that is here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from gan_bench.core.errors import UserError
from gan_bench.core.own import is_python_file
from gan_bench.core.registry import suggest
from gan_bench.records import Model, TableRules
from gan_bench.records.files import UNKNOWN

FOLDER = Path(__file__).parent
GROUP = "gan_bench.suites"
ALL = "all"  # in place of a name: all that suit the dataset
IMAGES = "folder:"  # what a dataset of somebody's images is called, before its path
ARRAYS = (".npz", ".npy", ".pt")
GENERAL = ("lite0", "inception"), ("fd", "kid", "is", "pr")  # extractors and metrics that need nothing of a dataset
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Suite(Model):
    """One suite file.

    headline     the start of the metric name that ranks the suite's tables
    not_telling  starts of the names of metrics that put damaged images before real ones on these datasets; they are never bold
    n_fake       how many fakes its metrics are defined for; None: the preset's number
    """

    title: str
    datasets: Names
    variants: Names
    extractors: Names
    metrics: Names
    detectors: tuple[str, ...]
    headline: str
    not_telling: tuple[str, ...] = ()
    n_fake: int | None = Field(default=None, ge=2)

    @property
    def rules(self) -> TableRules:
        """How the tables of its datasets are read."""
        return TableRules(self.headline, self.not_telling)


def names() -> list[str]:
    """The names of all suites of this and of other distributions, sorted."""
    return sorted({*_here(), *_elsewhere()[0]})


def is_ours(name: str) -> bool:
    """Whether a suite is one of gan-bench, and not of somebody else."""
    return name in _here()


def is_folder(name: str) -> bool:
    """Whether it is anybody's images, with all that suits any images."""
    return name.startswith(IMAGES)


def load(name: str) -> Suite:
    """The suite of this name or in this file. Raises UserError at an unknown name, and at a suite file that is not valid."""
    if is_folder(name):
        return _of_images(name)
    if name.endswith(".toml"):
        return _of_user(Path(name))

    files = _elsewhere()[0] | _here()
    if name not in files:
        raise UserError(_hint(name) or suggest(name, files, "suite"))
    return _read(files[name])


def load_valid() -> tuple[dict[str, Suite], list[str]]:
    """All suites whose files are valid, by name, those of gan-bench first; and a sentence for each of the others."""
    elsewhere, refused = _elsewhere()
    valid: dict[str, Suite] = {}
    for name in [*sorted(_here()), *sorted(elsewhere)]:
        try:
            valid[name] = load(name)
        except UserError as error:
            refused.append(str(error))
    return valid, refused


def table_rules() -> dict[str, TableRules]:
    """dataset -> how its table is read; gan-bench's own rule where several suites have it."""
    valid, _ = load_valid()
    return {d: suite.rules for suite in reversed(valid.values()) for d in suite.datasets}


def of_datasets() -> dict[str, str]:
    """dataset -> the suite of gan-bench that has it."""
    return {dataset: name for name in sorted(_here()) for dataset in load(name).datasets}


def measures_of(dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The extractors and metrics of the dataset's suite, else those that suit any images."""
    valid, _ = load_valid()
    suite = next((suite for suite in valid.values() if dataset in suite.datasets), None)
    return GENERAL if suite is None else (suite.extractors, suite.metrics)


def _here() -> dict[str, Path]:
    return {file.stem: file for file in FOLDER.glob("*.toml")}


def _elsewhere() -> tuple[dict[str, Path], list[str]]:
    """The files of other distributions' suites by name; and a sentence for each that cannot be one."""
    found: dict[str, Path] = {}
    refused = []
    for entry in entry_points(group=GROUP):
        files = list(_files_of(entry.module))
        if not files:
            refused.append(f"entry point {entry.name!r} of {GROUP}: {entry.module} is no package with TOML files.")
        for file in files:
            other = (_here() | found).get(file.stem)
            if other is None:
                found[file.stem] = file
            else:
                refused.append(f"{file}: suite {file.stem!r} has the name of another, in {other}.")
    return found, refused


def _files_of(module: str) -> Iterator[Path]:
    """The TOML files in the folder of a package, which is not imported; none where it is no package."""
    try:
        spec = find_spec(module)
    except Exception:  # a package above it breaks in a way of its own
        return
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        yield from sorted(Path(folder).glob("*.toml"))


def _of_images(name: str) -> Suite:
    """What suits any images: the variants and detectors for photographs, ranked by an extractor that knows none of them."""
    if name == IMAGES:
        raise UserError(f"--suite {name} lacks a path behind the colon, such as {IMAGES}photos/.")
    changes = {
        "title": name.removeprefix(IMAGES), "datasets": (name,), "extractors": ("own-classifier", *GENERAL[0]),
        "headline": "fd_lite0", "not_telling": (),
    }  # fmt: skip
    return _read(_here()["cifar10"]).model_copy(update=changes)


def _of_user(file: Path) -> Suite:
    """A suite in somebody's file; the folders and Python files that it names are relative to its own."""
    if not file.is_file():
        raise UserError(f"--suite {file} is no file; give the path of a TOML file, or a name: {', '.join(names())}.")
    suite = _read(file)
    changes = {part: tuple(_below(file.parent, name) for name in getattr(suite, part)) for part in ("datasets", "variants")}
    return suite.model_copy(update=changes)


def _below(folder: Path, name: str) -> str:
    """The name of a dataset or a variant; what has a path, with it as it is from here."""
    if is_python_file(name):
        return str(folder / Path(name).expanduser())
    if not is_folder(name):
        return name
    given = name.removeprefix(IMAGES)
    return f"{IMAGES}{folder / Path(given).expanduser()}" if given else name


def place_of(name: str, text: str) -> str:
    """Where the file of a suite names something: "my.toml:3"; without the line where that is unknown, as of a suite's name."""
    if not name.endswith(".toml"):
        return name
    word = re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])")
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    found = [i for i, line in enumerate(lines, start=1) if word.search(line.partition("#")[0])]
    return f"{name}:{found[0]}" if found else name


def _read(file: Path) -> Suite:
    """Raises UserError at a file that is no suite."""
    try:
        return Suite.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{file}: not a TOML file ({error}).") from error
    except ValidationError as error:
        faults = error.errors()
        first = next((fault for fault in faults if fault["type"] == UNKNOWN), faults[0])  # a slip in a name explains the others
        attribute = ".".join(map(str, first["loc"]))
        place = place_of(str(file), str(first["loc"][0]))
        if first["type"] == UNKNOWN:
            raise UserError(f"{place}: {suggest(attribute, Suite.model_fields, 'attribute')}") from error
        raise UserError(f"{place}: suite {file.stem!r} has a wrong or no attribute `{attribute}` ({first['msg']}).") from error


def _hint(name: str) -> str | None:
    """What somebody meant who gives a path; None: it is none."""
    path = Path(name).expanduser()
    if path.is_dir() or path.suffix in ARRAYS:
        return f"--suite {name} is no suite; to train on the images there, give --suite {IMAGES}{name}."
    if path.with_name(f"{path.name}.toml").is_file():
        return f"--suite {name} is no suite that is known; for the file of that name, give --suite {name}.toml."
    return None
