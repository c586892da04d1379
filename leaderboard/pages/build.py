"""Results -> the folder of pages: everything in it, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from gan_bench.core.progress import bar
from gan_bench.leaderboard.badges import entry_badge, track_badge
from gan_bench.leaderboard.board import Board, board_of
from gan_bench.leaderboard.charts import ChartStore, looks
from gan_bench.leaderboard.charts.base import Look
from gan_bench.leaderboard.charts.palette import VARIABLES
from gan_bench.leaderboard.pages.compare import compare_page
from gan_bench.leaderboard.pages.detector import detector_page
from gan_bench.leaderboard.pages.detectors import detectors_page
from gan_bench.leaderboard.pages.entry import entry_page
from gan_bench.leaderboard.pages.folder import PagesFolder
from gan_bench.leaderboard.pages.front import front_page
from gan_bench.leaderboard.pages.glossary import glossary_page
from gan_bench.leaderboard.pages.made_of import digest_of
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.pages.theme import THEME, variables
from gan_bench.leaderboard.pages.track import track_page
from gan_bench.leaderboard.verified import states
from gan_bench.records import Result, TableRules

ASSETS = ("theme.js", "board.js", "compare.js")
VENDORED = {"dataTables.min.js": "dataTables.min.js", "LICENSE.txt": "dataTables.LICENSE.txt"}


def build(
    results: Sequence[Result],
    out: Path,
    rules: Mapping[str, TableRules] | None = None,
    problems: Sequence[str] = (),
    suites: Mapping[str, str] | None = None,
) -> Board:
    """Write the leaderboard of `results` below `out`; returns the same content as data.

    rules     dataset -> how its table is read, such as {"cifar10": TableRules("fd_lite0@64")}; without them the headline is
              the best known distance (see `rank.choose_headline`), and no metric is marked
    problems  sentences about what could not be read; the front page shows them
    suites    dataset -> the suite that trains on it, for the commands that make a record again
    """
    board = board_of(results, rules or {})
    folder = PagesFolder(out)
    made_of = digest_of(results, rules or {}, problems, suites or {})
    if folder.holds(made_of):
        return board

    names = [Names(s) for s in board.standings]
    store = ChartStore(out / "charts")
    site = Site(folder, board, store, _look(board), states(results), names, dict(suites or {}), problems)

    with bar("leaderboard: pages", total=len(names) + 1) as advance:
        for track in names:
            _track(site, track)
            advance(1)
        _write_data(site)
        _write_assets(folder)
        glossary_page(site)
        front_page(site)  # last, so that it names every problem, and everything that it links to exists
        advance(1)

    folder.finish(made_of)
    store.tidy()
    return board


def _look(board: Board) -> Look:
    """One colour and one mark for each entry, and for each detector, in every chart."""
    entries = [row.label for s in board.standings for row in s.rows if row.kind in ("variant", "external")]
    detectors = [entry.label for s in board.standings for entry in s.judges]
    return {**looks(detectors), **looks(entries)}


def _track(site: Site, names: Names) -> None:
    """All pages of one track."""
    for row in names.s.rows:
        entry_page(site, names, row)
        site.folder.write(names.entry_file(row.label, "badge.svg"), entry_badge(row, names.s))
    for label in names.detectors:
        detector_page(site, names, label)

    track_page(site, names)
    site.folder.write(f"{names.folder}/badge.svg", track_badge(names.s))
    if names.s.judges or names.s.attacks:
        detectors_page(site, names)
    if len(names.s.rows) > 1:
        compare_page(site, names)


def _write_data(site: Site) -> None:
    """The same content for spreadsheets, programs and pasting."""
    site.folder.write("leaderboard.md", site.board.markdown())
    site.folder.write("leaderboard.csv", site.board.csv())
    site.folder.write("leaderboard.json", site.board.json())


def _write_assets(folder: PagesFolder) -> None:
    package = resources.files("gan_bench.leaderboard")
    for name in ASSETS:
        folder.keep(f"assets/{name}", (package / "assets" / name).read_bytes())
    for source, name in VENDORED.items():
        folder.keep(f"assets/{name}", (package / "vendor" / "datatables" / source).read_bytes())
    style = (package / "assets" / "style.css").read_text(encoding="utf-8")
    folder.write("assets/style.css", variables(THEME | VARIABLES) + style)
