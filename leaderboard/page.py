"""Run folders -> one static folder: index.html, Markdown, CSV, JSON, figures and sample grids, all from records alone."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from gan_bench.records import atomic_path, write_text
from leaderboard import tables
from leaderboard.aggregate import Row, Standings, all_standings, detector_frame, generator_frame, read_entries
from leaderboard.figures import Look, detectability_chart, headline_chart, history_chart, looks


@dataclass(frozen=True)
class Board:
    """A leaderboard. The frames are long (aggregate.FIELDS): one row a number of one seed; `standings` are over seeds."""

    generators: pd.DataFrame
    detectors: pd.DataFrame
    standings: list[Standings]

    def markdown(self) -> str:
        return tables.markdown(self.standings)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, unrounded: {"tracks": [{"dataset", ..., "generators": [...], "detectors": [...]}]}."""
        return {"tracks": [_track_dict(s) for s in self.standings]}


def build(run_folders: list[Path], out: Path, headline: dict[str, str] | None = None) -> Board:
    """Read the records of `run_folders` and write the leaderboard under `out`.

    headline   dataset -> start of the name of the metric that ranks its table, such as {"cifar10": "fd_lite0@64"}
    Returns the same content as data. Raises UserError as `gan_bench.records.read_runs` does.
    """
    entries = read_entries(run_folders)
    generators, detectors = generator_frame(entries), detector_frame(entries)
    board = Board(generators, detectors, all_standings(generators, detectors, entries, headline or {}))
    look = looks(row.label for s in board.standings for row in s.rows if row.kind == "variant")
    sections = [_section(s, look, out) for s in board.standings]
    write_text(out / "leaderboard.md", board.markdown())
    write_text(out / "leaderboard.csv", pd.concat([generators, detectors]).to_csv(index=False, lineterminator="\n"))
    write_text(out / "leaderboard.json", json.dumps(board.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(out / "index.html", _html(board, sections))  # last: it never points to what is not there yet
    return board


def _section(s: Standings, look: Look, out: Path) -> dict[str, Any]:
    """Draws and copies the pictures of one track; returns what the template shows of it."""
    slug = _slug("_".join(s.track))
    figures = [
        (headline_chart, f"figures/{slug}-headline.png", "The metric that ranks the table, with intervals."),
        (detectability_chart, f"figures/{slug}-detectability.png", "Quality against detectability."),
    ]
    return {
        "standings": s,
        "slug": slug,
        "generators": tables.generator_grid(s),
        "generator_notes": tables.generator_notes(s),
        "matrix": tables.matrix_grid(s),
        "detections": tables.detection_grid(s),
        "detector_notes": tables.detector_notes(s),
        "figures": [(path, caption) for draw, path, caption in figures if draw(s, look, out / path)],
        "cards": _cards(s, slug, out),
        "trainings": _trainings(s, slug, out),
    }


def _cards(s: Standings, slug: str, out: Path) -> list[dict[str, str]]:
    """The sample grids of a track, copied under `out`: the real images, then the entries in the order of the table."""
    cards = []
    for row in sorted(s.rows, key=lambda row: (row.kind, row.entries[0].name) != ("reference", "real")):
        source = next((p for entry in row.entries if (p := entry.folder / "samples.png").is_file()), None)
        if source is None:
            continue
        path = f"samples/{slug}/{_slug(row.label)}.png"
        _copy(source, out / path)
        title = getattr(row.entries[0].record, "title", "")
        cards.append({"path": path, "label": row.label, "title": title, "value": _caption(s, row)})
    return cards


def _trainings(s: Standings, slug: str, out: Path) -> list[dict[str, str]]:
    """Pictures of the first seed of each variant, in the order of the table; "" where there is none."""
    trainings = []
    for row in s.rows:
        folder, shown = row.entries[0].folder, getattr(row.entries[0].record, "rows", ())
        training = {"label": row.label, "shown": " · ".join(shown)}
        if not (folder / "history.csv").is_file():
            continue
        names = {name: f"training/{slug}/{_slug(row.label)}-{name}.png" for name in ("curves", "strip", "rows", "neighbours")}
        drawn = history_chart(pd.read_csv(folder / "history.csv"), out / names["curves"])
        training["curves"] = names.pop("curves") if drawn else ""
        for name, path in names.items():
            kept = (folder / f"{name}.png").is_file()
            if kept:
                _copy(folder / f"{name}.png", out / path)
            training[name] = path if kept else ""
        trainings.append(training)
    return trainings


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


def _caption(s: Standings, row: Row) -> str:
    value = row.of(s.headline).value if s.headline else None
    if s.headline is None or value is None:
        return "" if row.status == "done" else row.status
    return f"{tables.metric_title(s.headline)} {tables.rounded(value)}"


def _slug(text: str) -> str:
    """A safe file name; texts that had to be changed keep apart by a hash."""
    safe = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-")[:60]
    return safe if safe == text else f"{safe or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _html(board: Board, sections: list[dict[str, Any]]) -> str:
    environment = Environment(
        loader=PackageLoader("leaderboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    entries = [entry for s in board.standings for entry in s.entries]
    machines = Counter(entry.record.environment.model_dump_json() for entry in entries)
    return environment.get_template("index.html.j2").render(
        sections=sections,
        heading=tables.heading,
        versions=sorted({s.track.benchmark_version for s in board.standings}),
        n_datasets=len({s.track.dataset for s in board.standings}),
        n_variants=len({row.entries[0].name for s in board.standings for row in s.rows if row.kind == "variant"}),
        n_records=len(entries),
        machines=[(json.loads(text), n) for text, n in sorted(machines.items())],
    )


def _track_dict(s: Standings) -> dict[str, Any]:
    return {
        **s.track._asdict(),
        "headline": s.headline.name if s.headline else None,
        "generators": [_row_dict(row, s) for row in s.rows],
        "detectors": [asdict(d) for d in s.detected],
        "failed_detectors": [{"detector": e.label, "seed": e.seed, "reason": e.reason} for e in s.judges if e.status != "done"],
        "notes": tables.generator_notes(s) + (tables.detector_notes(s) if s.judges else []),
    }


def _row_dict(row: Row, s: Standings) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "entry": row.label,
        "variant": row.entries[0].name,
        "status": row.status,
        "seeds": [{"seed": e.seed, "status": e.status, "reason": e.reason} for e in row.entries],
        "ranks": row.ranks,
        "rank_is_point_estimate": tables.is_point(row, s.headline),
        "metrics": [{**c._asdict(), **asdict(row.quality[c])} for c in s.columns if c in row.quality],
        "cost": {name: estimate.value for name, estimate in row.cost.items()},
        "detectability": {**asdict(row.detectability), "detector": row.detector},
    }
