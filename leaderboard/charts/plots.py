"""The kind "plot": lines, marks with intervals, and lines across, in one pair of axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes

from gan_bench.leaderboard.charts.base import FAINT, TEXT, wide
from gan_bench.leaderboard.charts.canvas import DASHED, WHITE, Canvas, colour_of, widest
from gan_bench.leaderboard.charts.scales import scale

Box = tuple[float, float, float, float]  # left, bottom, right, top, in px


def plot(data: dict[str, Any]) -> Canvas:
    """See `base.plot` and `base.series` for the data."""
    canvas = Canvas(*data["size"])
    shown = {name: scale(list(_values(data, name)), data[name]["log"], data[name]["ticks"]) for name in ("x", "y")}
    axes = canvas.axes(left=widest(shown["y"].labels) + 8, top=24 if data["y"]["text"] else 10, right=16, bottom=40)
    for name in ("x", "y"):
        canvas.set_scale(axes, name, shown[name], data[name]["text"])

    for rule in data["rules"]:
        _draw_rule(axes, rule)
    for drawn in data["series"]:
        _draw_series(canvas, axes, drawn)
    _draw_texts(axes, data)
    return canvas


def _values(data: dict[str, Any], name: str) -> Iterator[float]:
    """Everything that an axis must show."""
    yield from data[name]["shown"]
    for rule in data["rules"]:
        if rule["axis"] == name:
            yield rule["at"]
    for drawn in data["series"]:
        yield from drawn[name]
        for ends in drawn.get(f"{name}_ends", []):
            yield from ends or []
        if "band" in drawn:
            x, low, high = drawn["band"]
            yield from x if name == "x" else [*low, *high]


def _draw_series(canvas: Canvas, axes: Axes, drawn: dict[str, Any]) -> None:
    strong = drawn.get("strong", True)
    look: Any = {"color": colour_of(drawn["colour"]), "clip_on": False, "alpha": None if strong else 0.4}
    if "band" in drawn:
        x, low, high = drawn["band"]
        axes.fill_between(x, low, high, color=look["color"], alpha=0.14, linewidth=0, clip_on=False)

    for name, other in (("x", "y"), ("y", "x")):
        for i, ends in enumerate(drawn.get(f"{name}_ends", [])):
            if ends:
                at = {name: ends, other: [drawn[other][i]] * 2}
                axes.plot(at["x"], at["y"], color=look["color"], linewidth=1.8, alpha=0.5, clip_on=False)

    style: Any = {"-": "-", "--": DASHED}.get(drawn["line"], "none")
    width, size = (1.6, 8.5) if strong else (1.0, 6.0)
    if drawn["line"] and drawn["mark"]:
        width, size = 1.3, 6.0  # several in one panel
    [line] = axes.plot(
        drawn["x"], drawn["y"], linestyle=style, linewidth=width, marker=drawn["mark"] or "none", markersize=size,
        markeredgecolor=WHITE, markeredgewidth=0.8, **look,
    )  # fmt: skip
    canvas.tip(line, drawn["tips"])


def _draw_rule(axes: Axes, rule: dict[str, Any]) -> None:
    """A dashed line across, and its name at its end."""
    look: Any = {"color": colour_of(FAINT), "linestyle": DASHED, "linewidth": 1.2, "clip_on": False}
    faint: Any = {"color": colour_of(FAINT)}
    at = rule["at"]
    if rule["axis"] == "y":
        axes.axhline(at, **look)
        axes.annotate(rule["text"], (1, at), (0, 3), ("axes fraction", "data"), "offset points", ha="right", **faint)
    else:
        axes.axvline(at, **look)
        axes.annotate(rule["text"], (at, 1), (0, 3), ("data", "axes fraction"), "offset points", ha="center", **faint)


def _draw_texts(axes: Axes, data: dict[str, Any]) -> None:
    """Names beside their points, where they cover neither a point nor another name; where there is no such place, none."""
    points = [xy for drawn in data["series"] if drawn["mark"] for xy in zip(drawn["x"], drawn["y"], strict=True)]
    placed = [axes.transData.transform(point) for point in points]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in placed]
    for text in data["texts"]:
        x, y = axes.transData.transform((text["x"], text["y"]))
        width = wide(text["text"])
        beside = [(x + 8, y - 4 + step) for step in (0, -13, 13, -26, 26)]
        places = [*beside[:1], (x - 8 - width, y - 4), (x - width / 2, y + 9), (x - width / 2, y - 17), *beside[1:]]
        for left, bottom in places:
            box = (left, bottom - 2, left + width, bottom + TEXT)
            if _is_free(box, taken, axes):
                taken.append(box)
                axes.annotate(text["text"], (left, bottom), xycoords="figure pixels", color=colour_of(FAINT), va="baseline")
                break


def _is_free(box: Box, taken: list[Box], axes: Axes) -> bool:
    frame = axes.bbox.extents
    inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    return inside and not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken)
