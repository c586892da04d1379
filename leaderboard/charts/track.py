"""The charts of the generators of a track: who is best, what compute buys, faithful or diverse, quality against detection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from gan_bench.leaderboard.cells import FLATTERED, rounded
from gan_bench.leaderboard.charts.base import (
    FAINT,
    Chart,
    Charts,
    LegendItem,
    Look,
    axis,
    ends,
    legend,
    listed,
    look_of,
    plot,
    said,
    series,
    short,
)
from gan_bench.leaderboard.columns import Column, metric_title, titles
from gan_bench.leaderboard.detections import HEADLINE_TIERS
from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.short import verdict
from gan_bench.leaderboard.standings import Standings

MOST_ROWS = 40  # of a list of entries; more cannot be read
COIN_TOSS = {"axis": "y", "at": 0.5, "text": "coin toss"}
FEWEST_FOLD = 1.5  # times by which two costs must differ to be worth an axis
MARKED = ("real", "noise")  # reference rows whose names must stand beside their marks
COSTS = {"tflop": "TFLOP of training", "train_seconds": "seconds of training"}


def headline_charts(s: Standings, look: Look) -> Charts | None:
    """The number that ranks each task, with intervals; one panel for each task. None: no variant has it."""
    tasks = by_task(row for row in s.rows if row.of(row.headline).value is not None)
    if not tasks:
        return None
    panels = tuple(_headline_panel(s, rows, task_words(task) if len(tasks) > 1 else "", look) for task, rows in tasks.items())
    note = "A mark is the mean over seeds, its bar the 95 % interval: entries whose bars overlap by far cannot be told apart."
    flattered = "".join({_flattered_note(rows, _headline(rows)) for rows in tasks.values()})
    return Charts("Which is best, and is that certain?", note + flattered, (), panels)


def _headline_panel(s: Standings, rows: Sequence[Row], title: str, look: Look) -> Chart:
    headline, best = _headline(rows), rows[:MOST_ROWS]
    real = _real(s, headline)
    shown = [_interval_row(row, headline, look_of(look, row.label)) for row in best]
    text = _directed(s, headline) + (f"; the best {len(best)} of {len(rows)}" if len(best) < len(rows) else "")

    real_words = "" if real is None else f" The real images have {rounded(real)}."
    alt = f"{verdict(rows)} {_directed(s, headline)}: {listed([row['tip'] for row in shown])}{real_words}"
    return Chart("intervals", title, alt, {"text": text, "rows": shown, "real": real})


def _interval_row(row: Row, headline: Column, item: LegendItem) -> dict[str, Any]:
    estimate = row.of(headline)
    tip = f"{_name(row, headline)} {said(estimate)}"
    look = {"colour": item.colour, "mark": item.mark}
    return {"label": _name(row, headline), "value": estimate.value, "ends": ends(estimate), "tip": tip, **look}


def compute_charts(same: Sequence[Standings], look: Look) -> Charts | None:
    """The number that ranks each task against what training took. None: the trainings took about the same everywhere.

    same  the tracks of one dataset and of the same rules; a line joins the presets of a variant. Presets that score by other
          numbers of images have panels of their own, since such scores cannot be compared.
    """
    groups: dict[tuple[str, Column], list[tuple[Standings, Row]]] = {}
    for s in same:
        for task, rows in by_task(row for row in s.rows if row.of(row.headline).value is not None).items():
            for row in rows:
                groups.setdefault((task, _headline(rows)), []).append((s, row))

    panels, labels = [], []
    for (task, headline), placed in groups.items():
        cost = next((name for name in COSTS if _fold(placed, name) >= FEWEST_FOLD), None)
        if cost is not None:
            title = f"{task_words(task)}, {_directed(placed[0][0], headline)}" if len(groups) > 1 else ""
            panels.append(_compute_panel(placed, headline, cost, title, look))
            labels += [row.label for _, row in placed]
    if not panels:
        return None
    note = "Further left: less training. A line joins the budgets of one variant."
    for (_, headline), placed in groups.items():
        note += _flattered_note([row for _, row in placed], headline)
    return Charts("Is more compute worth it?", note, legend(labels, look), tuple(panels))


def _compute_panel(placed: Sequence[tuple[Standings, Row]], headline: Column, cost: str, title: str, look: Look) -> Chart:
    of_label: dict[str, list[tuple[float, str, Row]]] = {}
    for s, row in placed:
        spent = _cost(row, cost)
        if spent is not None:
            of_label.setdefault(row.label, []).append((spent, s.track.preset, row))

    drawn, said_of = [], []
    for label, points in of_label.items():
        points.sort(key=lambda point: point[:2])
        x, numbers = [spent for spent, *_ in points], [row.of(headline) for *_, row in points]
        tips = [
            f"{_name(row, headline)}, {preset}: {metric_title(headline)} {said(row.of(headline))} "
            f"for {rounded(spent)} {COSTS[cost]}"
            for spent, preset, row in points
        ]
        more: dict[str, Any] = {"line": "-" if len(points) > 1 else "", "y_ends": [ends(e) for e in numbers]}
        drawn.append(series(x, [_value(e) for e in numbers], look_of(look, label), tips, **more))
        said_of += tips

    s = placed[0][0]
    real = _real(s, headline)
    rules = [] if real is None else [{"axis": "y", "at": real, "text": "real"}]
    data = plot(axis(COSTS[cost], log=True), axis(_directed(s, headline), [0.0]), drawn, rules=rules)
    return Chart("plot", title, listed(said_of), data)


def faithful_charts(s: Standings, look: Look) -> Charts | None:
    """Precision against recall, by the extractor of the headline or the one that comes nearest. None: no entry has both."""
    pair = _precision_recall(s)
    if pair is None:
        return None
    precision, recall = pair
    rows = [row for row in s.rows if _has(row, precision, recall)]
    note = "Up: each image looks real. Right: as varied as real images. Crosses: to compare with, such as real and noise."
    doubtful = [name for name, c in (("precision", precision), ("recall", recall)) if not s.telling(c)]
    if doubtful:
        note += f" Here {' and '.join(doubtful)} is not telling: damaged or random images score like real ones, or better."

    named = legend([row.label for row in rows if row.kind != "reference"], look)
    panel = _faithful_panel(rows, precision, recall, look)
    return Charts("Faithful or diverse?", note + _flattered_note(rows, precision), named, (panel,))


def _faithful_panel(rows: Sequence[Row], precision: Column, recall: Column, look: Look) -> Chart:
    drawn, names, tips = [], [], []
    for row in sorted(rows, key=lambda row: row.entries[0].name not in MARKED):  # these get the first places for their names
        x, y = _value(row.of(recall)), _value(row.of(precision))
        tip = f"{_name(row, precision)}: precision {said(row.of(precision))}, recall {said(row.of(recall))}"
        item = look_of(look, row.label)
        if row.kind == "reference":
            item = LegendItem(row.label, FAINT, "P")
            names.append({"x": x, "y": y, "text": short(row.label)})
        drawn.append(series([x], [y], item, [tip], x_ends=[ends(row.of(recall))], y_ends=[ends(row.of(precision))]))
        tips.append(tip)

    where = f"by {precision.extractor}"
    data = plot(axis(f"recall, {where}", [0.0]), axis(f"precision, {where}", [0.0, 1.0]), drawn, texts=names)
    return Chart("plot", "", listed(tips), data)


def detectability_charts(s: Standings, look: Look) -> Charts | None:
    """Quality against detectability: a panel for each headline and tier. None: fewer than two variants have both."""
    groups: dict[Column, list[Row]] = {}
    for row in s.rows:
        if row.kind == "variant" and row.headline is not None and row.of(row.headline).value is not None and row.detector:
            groups.setdefault(row.headline, []).append(row)
    if sum(map(len, groups.values())) < 2:
        return None

    panels = []
    for headline, rows in groups.items():
        for tier in HEADLINE_TIERS:
            tested = [row for row in rows if tier in row.detector]
            if tested:
                title = tier if len(groups) == 1 else f"{tier}, {metric_title(headline)}"
                panels.append(_detectability_panel(s, tested, tier, title, look))
    if not panels:
        return None
    labels = [row.label for rows in groups.values() for row in rows]
    note = (
        "Up: easier to detect, by a detector that never saw the variant; a lower bound, since another one may tell more. "
        "clean: images as drawn; web: re-encoded as a site would do it."
    )
    note += "".join({_flattered_note(rows, headline) for headline, rows in groups.items()})
    return Charts("Does better mean harder to detect?", note, legend(labels, look), tuple(panels))


def _detectability_panel(s: Standings, rows: Sequence[Row], tier: str, title: str, look: Look) -> Chart:
    headline = _headline(rows)
    drawn, tips = [], []
    for row in rows:
        quality, auroc = row.of(headline), row.detectability[tier]
        told = f"AUROC {said(auroc, share=True)} by {short(row.detector[tier])}"
        tip = f"{_name(row, headline)}: {metric_title(headline)} {said(quality)}, {told}"
        x, y = [_value(quality)], [_value(auroc)]
        drawn.append(series(x, y, look_of(look, row.label), [tip], x_ends=[ends(quality)], y_ends=[ends(auroc)]))
        tips.append(tip)

    x_axis, y_axis = axis(_directed(s, headline), [0.0]), axis("detectability (AUROC), at least", [0.5, 1.0])
    return Chart("plot", title, listed(tips), plot(x_axis, y_axis, drawn, rules=[COIN_TOSS]))


def _headline(rows: Sequence[Row]) -> Column:
    """The column that ranks these rows of one task; they have a value there."""
    assert rows[0].headline is not None
    return rows[0].headline


def _directed(s: Standings, column: Column) -> str:
    """What an axis says of a column: "FD lite0@64 (5k), lower is better"."""
    direction = "higher" if column.higher_is_better else "lower"
    return f"{titles(s.columns)[column].rstrip(' ↑↓')}, {direction} is better"


def _name(row: Row, column: Column) -> str:
    """Its label, shortened; marked where its loss uses the extractor of a column."""
    return short(row.label) + (FLATTERED if row.trained_against(column) else "")


def _flattered_note(rows: Iterable[Row], column: Column) -> str:
    """Explains the mark behind a name, where there is one."""
    marked = any(row.trained_against(column) for row in rows)
    return f" {FLATTERED} its loss uses the network behind this number, which flatters it." if marked else ""


def _value(estimate: Any) -> float:
    """The value of an estimate that has one."""
    return float(estimate.value)


def _real(s: Standings, column: Column) -> float | None:
    """What the real images have in a column."""
    values = [row.of(column).value for row in s.rows if row.kind == "reference" and row.entries[0].name == "real"]
    return values[0] if values else None


def _cost(row: Row, name: str) -> float | None:
    """What the training of a row took; None where it is not known, or nothing."""
    estimate = row.cost.get(name)
    return (estimate.value or None) if estimate else None


def _fold(placed: Iterable[tuple[Standings, Row]], name: str) -> float:
    """How many times as much the dearest training took as the cheapest one."""
    spent = [value for _, row in placed if (value := _cost(row, name)) is not None]
    return max(spent) / min(spent) if spent else 1.0


def _precision_recall(s: Standings) -> tuple[Column, Column] | None:
    """Precision and recall of one extractor and of the same images: the headline's extractor, else its kind, else the first."""
    pairs = []
    for precision, recall in product(s.columns, repeat=2):
        is_pair = (precision.metric, recall.metric) == ("precision", "recall") and precision[2:] == recall[2:]
        if is_pair and any(_has(row, precision, recall) for row in s.rows):
            pairs.append((precision, recall))
    if not pairs:
        return None

    wanted = s.headline.extractor if s.headline else ""
    return min(pairs, key=lambda pair: (pair[0].extractor != wanted, pair[0].extractor.split("@")[0] != wanted.split("@")[0]))


def _has(row: Row, *columns: Column) -> bool:
    """Whether a row has a value in each of these columns."""
    return all(row.of(column).value is not None for column in columns)
