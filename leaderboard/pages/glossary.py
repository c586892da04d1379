"""The page of words: what each number means, and when it misleads."""

from __future__ import annotations

from gan_bench.leaderboard.glossary import SECTIONS
from gan_bench.leaderboard.pages.site import Site


def glossary_page(site: Site) -> None:
    """Write it."""
    nav = [("Overview", "index.html", False)]
    site.write("glossary.html", "glossary.html.j2", "Glossary: gan-bench", nav, page="glossary", sections=SECTIONS)
