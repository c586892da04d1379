"""The charts of one entry: how its training went, and how its images differ from real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.leaderboard.cells import rounded
from gan_bench.leaderboard.charts.base import GREY, Chart, Charts, LegendItem, axis, listed, plain, plot, series, short
from gan_bench.leaderboard.charts.history import ACROSS, History, Tell, read_history, untold
from gan_bench.records import COVERED_SHARE, PANELS

D, G = 0, 1  # colours of the two networks
OTHERS = (2, 3, 4, 5)  # colours of what belongs to neither
LOGARITHMIC = "Gradient norm"
SIZE = [320, 210]  # px

REALS, FAKES = LegendItem("real images", 0, "-"), LegendItem("fakes", 1, "-")
ALONE = "There are no real images to compare with."
MOST_CLASSES = 40
MOST_POINTS = 1000  # drawn; all are counted
NEAR = 3  # sigma
IMAGE_SIZE = [340, 230]  # px


def curve_charts(history_files: Sequence[Path], curves: Mapping[str, str], tell: Tell = untold) -> Charts | None:
    """A panel for each of `records.PANELS` that has curves, all seeds in it, the first one strong. None: there is nothing.

    history_files  history.csv of each seed; one that is damaged or empty is left out
    tell           gets such a file, and what is wrong with it
    curves         column -> the panel that shows it; other columns are not drawn
    """
    histories = [history for file in history_files if (history := read_history(file, curves, tell))]
    columns = list(dict.fromkeys(name for history in histories for name in history))
    items = _items(columns)
    panels = []
    for panel in PANELS:
        own = [name for name in columns if curves[name] == panel]
        chart = _panel(panel, own, histories, items)
        if chart is not None:
            panels.append(chart)
    if not panels:
        return None

    note = "Over the thousands of real images that D was shown."
    if len(histories) > 1:
        note += " The first seed is strong, the others are faint."
    legend = tuple(dict.fromkeys(items[name] for panel in PANELS for name in columns if curves[name] == panel))
    return Charts("How did the training go?", note, legend, tuple(panels), wide=True)


def _panel(title: str, names: Sequence[str], histories: Sequence[History], items: Mapping[str, LegendItem]) -> Chart | None:
    """One panel; None: no column has two values that it can show."""
    log = title == LOGARITHMIC
    drawn, said = [], []
    for seed, history in reversed(list(enumerate(histories))):  # the first one last, so that it lies above the others
        for name in names:
            points = [(x, y) for x, y in history.get(name, []) if y > 0 or not log]
            if len(points) > 1:
                x, y = zip(*points, strict=True)
                drawn.append(series(x, y, items[name], [_words(name)], strong=seed == 0))
                if seed == 0:
                    said.append(f"{_words(name)} from {rounded(y[0])} to {rounded(y[-1])}")

    if not drawn:
        return None
    data = plot(axis(ACROSS), axis("", log=log), drawn, size=SIZE)
    return Chart("plot", title, f"{title} in the first seed: {'; '.join(said) or 'nothing to see'}.", data)


def _items(columns: Iterable[str]) -> dict[str, LegendItem]:
    """How each column looks: D and G have one colour each wherever they stand, and D is dashed on fakes."""
    items, others = {}, 0
    for name in columns:
        if name.startswith(("d_", "real_")):
            items[name] = LegendItem("D (on reals)", D, "-")
        elif name.startswith("fake_"):
            items[name] = LegendItem("D (on fakes)", D, "--")
        elif name.startswith("g_"):
            items[name] = LegendItem("G", G, "-")
        elif name == "images_per_second":
            items[name] = LegendItem("speed", GREY, "-")
        else:
            items[name] = LegendItem(_words(name), OTHERS[others % len(OTHERS)], "-" if others < len(OTHERS) else "--")
            others += 1
    return items


def _words(name: str) -> str:
    return plain(name.replace("_", " "))


def statistics_charts(statistics: Any, real: Any, doubt: str = "") -> list[Charts]:
    """What gives the fakes away, which classes are dropped, and which modes are missed; of these what there is data of.

    statistics, real  `records.Statistics` of the fakes and of real images; real: None where there are none
    doubt             why counts of classes mislead on this dataset; "": they do not
    """
    found = _traces(statistics, real), _classes(statistics, real, doubt), _modes(statistics)
    return [charts for charts in found if charts is not None]


def _traces(fake: Any, real: Any) -> Charts | None:
    panels = [panel for panel in (_levels(fake, real), _spectrum(fake, real)) if panel is not None]
    if not panels:
        return None
    note = "Where the two lines part, a detector needs no eye for pictures: it can count levels, or look at frequencies."
    return Charts("What gives a fake away?", note, (FAKES, REALS)[: 1 + (real is not None)], tuple(panels))


def _levels(fake: Any, real: Any) -> Chart | None:
    """The share of values at each level, on a logarithmic axis: rare levels betray more than frequent ones."""
    if not any(fake.levels):
        return None
    drawn = []
    for item, shares in _both(fake.levels, real and real.levels):
        points = [(level, 100 * share) for level, share in enumerate(shares) if share > 0]
        drawn.append(series([x for x, _ in points], [y for _, y in points], item, [item.label]))

    words = ALONE
    if real is not None and real.levels:
        gaps = [abs(a - b) for a, b in zip(fake.levels, real.levels, strict=True)]
        level = gaps.index(max(gaps))
        words = (
            f"Fakes and reals differ in {sum(gaps) / 2:.1%} of their values, most at level {level}, "
            f"which {fake.levels[level]:.2%} of the fakes' values have and {real.levels[level]:.2%} of the reals'."
        )
    x_axis = axis("level of a value, 0 to 255", [0, 255], ticks=range(0, 256, 64))
    return Chart("plot", "Levels", words, plot(x_axis, axis("% of values", log=True), drawn, size=IMAGE_SIZE))


def _spectrum(fake: Any, real: Any) -> Chart | None:
    """The mean power at each frequency; GANs often lack the finest detail, or repeat it."""
    if not fake.spectrum:
        return None
    drawn = []
    real = real if real is not None and len(real.spectrum) == len(fake.spectrum) else None  # of other images
    for item, powers in _both(fake.spectrum, real and real.spectrum):
        drawn.append(series([_frequency(ring, len(powers)) for ring in range(len(powers))], powers, item, [item.label]))

    words = ALONE
    if real is not None and real.spectrum:
        gaps = [a - b for a, b in zip(fake.spectrum, real.spectrum, strict=True)]
        ring = max(range(len(gaps)), key=lambda i: abs(gaps[i]))
        more, less = ("fakes", "reals") if gaps[ring] > 0 else ("reals", "fakes")
        words = (
            f"They differ most at {_frequency(ring, len(gaps)):.2f} cycles a pixel, where {more} have "
            f"{10 ** abs(gaps[ring]):.3g} times the power of {less}."
        )
    x_axis = axis("cycles a pixel; right: finest detail", [0.0, 0.5])
    return Chart("plot", "Mean spectrum", words, plot(x_axis, axis("power, log10"), drawn, size=IMAGE_SIZE))


def _frequency(ring: int, n: int) -> float:
    return round(0.5 * ring / max(1, n - 1), 4)


def _both(fake: Sequence[float], real: Sequence[float] | None) -> list[tuple[LegendItem, Sequence[float]]]:
    """The reals first, so that the fakes lie above them."""
    return [*([(REALS, real)] if real else []), (FAKES, fake)]


def _classes(fake: Any, real: Any, doubt: str) -> Charts | None:
    """The share of each class, the most neglected one first."""
    if not fake.classes:
        return None
    of_reals = dict(real.classes) if real is not None else {}
    rows = [_class_row(plain(str(name)), share, of_reals.get(name)) for name, share in fake.classes]
    rows.sort(key=lambda row: row["fake"] / row["real"] if row["real"] else row["fake"])

    dropped = [short(row["label"]) for row in rows if row["missing"]]
    names = f": {listed(dropped)}" if dropped else "."
    alt = f"{len(dropped)} of {len(rows)} classes are dropped{names} By share: {listed([row['tip'] for row in rows])}"
    note = (
        f"The class that {plain(fake.classifier or 'a classifier')} gives to each image. "
        f"A cross: dropped, with less than a tenth of the reals' share. {doubt}"
    ).strip()
    cut = f"; the {MOST_CLASSES} most neglected of {len(rows)} classes" if len(rows) > MOST_CLASSES else ""
    legend = (FAKES._replace(mark="o"), REALS._replace(mark="|"))[: 1 + bool(of_reals)]
    panel = Chart("shares", "", alt, {"rows": rows[:MOST_CLASSES], "text": f"% of images{cut}"})
    return Charts("What is dropped?", note, legend, (panel,))


def _class_row(name: str, share: float, wanted: float | None) -> dict[str, Any]:
    missing = share == 0 if wanted is None else share < COVERED_SHARE * wanted
    beside = "" if wanted is None else f", {wanted:.1%} of the reals"
    tip = f"{short(name)}: {share:.1%} of the fakes{beside}"
    return {"label": name, "fake": share, "real": wanted, "missing": bool(missing), "tip": tip}


def _modes(fake: Any) -> Charts | None:
    """Points over the true modes; a mode is missed where no point comes within NEAR sigma."""
    if not fake.points or not fake.centres:
        return None
    radius, points, centres = NEAR * fake.sigma, np.array(fake.points, dtype=float), np.array(fake.centres, dtype=float)
    is_near = np.linalg.norm(points[:, None] - centres, axis=2) <= radius  # (points, modes)
    missed = [bool(gone) for gone in ~is_near.any(axis=0)]
    reach = 1.35 * float(np.abs(centres).max()) or 1.0
    inside = points[(np.abs(points) <= reach).all(axis=1)].round(4).tolist()

    places = [f"({x:.3g}, {y:.3g})" for (x, y), gone in zip(centres.tolist(), missed, strict=True) if gone]
    names = f": {listed(places)}" if places else "."
    alt = (
        f"{len(places)} of {len(missed)} modes are missed{names} {is_near.any(axis=1).mean():.0%} of the points lie within "
        f"{NEAR} sigma of a mode; {len(points) - len(inside)} of {len(points)} lie beyond the frame."
    )
    drawn = inside[:: max(1, -(-len(inside) // MOST_POINTS))]
    data = {"points": drawn, "centres": centres.tolist(), "missed": missed, "radius": radius, "reach": reach}
    note = f"Dots: what the generator draws. Rings: {NEAR} sigma around the true modes; a cross: no point there."
    return Charts("Where do modes go missing?", note, (), (Chart("modes", "", alt, data),))
