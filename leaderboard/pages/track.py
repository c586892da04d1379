"""The page of a track: the table of its generators, what the numbers show, what is dropped, and samples."""

from __future__ import annotations

from typing import Any, NamedTuple

from gan_bench.leaderboard.cells import FLATTERED
from gan_bench.leaderboard.charts import Charts
from gan_bench.leaderboard.charts.track import compute_charts, detectability_charts, faithful_charts, headline_charts
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.notes import generator_notes
from gan_bench.leaderboard.pages.classes import class_counts, doubt_of
from gan_bench.leaderboard.pages.folder import ShownPicture
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site, track_nav
from gan_bench.leaderboard.provenance import provenance_notes
from gan_bench.leaderboard.rows import Row, by_task, headline_words, task_words
from gan_bench.leaderboard.short import verdict
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import generator_table
from gan_bench.records import TASKS

MANY_CARDS = 60  # entries with pictures on the page of a track


class RowPlace(NamedTuple):
    """Where a row of the table belongs: reference rows stay apart from the variants of each task.

    group  rows sort within it
    pick   its name on the page that compares; "": it cannot be picked
    """

    group: int
    task: str
    link: str
    pick: str
    id: str


def track_page(site: Site, names: Names) -> None:
    """Write it."""
    s = names.s
    tasks = [task_words(task) for task in by_task(s.rows)]
    drawn = class_counts(site, s)
    site.write(
        f"{names.folder}/index.html", "track.html.j2", names.window(), track_nav(names, "Generators"),
        track=s.track,
        verdicts=[(task_words(task), verdict(rows)) for task, rows in by_task(s.rows).items()],
        warnings=_warnings(s),
        table=generator_table(s),
        rows=[_place(names, row) for row in s.rows],
        tasks=tasks,
        n_variants=len(s.rows),
        key=_key(s),
        notes=generator_notes(s),
        charts=_charts(site, s),
        classes=drawn,
        classes_doubt=doubt_of(s),
        entry_links={label: f"entries/{name}.html" for label, name in names.entries.items()},
        cards=_cards(site, names),
        n_more=max(0, len(s.rows) - MANY_CARDS),
    )  # fmt: skip


def _place(names: Names, row: Row) -> RowPlace:
    group = TASKS.index(row.task) if row.task in TASKS else len(TASKS) + (row.kind == "reference")
    name = names.entries[row.label]
    task = task_words(row.task) if row.task else row.kind
    return RowPlace(group, task, f"entries/{name}.html", name, f"row-{name}")


def _warnings(s: Standings) -> list[str]:
    """What a reader must know before the table."""
    variants = [row for row in s.rows if row.kind == "variant"]
    if not s.rows:
        return ["There are no generators here, only detectors."]
    if not variants:
        return ["Nothing was trained here: these are rows to compare with."]
    if not any(row.n_done for row in variants):
        return ["No training ended well here. The column Status says why; the same `gan-bench run` command tries again."]
    return provenance_notes(entry for row in s.rows for entry in row.entries)


def _key(s: Standings) -> list[tuple[str, str]]:
    """The marks of the table, and what they mean."""
    key = []
    if any(row.ranks for row in s.rows):
        key.append(("Bold:", "may be the best of its task, as far as the seeds tell."))
    if sum(row.kind == "variant" for row in s.rows) > 1:
        key.append(("Underlined:", "the best mean of its task, certain or not."))
    if any(row.trained_against(c) and row.of(c).value is not None for row in s.rows for c in s.columns):
        key.append((FLATTERED, "its loss uses the network behind this number, which flatters it."))
    if any(row.of(row.headline).low is not None for row in s.rows):
        key.append(("[low, high]:", "a 95 % interval."))
    return key


def _charts(site: Site, s: Standings) -> list[Charts]:
    same = [
        other
        for other in site.board.standings
        if (other.track.dataset, other.track.benchmark_version) == (s.track.dataset, s.track.benchmark_version)
    ]
    found = (
        headline_charts(s, site.look),
        faithful_charts(s, site.look),
        detectability_charts(s, site.look),
        compute_charts(same, site.look),
    )
    return [charts for charts in found if charts is not None]


def _cards(site: Site, names: Names) -> list[dict[str, Any]]:
    """The sample pictures: the real images, then the entries in the order of the table."""
    cards = []
    for row in sorted(names.s.rows, key=lambda row: (row.kind, row.entries[0].name) != ("reference", "real"))[:MANY_CARDS]:
        picture = kept_picture(site, names, row, "samples")
        if picture is not None:
            title = getattr(row.entries[0].record, "title", "")
            cards.append(
                {
                    "picture": picture,
                    "label": row.label,
                    "title": title,
                    "value": _caption(row),
                    "page": names.entry_page(row.label),
                }
            )
    return cards


def kept_picture(site: Site, names: Names, row: Row, what: str) -> ShownPicture | None:
    """A picture of the first seed of an entry that has it, finished ones first, copied into the folder of pages; or None."""
    sources = [entry.files[what] for entry in finished_first(row) if what in entry.files]
    return site.folder.picture(sources[0] if sources else None, names.entry_file(row.label, f"{what}.png"))


def finished_first(row: Row) -> list[Entry]:
    """Its records by seed, those that ended well before the others."""
    return sorted(row.entries, key=lambda entry: entry.status != "done")


def _caption(row: Row) -> str:
    number = headline_words(row)
    if not number:
        return "" if row.status == "done" else row.status
    return number + FLATTERED if row.trained_against(row.headline) else number
