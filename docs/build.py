"""The reference of what Python callers and authors of new members use, as static pages:  python docs/build.py [FOLDER]

pdoc makes the pages from the docstrings; it needs `pip install 'gan-bench[docs]'` and no network. FOLDER is site/ by default.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import gan_bench
from gan_bench.core.docstrings import blocks

TEMPLATES = Path(__file__).parent / "templates"
PAGES = (
    "gan_bench", "gan_bench.gate.baseline", "gan_bench.gate.plugin", "gan_bench.generators.base",
    "gan_bench.generators.adversarial", "gan_bench.generators.settings", "gan_bench.generators.blocks",
    "gan_bench.metrics.base", "gan_bench.detectors.base", "gan_bench.detectors.corruptions.base", "gan_bench.datasets.base",
    "gan_bench.features.base", "gan_bench.core.errors",
)  # fmt: skip


def markdown(docstring: str) -> str:
    """A docstring of this project as Markdown: its lists of names and meanings become bullets."""
    parts = []
    for block in blocks(docstring):
        if isinstance(block, str):
            parts.append(block)
        else:
            parts.append("\n".join(f"- `{name}` {meaning}" for name, meaning in block.items()))
    return "\n\n".join(parts)


def build(folder: Path) -> None:
    """Write all pages into a folder."""
    import pdoc

    for name in gan_bench.__all__:  # pdoc looks for what is there, and these are loaded at their first use
        setattr(gan_bench, name, getattr(gan_bench, name))
    pdoc.docstrings.convert = cache(lambda docstring, docformat, source_file: markdown(docstring))
    pdoc.render.configure(template_directory=TEMPLATES, footer_text=f"gan-bench {gan_bench.__version__}")
    pdoc.pdoc(*PAGES, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
