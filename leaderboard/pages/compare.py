"""Two or three entries of a track side by side: the page holds their numbers and verdicts, and a script shows them."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from gan_bench.leaderboard.cells import FLATTERED, number_cell, share_cell
from gan_bench.leaderboard.columns import titles
from gan_bench.leaderboard.detections import HEADLINE_TIERS
from gan_bench.leaderboard.groups import filled
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site, anchor, track_nav
from gan_bench.leaderboard.pages.track import kept_picture
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.versus import latents_of, verdicts


def compare_page(site: Site, names: Names) -> None:
    """Write it."""
    s = names.s
    columns, words = filled(s.columns, s.rows), titles(s.columns)
    shown = [
        {"title": words[c], "term": anchor(c.metric), "verdicts": verdicts(s.rows, c) if s.telling(c) else None}
        for c in columns
    ]
    shown += [
        {"title": f"Detectability {tier}, at least ↓", "term": "detectability", "verdicts": None} for tier in HEADLINE_TIERS
    ]
    entries = [
        _entry(site, names, row, [_value(row, c) for c in columns] + [_auroc(row, tier) for tier in HEADLINE_TIERS])
        for row in s.rows
    ]
    site.write(
        f"{names.folder}/compare.html", "compare.html.j2", names.window("Compare"), track_nav(names, "Compare"),
        track=s.track,
        entries=entries,
        data=_script_data({"columns": shown, "entries": entries}),
    )  # fmt: skip


def _entry(site: Site, names: Names, row: Row, values: list[list[str] | None]) -> dict[str, Any]:
    picture = kept_picture(site, names, row, "samples")
    return {
        "name": names.entries[row.label], "label": row.label, "page": names.entry_page(row.label), "picture": picture,
        "latents": latents_of(row), "values": values,
    }  # fmt: skip


def _value(row: Row, column: Any) -> list[str] | None:
    cell = number_cell(row.of(column))
    mark = FLATTERED if row.trained_against(column) else ""
    return None if cell.value is None else [cell.text + mark, cell.small]


def _auroc(row: Row, tier: str) -> list[str] | None:
    cell = share_cell(row.detectability[tier])
    return None if cell.value is None else [cell.text, cell.small]


def _script_data(data: dict[str, Any]) -> Markup:
    """JSON inside a script element, which ends at the first "</": no text of a user may hold one."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
