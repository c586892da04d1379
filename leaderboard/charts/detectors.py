"""The charts of the detectors of a track: which damage breaks one, and whether it knows the fakes of another GAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_bench.leaderboard.charts.base import Chart, Charts, Look, axis, legend, listed, look_of, plot, series, short
from gan_bench.leaderboard.charts.track import COIN_TOSS
from gan_bench.leaderboard.detections import Detected
from gan_bench.leaderboard.detector_tables import damaged, generator_matrix, matrix_detector
from gan_bench.leaderboard.standings import Standings

SMALL = [280, 210]  # px, of one of many panels
SEVERITIES = 5
MOST_CELLS = 20  # across and down; smaller ones cannot be read


def damage_charts(s: Standings, look: Look) -> Charts | None:
    """AUROC over severity: a panel for each corruption, a line for each detector. None: nothing was damaged."""
    found = damaged(s)
    corruptions = list(dict.fromkeys(corruption for by_corruption in found.values() for corruption in by_corruption))
    if not corruptions:
        return None

    aurocs = [
        d.auroc.value for by in found.values() for same in by.values() for d in same.values() if d.auroc.value is not None
    ]
    lowest = min([0.5, *aurocs])
    panels = tuple(
        _damage_panel({label: by.get(corruption, {}) for label, by in found.items()}, corruption, lowest, look)
        for corruption in corruptions
    )
    note = (
        "Each detector was fitted on undamaged images; from left to right reals and fakes are damaged more and more. "
        "A line that falls to 0.5 is broken: its detector tosses a coin."
    )
    return Charts("Which damage breaks a detector?", note, legend(found, look), panels, wide=len(panels) > 2)


def _damage_panel(of_label: Mapping[str, Mapping[int, Detected]], corruption: str, lowest: float, look: Look) -> Chart:
    drawn, ended = [], []
    for label, by_severity in of_label.items():
        points = [(severity, d.auroc.value) for severity, d in sorted(by_severity.items()) if d.auroc.value is not None]
        if points:
            tips = [f"{short(label)}, {_degree(severity)}: AUROC {auroc:.3f}" for severity, auroc in points]
            x, y = [severity for severity, _ in points], [auroc for _, auroc in points]
            drawn.append(series(x, y, look_of(look, label), tips, line="-"))
            ended.append((points[-1][1], f"{short(label)} {points[0][1]:.3f} → {points[-1][1]:.3f}"))

    x_axis = axis("severity; 0: undamaged", [0, SEVERITIES], ticks=range(SEVERITIES + 1))
    data = plot(x_axis, axis("AUROC", [lowest, 1.0]), drawn, rules=[COIN_TOSS], size=SMALL)
    words = listed([text for _, text in sorted(ended, reverse=True)])
    return Chart("plot", short(corruption), f"AUROC from the mildest to the strongest {short(corruption)}: {words}", data)


def _degree(severity: int) -> str:
    return f"severity {severity}" if severity else "undamaged"


def pairs_charts(s: Standings, tier: str) -> Charts | None:
    """AUROC of one detector, fitted on the fakes of one variant and tested on those of each. None: it was not tried."""
    table, detector = generator_matrix(s, tier), matrix_detector(s, tier)
    if not table.rows or detector is None:
        return None

    rows = [row[0].text for row in table.rows][:MOST_CELLS]
    columns = [header.text for header in table.headers[1:]][:MOST_CELLS]
    values = [[cell.value for cell in row[1:]][:MOST_CELLS] for row in table.rows[:MOST_CELLS]]
    alt = listed([text for name, cells in zip(rows, values, strict=True) for text in _others(name, columns, cells)])
    data: dict[str, Any] = {
        "rows": rows, "columns": columns, "values": values, "row_text": "fitted on", "column_text": "tested on",
    }  # fmt: skip
    note = (
        f"AUROC of {short(detector)}, {tier}: fitted on the fakes of one variant (row), tested on those of each (column). "
        "1: it tells all fakes; 0.5: a coin toss."
    )
    if max(len(table.rows), len(table.headers) - 1) > MOST_CELLS:
        note += f" Shown are the first {MOST_CELLS}; the table has all."
    panel = Chart("heat", "", f"AUROC of {short(detector)}, {tier}. {alt}", data)
    return Charts("Does a detector of one GAN know another?", note, (), (panel,))


def _others(name: str, columns: list[str], values: list[float | None]) -> list[str]:
    """Where a detector that was fitted on one variant is worst, in words."""
    known = [(value, column) for column, value in zip(columns, values, strict=True) if value is not None and column != name]
    if not known:
        return []
    lowest, column = min(known)
    return [f"fitted on {short(name)}, it is worst on {short(column)}: {lowest:.3f}"]
