"""The tables of README.md that the registries give:  python tests/readme_tables.py

Each stands between `<!-- table: NAME -->` and `<!-- end -->`, indented as the first of these is. The command writes all of them
anew; `tests/test_readme.py` asserts that they are current.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from gan_bench.budget import PRESETS
from gan_bench.cli.members import STARTS_FROM
from gan_bench.core.docstrings import first_sentence
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS
from gan_bench.features import EXTRACTORS
from gan_bench.generators import VARIANTS
from gan_bench.metrics import METRICS

README = Path(__file__).parent.parent / "README.md"
MARKED = re.compile(r"^(?P<indent> *)<!-- table: (?P<name>\w+) -->\n.*?^ *<!-- end -->\n", re.DOTALL | re.MULTILINE)
Row = tuple[str, ...]


def variants() -> Iterator[Row]:
    """What each is, after whom, and what its generator starts from."""
    yield "variant", "what", "paper", "starts from"
    for name in VARIANTS.names():
        found = VARIANTS.attributes(name)
        source = STARTS_FROM[found["task"]] + (" and a class" if found["conditional"] else "")
        yield f"`{name}`", first_sentence(VARIANTS.docstrings(name)[1]), found["paper"], source


def datasets() -> Iterator[Row]:
    """What each shows, and where it is taken from; those that share a file share a row."""
    yield "dataset", "what", "source"
    rows: dict[Row, list[str]] = {}
    for name in DATASETS.names():
        what = _unnamed(first_sentence(DATASETS.docstrings(name)[0]))
        rows.setdefault((what, _sources(name)), []).append(name)
    for row, names in rows.items():
        yield ", ".join(f"`{name}PATH`" if name.endswith(":") else f"`{name}`" for name in names), *row


def _unnamed(sentence: str) -> str:
    """ "`raw`: pixel values" -> "pixel values"."""
    return re.sub(r"^`[^`]*`: ", "", sentence)


def _sources(name: str) -> str:
    if name.endswith(":"):
        return "yours"
    found = DATASETS.attributes(name)
    if not found["digests"]:
        return f"made of `{found['made_of']}`" if found["made_of"] else "made"
    return "; then ".join(source.name for source in DATASETS.get(name).sources)  # type: ignore[attr-defined]


def extractors() -> Iterator[Row]:
    """What each gives."""
    yield "extractor", "features", "classes of"
    for name in EXTRACTORS.names():
        what = _unnamed(first_sentence(EXTRACTORS.docstrings(name)[0]))
        yield f"`{name}`", what, EXTRACTORS.attributes(name)["classifies"] or ""


def metrics() -> Iterator[Row]:
    """The numbers of each, with their directions."""
    yield "metric", "what", "numbers, ↑ better when higher, ↓ when lower", "paper"
    for name in METRICS.names():
        found = METRICS.attributes(name)
        numbers = [f"`{number}` {'↑' if up else '↓'}" for number, up in found["outputs"].items()]
        yield f"`{name}`", found["title"], ", ".join(numbers), found["paper"]


def detectors() -> Iterator[Row]:
    """How each tells fakes from reals."""
    yield "detector", "how", "attacked by gradients"
    for name in DETECTORS.names():
        found = DETECTORS.attributes(name)
        label = f"`{name}NAME`" if found["default"] else f"`{name}`"
        yield label, found["method"], "yes" if found["differentiable"] else "no"


def budgets() -> Iterator[Row]:
    """The presets and their sizes."""
    yield "preset", "TFLOP a cell", "for", "fakes against reals"
    for preset in PRESETS.values():
        yield f"`{preset.name}`", f"{preset.budget.tflop:,g}", preset.title, f"{preset.n_fake:,} / {preset.n_real:,}"


TABLES: dict[str, Callable[[], Iterator[Row]]] = {
    "variants": variants, "datasets": datasets, "extractors": extractors, "metrics": metrics, "detectors": detectors,
    "budgets": budgets,
}  # fmt: skip


def written(text: str) -> str:
    """The README with all of its tables made anew."""
    return MARKED.sub(lambda found: _table(found["name"], found["indent"]), text)


def _table(name: str, indent: str) -> str:
    header, *rows = TABLES[name]()
    lines = [f"<!-- table: {name} -->", _line(header), "|---" * len(header) + "|", *map(_line, rows), "<!-- end -->"]
    return "".join(f"{indent}{line}\n" for line in lines)


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Write the tables; says whether anything changed."""
    before = README.read_text(encoding="utf-8")
    after = written(before)
    README.write_text(after, encoding="utf-8")
    sys.stdout.write("the tables were current\n" if after == before else "the tables were written anew\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
