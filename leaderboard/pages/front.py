"""The first page: what the board compares, who leads each track and how certain that is, how to read it and to add to it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from gan_bench.leaderboard.charts import card
from gan_bench.leaderboard.charts.profile import profile_charts
from gan_bench.leaderboard.detector_tables import damaged
from gan_bench.leaderboard.guide import OWN, READING
from gan_bench.leaderboard.pages.classes import class_counts
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.pages.track import kept_picture
from gan_bench.leaderboard.rows import Row, by_task, headline_words, task_words
from gan_bench.leaderboard.short import failures, verdict
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import PROFILE_NOTE, profile_table

LEADERS = 3  # shown of each task


def front_page(site: Site) -> None:
    """Write it, and the picture that other sites show of it."""
    entries = [entry for names in site.names for entry in names.s.entries]
    machines = Counter(entry.record.environment.model_dump_json() for entry in entries)
    facts = _facts(site)
    profiles = [
        {"heading": p.heading, "table": profile_table(p), "charts": profile_charts(p, site.look)} for p in site.board.profiles
    ]
    lines = [_line(names.s) for names in site.names]
    card.social_picture("gan-bench leaderboard", lines, site.folder.claim("picture.png"))
    site.write(
        "index.html", "front.html.j2", "gan-bench leaderboard", [("Overview", "index.html", True)],
        summary=f"{', '.join(facts)}. {'; '.join(lines[:3])}.",
        facts=facts,
        problems=[*site.problems, *site.folder.problems] + [f"{text}." for names in site.names for text in failures(names.s)],
        tracks=[_track(site, names) for names in site.names],
        profiles=profiles,
        profile_note=PROFILE_NOTE,
        reading=READING,
        own=OWN,
        verified=site.board.verified,
        machines=[(json.loads(text), n) for text, n in sorted(machines.items())],
    )  # fmt: skip


def _line(s: Standings) -> str:
    """Who is ahead in a track, in its first task, in a few words."""
    where, rows = f"{s.track.dataset} {s.track.preset}", next(iter(by_task(s.rows).values()), [])
    number = headline_words(rows[0]) if rows else ""
    if not number:
        return f"{where}: nothing is ranked"

    first = [row.label for row in rows if row.ranks and row.ranks[0] == 1]
    if not first:
        return f"{where}: {rows[0].label}, {number}, one seed"
    return f"{where}: {first[0]} wins, {number}" if len(first) == 1 else f"{where}: {' or '.join(first)}"


def verdicts(s: Standings) -> list[tuple[str, str]]:
    """Each task in words, and who is its first and whether that is certain."""
    return [(task_words(task), verdict(rows)) for task, rows in by_task(s.rows).items()]


def _facts(site: Site) -> list[str]:
    tracks = [names.track for names in site.names]
    variants = {row.entries[0].name for names in site.names for row in names.s.rows if row.kind == "variant"}
    counts = {
        "dataset": len({track.dataset for track in tracks}), "variant": len(variants),
        "detector": len({entry.name for names in site.names for entry in names.s.judges}),
        "record": sum(len(names.s.entries) for names in site.names),
    }  # fmt: skip
    rules = sorted({track.benchmark_version for track in tracks})
    return [*(f"rules {version}" for version in rules), *(f"{n} {word}{'s' * (n != 1)}" for word, n in counts.items())]


def _track(site: Site, names: Names) -> dict[str, Any]:
    """What the card of one track shows."""
    s = names.s
    leaders = [
        _leader(site, names, row)
        for rows in by_task(s.rows).values()
        for row in rows[: LEADERS if len(by_task(s.rows)) == 1 else 1]
    ]
    return {
        "folder": names.folder, "dataset": s.track.dataset, "preset": s.track.preset, "rules": s.track.benchmark_version,
        "verdicts": verdicts(s) or [("", "Nothing is ranked here: there is no trained variant.")],
        "leaders": leaders,
        "n_entries": len(s.rows),
        "n_detectors": len(names.detectors),
        "robust": bool(damaged(s)),
        "classes": class_counts(site, s) is not None,
    }  # fmt: skip


def _leader(site: Site, names: Names, row: Row) -> dict[str, Any]:
    return {
        "label": row.label, "page": names.entry_page(row.label), "picture": kept_picture(site, names, row, "samples"),
        "value": headline_words(row) or row.status,
    }  # fmt: skip
