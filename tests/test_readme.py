"""What README.md, CITATION.cff and the reference say is what the code says."""

from __future__ import annotations

import re
import runpy
from importlib import import_module

import pytest

import gan_bench
from tests import readme_tables
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", readme_tables.TABLES)
def test_a_table_is_current(name: str):
    """If not: python tests/readme_tables.py."""
    (found,) = [table for table in readme_tables.MARKED.finditer(README) if table["name"] == name]
    assert readme_tables.written(found[0]) == found[0]


def test_a_table_keeps_its_place_and_is_made_anew():
    text = "- a\n\n  <!-- table: budgets -->\n  old\n  <!-- end -->\n\nafter\n"
    made = readme_tables.written(text)
    assert made.startswith("- a\n\n  <!-- table: budgets -->\n  | preset |") and "old" not in made
    assert made.endswith("  <!-- end -->\n\nafter\n") and readme_tables.written(made) == made


def test_the_citation_has_the_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", text, re.MULTILINE) == [gan_bench.__version__]


def test_lists_of_names_become_bullets_in_the_reference():
    markdown = runpy.run_path(str(ROOT / "docs/build.py"))["markdown"]
    assert markdown("One.\n\n    a = b\n\nx     the first,\n      and more\ny, z  others") == (
        "One.\n\n    a = b\n\n- `x` the first, and more\n- `y, z` others"
    )


def test_the_reference_has_what_callers_and_authors_use():
    pages = [import_module(name) for name in runpy.run_path(str(ROOT / "docs/build.py"))["PAGES"]]
    found = {name: thing for page in pages for name, thing in vars(page).items()}
    found |= {name: getattr(gan_bench, name) for name in gan_bench.__all__}
    bases = {"Variant", "Metric", "PixelMetric", "Detector", "Dataset", "Extractor", "Corruption"}
    wanted = bases | {"UserError", "make_baseline", "write_baseline"} | set(gan_bench.__all__) - {"__version__"}
    assert [name for name in wanted if not (found[name].__doc__ or "").strip()] == []
