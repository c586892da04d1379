"""The page of the detectors of a track: a table of all, then tiers, damage, attacks and the leakage audit."""

from __future__ import annotations

from typing import Any

from gan_bench.leaderboard.charts import Charts
from gan_bench.leaderboard.charts.detectors import damage_charts, pairs_charts
from gan_bench.leaderboard.detections import tiers_of
from gan_bench.leaderboard.detector_summary import summary_answers, summary_table
from gan_bench.leaderboard.notes import detector_notes
from gan_bench.leaderboard.pages.folder import ShownPicture
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site, track_nav
from gan_bench.leaderboard.pages.track import RowPlace
from gan_bench.leaderboard.parts import detector_parts
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import JudgeRecord


def detectors_page(site: Site, names: Names) -> None:
    """Write it."""
    s = names.s
    table = summary_table(s)
    labels = [next(cell.text for cell, header in zip(row, table.headers, strict=True) if header.name) for row in table.rows]
    links = {label: f"detectors/{name}.html" for label, name in names.detectors.items()}
    charts, tiers = _charts(site, s), tiers_of(s.detected)
    site.write(
        f"{names.folder}/detectors.html", "detectors.html.j2", names.window("Detectors"), track_nav(names, "Detectors"),
        track=s.track,
        answers=summary_answers(s),
        summary=table,
        rows=[RowPlace(0, "", links[label], "", f"row-{names.detectors[label]}") for label in labels],
        notes=detector_notes(s),
        detector_parts=[
            {"part": part, "charts": charts.get(part.name, []), "open": part.name not in tiers} for part in detector_parts(s)
        ],
        detector_links=links,
        explained=_explained(site, names),
    )  # fmt: skip


def _charts(site: Site, s: Standings) -> dict[str, list[Charts]]:
    """The charts of each part of the page, by its name."""
    found = {tier: pairs_charts(s, tier) for tier in tiers_of(s.detected)} | {"robustness": damage_charts(s, site.look)}
    return {name: [charts] for name, charts in found.items() if charts is not None}


def _explained(site: Site, names: Names) -> list[dict[str, Any]]:
    """The picture of what each detector sees."""
    shown = []
    for label in names.detectors:
        picture, caption = explained(site, names, label)
        if picture is not None:
            shown.append({"label": label, "picture": picture, "caption": caption, "page": names.detector_page(label)})
    return shown


def explained(site: Site, names: Names, label: str) -> tuple[ShownPicture | None, str]:
    """The picture of what a detector sees, by the first of its seeds that has one, and its caption."""
    for entry in names.s.judges:
        record = entry.record
        if entry.label == label and isinstance(record, JudgeRecord) and record.explained and "explained" in entry.files:
            kept = names.detector_file(label, "explained.png")
            return site.folder.picture(entry.files["explained"], kept), record.explained
    return None, ""
