"""Results -> one static folder: index.html, Markdown, CSV, JSON, figures and sample pictures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gan_bench.core.files import write_text
from gan_bench.core.progress import bar
from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.entries import entries_of
from gan_bench.leaderboard.figures import Look, looks, profile_chart
from gan_bench.leaderboard.frames import detector_frame, generator_frame
from gan_bench.leaderboard.profile import Profile
from gan_bench.leaderboard.sections import section
from gan_bench.leaderboard.standings import all_standings
from gan_bench.leaderboard.tables import PROFILE_NOTE, profile_table
from gan_bench.leaderboard.verified import States, state_of, states, verified_notes
from gan_bench.records import Result, TableRules


def build(
    results: Sequence[Result], out: Path, rules: Mapping[str, TableRules] | None = None, problems: Sequence[str] = ()
) -> Board:
    """Write the leaderboard of `results` below `out`; returns the same content as data.

    rules  dataset -> how its table is read, such as {"cifar10": TableRules("fd_lite0@64")}; without them the headline is the
           best known distance (see `rank.choose_headline`), and no metric is marked
    problems  one sentence for each thing that is wrong with the run folders
    """
    entries = entries_of(results)
    generators, detectors = generator_frame(entries), detector_frame(entries)
    board = Board(generators, detectors, all_standings(generators, detectors, entries, rules or {}), verified_notes(results))

    look = looks(row.label for s in board.standings for row in s.rows if row.kind == "variant")
    sections = []
    with bar("leaderboard: tables and figures", total=len(board.standings)) as advance:
        for s in board.standings:
            sections.append(section(s, look, out))
            advance(1)
    over_all = [_over_all(profile, look, out, f"figures/profile-{i}.png") for i, profile in enumerate(board.profiles)]

    write_text(out / "leaderboard.md", board.markdown())
    write_text(out / "leaderboard.csv", board.frame().to_csv(index=False, lineterminator="\n"))
    write_text(out / "leaderboard.json", json.dumps(board.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(
        out / "index.html", _html(board, sections, over_all, states(results))
    )  # last, so that everything it links to exists
    return board


def _over_all(profile: Profile, look: Look, out: Path, path: str) -> dict[str, Any]:
    """What the page shows of a profile."""
    profile_chart(profile, look, out / path)
    return {"heading": profile.heading, "table": profile_table(profile), "chart": path}


def _html(board: Board, sections: list[dict[str, Any]], over_all: list[dict[str, Any]], known: States) -> str:
    templates = Environment(
        loader=PackageLoader("gan_bench.leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tracks = [s.track for s in board.standings]
    variants = {row.entries[0].name for s in board.standings for row in s.rows if row.kind == "variant"}
    entries = [entry for s in board.standings for entry in s.entries]
    machines = Counter(entry.record.environment.model_dump_json() for entry in entries)

    return templates.get_template("index.html.j2").render(
        sections=sections,
        over_all=over_all,
        profile_note=PROFILE_NOTE,
        verified=board.verified,
        state_of=lambda entry: state_of(entry.run, entry.record, known),
        versions=sorted({track.benchmark_version for track in tracks}),
        n_datasets=len({track.dataset for track in tracks}),
        n_variants=len(variants),
        n_records=len(entries),
        in_the_csv={"detections", "attacks"},  # fields of records, too long for the page
        machines=[(json.loads(text), n) for text, n in sorted(machines.items())],
    )
