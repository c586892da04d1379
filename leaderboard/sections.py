"""What the page shows of one track: tables and notes, and the pictures, which are drawn or copied below the page."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from gan_bench.core.files import atomic_path
from gan_bench.leaderboard.cells import FLATTERED, rounded
from gan_bench.leaderboard.columns import metric_title
from gan_bench.leaderboard.curves import history_chart
from gan_bench.leaderboard.figures import Look, detectability_chart, headline_chart
from gan_bench.leaderboard.notes import detector_notes, generator_notes
from gan_bench.leaderboard.parts import detector_parts
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.standings import Standings
from gan_bench.leaderboard.tables import generator_table
from gan_bench.records import CellRecord, Cue, JudgeRecord


def section(s: Standings, look: Look, out: Path) -> dict[str, Any]:
    """Draw and copy the pictures of one track below `out`; returns what the template shows of it."""
    slug = _slug("_".join(s.track))
    return {
        "standings": s,
        "slug": slug,
        "generators": generator_table(s),
        "generator_notes": generator_notes(s),
        "detector_notes": detector_notes(s),
        "parts": _parts(s, slug, out),
        "explained": _explained(s, slug, out),
        "cues": _cues(s),
        "methods": {e.label: e.record.method for e in s.judges if isinstance(e.record, JudgeRecord) and e.record.method},
        "figures": _figures(s, slug, look, out),
        "cards": _cards(s, slug, out),
        "trainings": _trainings(s, slug, out),
    }


def _figures(s: Standings, slug: str, look: Look, out: Path) -> list[tuple[str, str]]:
    """Path below `out` and caption of each chart that has something to show."""
    charts = (
        (headline_chart, f"figures/{slug}-headline.png", "The metric that orders each task, with intervals."),
        (detectability_chart, f"figures/{slug}-detectability.png", "Quality against detectability, which is a lower bound."),
    )
    return [(path, caption) for draw, path, caption in charts if draw(s, look, out / path)]


def _parts(s: Standings, slug: str, out: Path) -> list[dict[str, Any]]:
    """The pieces on detectors, each with the path of its chart below `out`; "" where it has none."""
    parts = []
    for part in detector_parts(s):
        path = f"figures/{slug}-{_slug(part.name)}.png"
        drawn = part.chart is not None and part.chart(s, out / path)
        parts.append({"part": part, "chart": path if drawn else ""})
    return parts


def _explained(s: Standings, slug: str, out: Path) -> list[dict[str, str]]:
    """The picture of what each detector sees, by the first of its seeds that has one."""
    shown: dict[str, dict[str, str]] = {}
    for e in s.judges:
        if isinstance(e.record, JudgeRecord) and e.record.explained and "explained" in e.files and e.label not in shown:
            path = f"explained/{slug}/{_slug(e.label)}.png"
            _copy(e.files["explained"], out / path)
            shown[e.label] = {"path": path, "label": e.label, "caption": e.record.explained}
    return list(shown.values())


def _cues(s: Standings) -> list[tuple[str, tuple[Cue, ...]]]:
    """Detector and tier in words, and the features that weigh most, by the first of its seeds that has some."""
    shown: dict[tuple[str, str], tuple[str, tuple[Cue, ...]]] = {}
    for e in s.judges:
        if isinstance(e.record, JudgeRecord):
            for tier, cues in e.record.cues.items():
                if cues:
                    shown.setdefault((e.label, tier), (f"{e.label}, {tier}", cues))
    return list(shown.values())


def _cards(s: Standings, slug: str, out: Path) -> list[dict[str, str]]:
    """The sample pictures of a track: the real images, then the entries in the order of the table."""
    cards = []
    for row in sorted(s.rows, key=lambda row: (row.kind, row.entries[0].name) != ("reference", "real")):
        sources = [entry.files["samples"] for entry in row.entries if "samples" in entry.files]
        if not sources:
            continue

        path = f"samples/{slug}/{_slug(row.label)}.png"
        _copy(sources[0], out / path)
        title = getattr(row.entries[0].record, "title", "")
        cards.append({"path": path, "label": row.label, "title": title, "value": _caption(row)})
    return cards


def _trainings(s: Standings, slug: str, out: Path) -> list[dict[str, str]]:
    """The training of the first seed of each variant that has a history, in the order of the table."""
    trainings = []
    for row in s.rows:
        first = row.entries[0]
        if isinstance(first.record, CellRecord) and "history" in first.files:
            start = f"training/{slug}/{_slug(row.label)}"
            pictures = _training_pictures(first.record, first.files, start, out)
            trainings.append({"label": row.label, "shown": " · ".join(first.record.rows), **pictures})
    return trainings


def _training_pictures(record: CellRecord, files: dict[str, Path], start: str, out: Path) -> dict[str, str]:
    """The path below `out` of each picture, beginning with `start`; "" for a picture that is missing."""
    curves = f"{start}-curves.png"
    drawn = history_chart(pd.read_csv(files["history"]), record.curves, out / curves)
    paths = {"curves": curves if drawn else ""}

    for name in ("strip", "rows", "neighbours"):
        paths[name] = ""
        if name in files:
            paths[name] = f"{start}-{name}.png"
            _copy(files[name], out / paths[name])
    return paths


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


def _caption(row: Row) -> str:
    value = row.of(row.headline).value
    if row.headline is None or value is None:
        return "" if row.status == "done" else row.status
    return f"{metric_title(row.headline)} {rounded(value)}{FLATTERED if row.trained_against(row.headline) else ''}"


def _slug(text: str) -> str:
    """A safe file name. A text that had to be changed gets a hash, so that no two texts share a name."""
    safe = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-")[:60]
    return safe if safe == text else f"{safe or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
