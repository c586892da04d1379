"""The page of a detector: what it finds of whom, damaged and attacked, what it looks at, and how to fit it again."""

from __future__ import annotations

from dataclasses import replace

from gan_bench.leaderboard.attacked import GOALS, attack_table
from gan_bench.leaderboard.audit import audit_table
from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, plain_table, share_cell
from gan_bench.leaderboard.charts import Charts
from gan_bench.leaderboard.charts.detectors import damage_charts
from gan_bench.leaderboard.commands import entry_command
from gan_bench.leaderboard.detections import tiers_of
from gan_bench.leaderboard.detector_summary import method_of
from gan_bench.leaderboard.detector_tables import APART, PROTOCOL_WORDS, detection_table, false_alarm_table, robustness_table
from gan_bench.leaderboard.entries import Entry, problems
from gan_bench.leaderboard.pages.detectors import explained
from gan_bench.leaderboard.pages.entry import warnings_of
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site, track_nav
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import Cue, JudgeRecord


def detector_page(site: Site, names: Names, label: str) -> None:
    """Write it."""
    s, entries = names.s, [entry for entry in names.s.judges if entry.label == label]
    alone = _alone(s, label)
    picture, caption = explained(site, names, label)
    site.write(
        names.detector_page(label), "detector.html.j2", names.window(label), track_nav(names, ""),
        track=s.track,
        detectors_page=f"{names.folder}/detectors.html#row-{names.detectors[label]}",
        label=label,
        method=method_of(s, label),
        facts=_facts(site, entries),
        faults=[faults] if (faults := problems(entries)) else [],
        warnings=warnings_of(entries),
        tables=_tables(alone),
        merits={tier: table for tier in tiers_of(alone.detected) if (table := detection_table(alone, tier)).rows},
        entry_links={entry: f"../entries/{name}.html" for entry, name in names.entries.items()},
        charts=_charts(site, alone),
        picture=picture,
        caption=caption,
        cues=_cues(entries),
        command=entry_command([entry.record for entry in entries], site.suites, [entry.record for entry in s.entries]),
        downloads=_downloads(site, names, label, entries),
    )  # fmt: skip


def _alone(s: Standings, label: str) -> Standings:
    """The same track as if there were no other detector."""
    return replace(
        s, detected=s.of_detector.get(label, ()), judges=tuple(e for e in s.judges if e.label == label),
        attacked=tuple(a for a in s.attacked if label in (a.attacked, a.shown_to)),
        spreads=tuple(spread for spread in s.spreads if spread.detector == label),
    )  # fmt: skip


def _facts(site: Site, entries: list[Entry]) -> list[str]:
    records = [entry.record for entry in entries if isinstance(entry.record, JudgeRecord)]
    seeds = ", ".join(str(entry.seed) for entry in entries)
    states = sorted({site.state(entry) for entry in entries})
    images = (
        [f"fitted on {records[0].n_fit:,} images, validated on {records[0].n_validate:,}"]
        if records and records[0].n_fit
        else []
    )
    seconds = [f"{sum(r.seconds for r in records) / len(records):.0f} s a seed"] if records else []
    return [f"seed{'s' * (len(entries) > 1)} {seeds}", *images, *seconds, *states]


def _tables(alone: Standings) -> dict[str, Table]:
    """Title -> table, those that have rows."""
    tables = {
        "AUROC by generator": _by_generator(alone),
        "AUROC on damaged images": robustness_table(alone),
        "Damaged reals called fake at the threshold": false_alarm_table(alone),
        "Leakage audit": audit_table(alone),
        **{title: attack_table(alone.attacked, goal) for goal, title in GOALS.items()},
    }
    return {title: table for title, table in tables.items() if table.rows}


def _by_generator(alone: Standings) -> Table:
    """One row for each tested generator, one column for each protocol and tier."""
    own = [d for d in alone.detected if d.protocol not in APART]
    places = list(dict.fromkeys((d.tier, d.protocol) for d in own))
    found = {(d.variant, d.tier, d.protocol): d for d in own}
    headers = [ColumnHeader("Generator", numeric=False, name=True)]
    headers += [
        ColumnHeader(f"{protocol}, {tier}", PROTOCOL_WORDS.get(protocol, ""), "down", term=protocol)
        for tier, protocol in places
    ]

    order = {row.label: i for i, row in enumerate(alone.rows)}
    rows = []
    for variant in sorted({d.variant for d in own}, key=lambda label: (order.get(label, len(order)), label)):
        detections = [found.get((variant, tier, protocol)) for tier, protocol in places]
        rows.append(
            [TableCell(variant), *(TableCell(DASH) if d is None else share_cell(d.auroc, heat=True) for d in detections)]
        )
    return plain_table(headers, rows)


def _charts(site: Site, alone: Standings) -> list[Charts]:
    charts = damage_charts(alone, site.look)
    return [] if charts is None else [charts]


def _cues(entries: list[Entry]) -> list[tuple[str, tuple[Cue, ...]]]:
    """Tier -> the features that weigh most, by the first seed that has some."""
    found: dict[str, tuple[Cue, ...]] = {}
    for entry in entries:
        if isinstance(entry.record, JudgeRecord):
            for tier, cues in entry.record.cues.items():
                if cues:
                    found.setdefault(tier, cues)
    return list(found.items())


def _downloads(site: Site, names: Names, label: str, entries: list[Entry]) -> list[tuple[str, str]]:
    found = []
    for place, entry in enumerate(entries):
        if "record" in entry.files:
            kept = names.detector_file(label, f"{place}-record.json")
            path = site.folder.copy(entry.files["record"], kept)
            found += [(f"record of seed {entry.seed}", path)] if path else []
    return found
