"""The charts of the pages: what they say, that they are safe and readable, and that what is kept is not drawn again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from PIL import Image

from gan_bench.leaderboard.charts import Chart, Charts, ChartStore, LegendItem, looks
from gan_bench.leaderboard.charts.base import LONGEST, axis, fitted, look_of, plot, series, short, wide
from gan_bench.leaderboard.charts.card import social_picture
from gan_bench.leaderboard.charts.detectors import damage_charts, pairs_charts
from gan_bench.leaderboard.charts.entry import curve_charts, statistics_charts
from gan_bench.leaderboard.charts.palette import VARIABLES, legend_mark
from gan_bench.leaderboard.charts.profile import profile_charts
from gan_bench.leaderboard.charts.scales import named, scale
from gan_bench.leaderboard.charts.track import compute_charts, detectability_charts, faithful_charts, headline_charts
from gan_bench.leaderboard.entries import entries_of
from gan_bench.leaderboard.frames import detector_frame, generator_frame
from gan_bench.leaderboard.profile import profiles
from gan_bench.leaderboard.standings import Standings, all_standings
from gan_bench.records import Detection, Result, TableRules
from tests.boards import COST, cell, detection, interval, judge, metric, reference, seeds

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "a$b$c",
    "two\nlines",
    "W" * 300,
    "😀 漢字" * 9,
    "\x1b[31m\x00red",
    '"><img src=x>',
    "=1+1",
    "",
)
ITEM = LegendItem("dcgan", 0, "o")


def standings(*results: Result, **rules: TableRules) -> list[Standings]:
    entries = entries_of(results)
    return all_standings(generator_frame(entries), detector_frame(entries), entries, rules)


def one(*results: Result, **rules: TableRules) -> Standings:
    [found] = standings(*results, **rules)
    return found


def look(*all_of_them: Standings) -> dict[str, LegendItem]:
    return looks(label for s in all_of_them for label in [*(row.label for row in s.rows), *(d.detector for d in s.detected)])


def drawn(chart: Chart, folder: Path) -> Element:
    return ElementTree.fromstring(ChartStore(folder).svg(chart))


def texts(svg: Element) -> list[str]:
    return ["".join(element.itertext()) for element in svg.iter(f"{SVG}text")]


def tips(svg: Element) -> list[str]:
    """What hovering shows; not the title of the whole."""
    return [title.text or "" for title in svg.iter(f"{SVG}title") if "id" not in title.attrib]


def panel(charts: Charts | None) -> Chart:
    assert charts is not None
    [only] = charts.panels
    return only


def pairs(*names: str, auroc: float = 0.9) -> list[Detection]:
    return [detection("matrix", b, auroc if a == b else auroc - 0.3, fitted_on=(a,)) for a in names for b in names]


def damage(corruption: str, *aurocs: float) -> list[Detection]:
    return [detection("robust", "all", a, corruption=corruption, severity=severity) for severity, a in enumerate(aurocs, 1)]


def statistics(**known: Any) -> SimpleNamespace:
    empty: dict[str, Any] = {"levels": [], "spectrum": [], "classes": [], "classifier": "", "points": [], "centres": []}
    return SimpleNamespace(**{**empty, "sigma": 0.1, "n": 100, **known})


def history(path: Path, n: int = 3, **columns: str) -> Path:
    """A history with a line for each name: `columns` is column -> formula of the row's number i."""
    names = ["step", "kimg", *columns]
    lines = [
        ",".join(map(str, [i, i / 10, *(eval(formula, {"i": i}) for formula in columns.values())])) for i in range(1, n + 1)
    ]
    path.write_text("\n".join([",".join(names), *lines]) + "\n")
    return path


def every_chart(tmp_path: Path, *names: str) -> Iterator[Chart]:
    """All charts of a leaderboard, of which every name that somebody chose is one of `names`."""
    first = names[0]
    results = [reference("real", metric(1.0), metric(0.7, "precision"), metric(0.6, "recall"))]
    for dataset, name in product(("cifar10", "mnist"), names):
        numbers = [metric(20.0 + len(name), interval=interval(15.0, 400.0)), metric(0.5, "precision"), metric(0.1, "recall")]
        results.append(cell(name, *numbers, dataset=dataset))
        dear = COST.model_copy(update={"tflop": 99.0})
        results.append(cell(name, *numbers, dataset=dataset, preset="standard", cost=dear))
    unseen = [detection("leave-one-out", name, 0.9, tier=tier) for name in names for tier in ("clean", "web")]
    results += [judge(name, {("seen", "all"): 0.9}, *unseen, *damage(first, 0.8, 0.6), *pairs(*names)) for name in names]

    found = standings(*results)
    known = look(*found)
    s = next(s for s in found if (s.track.dataset, s.track.preset) == ("cifar10", "quick"))
    same = [s for s in found if s.track.dataset == "cifar10"]
    fake = statistics(
        levels=[1 / 256] * 256, spectrum=[2.0, 1.0, 0.0], classes=[(name, 1 / len(names)) for name in names],
        classifier=first, points=[(0.0, 0.0), (9.0, 9.0)], centres=[(0.0, 0.0), (1.0, 1.0)],
    )  # fmt: skip
    files = [history(tmp_path / f"{i}.csv", d_loss="i", g_gradient="i") for i in range(2)]
    curves = {"d_loss": "Losses", "g_gradient": "Gradient norm"}
    for charts in (
        headline_charts(s, known), compute_charts(same, known), faithful_charts(s, known), detectability_charts(s, known),
        damage_charts(s, known), pairs_charts(s, "clean"), *(profile_charts(p, known) for p in profiles(found)),
        curve_charts(files, curves), *statistics_charts(fake, fake),
    ):  # fmt: skip
        assert charts is not None
        yield from charts.panels


# What is written


def test_every_chart_is_one_safe_element_of_variables_alone(tmp_path: Path) -> None:
    store, ids = ChartStore(tmp_path / "charts"), []
    charts = list(every_chart(tmp_path, "dcgan", "sngan"))
    assert {chart.kind for chart in charts} == {"plot", "intervals", "heat", "shares", "modes"}
    for chart in charts:
        text = store.svg(chart)
        svg = ElementTree.fromstring(text)
        assert text.startswith("<svg ") and (svg.get("class"), svg.get("role")) == ("chart", "img")
        named = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
        assert [named[name] for name in svg.get("aria-labelledby", "").split()] == [t for t in (chart.title, chart.alt) if t]
        ids += list(named)

        assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}" and float(svg.get("width", "999")) <= 360
        assert not re.search(r": ?#[0-9a-fA-F]{3}", text), "a colour that does not follow the theme"
        assert set(re.findall(r"var\((--[\w-]+)", text)) <= set(VARIABLES)
        assert not re.search(r"clip|metadata|<style|xlink|<!|font-family", text)
        assert all(float(size) >= 11 for size in re.findall(r"font-size: ([\d.]+)px", text))
    assert len(ids) == len(set(ids)), "ids must be unique on a page with all charts"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_never_wider_than_their_place(tmp_path: Path, name: str) -> None:
    for chart in every_chart(tmp_path, name, "sngan"):
        svg = drawn(chart, tmp_path / "charts")
        assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= {
            "svg", "title", "desc", "g", "defs", "path", "use", "text",
        }  # fmt: skip
        labels = texts(svg)
        assert all(wide(label) <= 360 for label in labels)
        if name.isascii() and 0 < len(name) <= LONGEST and chart.kind == "intervals":
            assert " ".join("".join(c if c.isprintable() else " " for c in name).split()) in labels


def test_a_short_label_fits_its_place_whatever_its_characters() -> None:
    assert short("two\nlines\x00") == "two lines" and short("dcgan") == "dcgan"
    for label in ("x" * 300, "W" * 28, "漢" * 28, "i" * 29):
        assert short(label).endswith("…") and len(short(label)) <= LONGEST and wide(short(label)) <= 180
    assert fitted("ab", 0.0) == "…"


def test_colours_can_be_seen_on_both_themes() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    least = {f"--c{i}": 3.0 for i in range(7)} | {"--chart-ink": 4.5, "--chart-faint": 4.5}  # WCAG 2.2, 1.4.11 and 1.4.3
    for name, wanted in least.items():
        light, dark = VARIABLES[name]
        assert contrast(light, "#ffffff") >= wanted and contrast(dark, "#1b1f23") >= wanted, name


def test_a_label_looks_the_same_whatever_else_is_there() -> None:
    names = [f"v{i:02}" for i in range(56)]
    known = looks(reversed(names))
    assert known == looks([*names, *names]) and len({item[1:] for item in known.values()}) == len(names)
    assert look_of(known, "unknown") == LegendItem("unknown", 6, "o")


def test_the_mark_of_a_legend_is_drawn_for_every_mark_that_charts_use() -> None:
    used = {item.mark for item in looks(map(str, range(8))).values()} | {"-", "--", "|"}
    for mark in used:
        assert "var(--c2" in ElementTree.tostring(ElementTree.fromstring(legend_mark(LegendItem("x", 2, mark))), "unicode")


@pytest.mark.parametrize(
    ("values", "log", "ticks"),
    [
        ([0.0, 3500.0], False, ["0", "1000", "2000", "3000"]),
        ([0.1, 100.0], True, ["0.1", "1", "10", "100"]),
        ([8.0, 90.0], True, ["10", "30"]),
        ([5.0, 5.0], False, None),
        ([5.0, 5.0], True, None),
        ([-2.0, -1.0], False, None),
        ([2e-9, 2e-8], True, None),
    ],
)
def test_an_axis_names_a_few_round_values_within_its_ends(values: list[float], log: bool, ticks: list[str] | None) -> None:
    found = scale(values, log)
    assert found.low <= min(values) and max(values) <= found.high and found.low < found.high
    assert 2 <= len(found.ticks) <= 6 and all(found.low <= tick <= found.high for tick in found.ticks)
    assert [float(label) for label in found.labels] == pytest.approx(found.ticks) and (
        ticks is None or found.labels[: len(ticks)] == ticks
    )


def test_numbers_of_an_axis_are_written_short() -> None:
    assert [named(value) for value in (0.5, 1500.0, 2e-5, 1e7)] == ["0.5", "1500", "2e-5", "1e7"]


# What is kept


def sample(title: str = "one", y: float = 2.0) -> Chart:
    return Chart("plot", title, "its text", plot(axis("x"), axis("y"), [series([1.0, 2.0], [1.0, y], ITEM, ["a", "b <c>"])]))


def test_what_did_not_change_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ChartStore(tmp_path / "a").svg(sample())
    assert ChartStore(tmp_path / "b").svg(sample()) == first
    [kept] = (tmp_path / "a").iterdir()
    assert kept.read_text() == first

    from gan_bench.leaderboard.charts import drawings

    monkeypatch.setattr(drawings, "draw", lambda chart, key: "drawn again")
    store = ChartStore(tmp_path / "a")
    assert store.svg(sample()) == first
    for other in (sample("two"), sample(y=3.0), Chart("plot", "one", "another text", sample().data)):
        assert store.svg(other) == "drawn again"


def test_kept_charts_need_no_matplotlib(tmp_path: Path) -> None:
    chart = sample()
    svg = ChartStore(tmp_path).svg(chart)
    code = (
        "import json, pathlib, sys\n"
        "from gan_bench.leaderboard.charts import Chart, ChartStore\n"
        "from gan_bench.leaderboard.charts import detectors, entry, palette, profile, track, card\n"
        "print(ChartStore(pathlib.Path(sys.argv[1])).svg(Chart(*json.loads(sys.argv[2]))), end='')\n"
        "assert 'matplotlib' not in sys.modules and 'torch' not in sys.modules\n"
    )
    asked = json.dumps([chart.kind, chart.title, chart.alt, chart.data])
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path), asked], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout == svg


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</svg>", "<script>alert(1)</script></svg>"),
        ("</svg>", "<foreignObject/></svg>"),
        ("</svg>", "<style>*{}</style></svg>"),
        ("</svg>", "<image/></svg>"),
        ("</svg>", "<a>x</a></svg>"),
        ("</svg>", "<!-- a comment --></svg>"),
        ("</svg>", ""),
        ("<svg ", '<svg onload="alert(1)" '),
        ("<svg ", '<svg style="position: fixed" '),
        ("<svg ", "<!DOCTYPE svg><svg "),
        ("<svg ", '<svg xmlns:x="urn:x" x:y="1" '),
        (' href="#c', ' href="https://example.org/#c'),
        (' href="#c', ' href="#d'),
        (' id="c', ' id="d'),
        ("fill: var(", "fill: url("),
        ("stroke: ", "background: "),
    ],
)
def test_a_kept_chart_that_holds_anything_else_is_drawn_again(tmp_path: Path, old: str, new: str) -> None:
    drawn_once = ChartStore(tmp_path).svg(sample())
    [kept] = tmp_path.iterdir()
    assert old in drawn_once
    kept.write_text(drawn_once.replace(old, new, 1))
    assert ChartStore(tmp_path).svg(sample()) == drawn_once == kept.read_text()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"<svg/>", b"<p>hello</p>", b"x" * 5_000_000])
def test_a_kept_file_that_is_no_chart_is_drawn_again(tmp_path: Path, content: bytes) -> None:
    first = ChartStore(tmp_path).svg(sample())
    [kept] = tmp_path.iterdir()
    kept.write_bytes(content)
    assert ChartStore(tmp_path).svg(sample()) == first


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = ChartStore(tmp_path / "file" / "charts")
    assert store.svg(sample()).startswith("<svg ")
    store.tidy()


def test_tidy_deletes_charts_that_nobody_asked_for_and_nothing_else(tmp_path: Path) -> None:
    ChartStore(tmp_path).svg(sample("old"))
    store = ChartStore(tmp_path)
    store.svg(sample("new"))
    (tmp_path / "mine.svg").write_text("of the user")
    before = {path.name for path in tmp_path.iterdir()}
    store.tidy()
    after = {path.name for path in tmp_path.iterdir()}
    assert len(before) == 3 and len(after) == 2 and "mine.svg" in after
    assert store.svg(sample("new")) and {path.name for path in tmp_path.iterdir()} == after


def test_marks_say_their_values_when_hovered_over(tmp_path: Path) -> None:
    svg = drawn(sample(), tmp_path)
    assert tips(svg) == ["a", "b <c>"]
    assert [len(use.findall(f"{SVG}title")) for use in svg.iter(f"{SVG}use")] == [1, 1]


# Which is best


def test_each_task_has_a_panel_in_the_order_of_the_table_with_a_line_for_the_reals(tmp_path: Path) -> None:
    s = one(
        *seeds("b", 12.0, 12.2), *seeds("a", 30.0, 31.0), cell("c", metric(50.0), task="translate"),
        cell("failed", status="failed", reason="no memory"), reference("real", metric(3.5)),
    )  # fmt: skip
    charts = headline_charts(s, look(s))
    assert charts is not None and [p.title for p in charts.panels] == ["from latents", "translate"]
    first = charts.panels[0]
    assert [row["label"] for row in first.data["rows"]] == ["b", "a"] and first.data["real"] == 3.5
    assert "wins for certain" in first.alt and "b 12.1 [" in first.alt and "The real images have 3.50" in first.alt
    svg = drawn(first, tmp_path)
    assert [text for text in texts(svg) if text in ("a", "b", "real")] == ["b", "a", "real"]
    assert any(tip.startswith("a 30.5 [") for tip in tips(svg))


def test_a_track_without_numbers_has_no_charts() -> None:
    s = one(cell("dcgan", status="failed", reason="no memory"), reference("real", metric(3.0)))
    known = look(s)
    assert [f(s, known) for f in (headline_charts, faithful_charts, detectability_charts, damage_charts)] == [None] * 4
    assert compute_charts([s], known) is None and compute_charts([], known) is None and pairs_charts(s, "clean") is None


def test_of_many_entries_the_best_are_shown_and_the_axis_says_so() -> None:
    s = one(*(cell(f"v{i:02}", metric(float(i + 1))) for i in range(45)))
    shown = panel(headline_charts(s, look(s)))
    assert len(shown.data["rows"]) == 40 and shown.data["rows"][0]["label"] == "v00"
    assert shown.data["text"].endswith("the best 40 of 45") and "and 28 more." in shown.alt


def test_an_entry_trained_against_the_number_is_marked_and_explained() -> None:
    s = one(cell("pgan", metric(5.0), trained_against=("lite0",)), cell("dcgan", metric(9.0)))
    charts = headline_charts(s, look(s))
    assert charts is not None and "‡" in charts.note
    assert [row["label"] for row in panel(charts).data["rows"]] == ["pgan‡", "dcgan"]


# Compute


def spent(name: str, value: float, tflop: float, seconds: float = 100.0, **more: Any) -> Result:
    cost = COST.model_copy(update={"tflop": tflop, "train_seconds": seconds})
    return cell(name, metric(value, **more.pop("metric", {})), cost=cost, **more)


def test_budgets_of_one_variant_are_joined_by_a_line() -> None:
    found = standings(
        spent("a", 50.0, 8.0), spent("b", 60.0, 8.0), spent("a", 20.0, 80.0, preset="standard"), reference("real", metric(2.0))
    )
    charts = compute_charts(found, look(*found))
    a, b = panel(charts).data["series"]
    assert (a["x"], a["y"], a["line"], b["x"], b["line"]) == ([8.0, 80.0], [50.0, 20.0], "-", [8.0], "")
    assert panel(charts).data["x"]["text"].startswith("TFLOP") and panel(charts).data["rules"][0]["at"] == 2.0
    assert "a, standard: FD lite0@64 20 for 80 TFLOP" in panel(charts).alt


@pytest.mark.parametrize(
    ("tflop", "seconds", "axis_text"),
    [((8.0, 12.0), (1.0, 1.0), "TFLOP"), ((8.0, 11.9), (10.0, 15.0), "seconds"), ((8.0, 11.9), (10.0, 14.9), None)],
)
def test_the_cost_that_differs_is_shown(tflop: Any, seconds: Any, axis_text: str | None) -> None:
    found = standings(*(spent(name, 9.0, t, s) for name, t, s in zip("ab", tflop, seconds, strict=True)))
    charts = compute_charts(found, look(*found))
    assert (charts is None) if axis_text is None else panel(charts).data["x"]["text"].startswith(axis_text)


def test_scores_of_other_counts_of_images_never_share_a_panel() -> None:
    small: dict[str, Any] = {"preset": "smoke", "metric": {"n_fake": 256}}
    found = standings(
        spent("a", 50.0, 8.0), spent("b", 60.0, 80.0), spent("a", 9.0, 1.0, **small), spent("b", 9.0, 2.0, **small)
    )
    charts = compute_charts(found, look(*found))
    assert charts is not None and sorted(len(p.data["series"]) for p in charts.panels) == [2, 2]
    assert all(len(drawn["x"]) == 1 for p in charts.panels for drawn in p.data["series"])
    assert len({p.title for p in charts.panels}) == 2


# Faithful or diverse


def fidelity(precision: float, recall: float, extractor: str = "lite0@64") -> list[Any]:
    return [metric(precision, "precision", extractor), metric(recall, "recall", extractor)]


def test_precision_and_recall_come_from_the_extractor_of_the_headline(tmp_path: Path) -> None:
    s = one(
        cell("a", metric(9.0), *fidelity(0.1, 0.2, "mnist-cnn"), *fidelity(0.8, 0.3)),
        reference("noise", metric(99.0), *fidelity(0.9, 0.0)), reference("real", metric(1.0), *fidelity(0.7, 0.6)),
    )  # fmt: skip
    charts = faithful_charts(s, look(s))
    points = {drawn["tips"][0].split(":")[0]: (drawn["x"], drawn["y"]) for drawn in panel(charts).data["series"]}
    assert points == {"a": ([0.3], [0.8]), "noise": ([0.0], [0.9]), "real": ([0.6], [0.7])}  # recall across, precision up
    assert {"noise", "real"} <= set(texts(drawn(panel(charts), tmp_path)))
    assert charts is not None and [item.label for item in charts.legend] == ["a"] and "not telling" not in charts.note


def test_precision_that_does_not_tell_is_flagged() -> None:
    results = cell("a", metric(9.0), *fidelity(0.8, 0.3)), cell("b", metric(8.0), *fidelity(0.7, 0.3))
    s = one(*results, cifar10=TableRules("fd_lite0", ("precision_",)))
    charts = faithful_charts(s, look(s))
    assert charts is not None and "Here precision is not telling" in charts.note


def test_precision_without_recall_of_the_same_images_is_no_chart() -> None:
    s = one(cell("a", metric(9.0), metric(0.8, "precision"), metric(0.3, "recall", n_fake=256)))
    assert faithful_charts(s, look(s)) is None


def test_names_beside_marks_never_cover_a_mark_or_another_name(tmp_path: Path) -> None:
    names = [{"x": 0.5, "y": 0.5 + i / 1000, "text": f"reference-{i}"} for i in range(12)]
    marks = [series([text["x"]], [text["y"]], ITEM) for text in names]
    svg = drawn(Chart("plot", "", "x", plot(axis("x", [0, 1]), axis("y", [0, 1]), marks, texts=names)), tmp_path)
    places = [
        (float(e.get("x", "")), float(e.get("y", ""))) for e in svg.iter(f"{SVG}text") if (e.text or "").startswith("refer")
    ]
    assert 2 <= len(places) < 12
    for i, (x, y) in enumerate(places):
        assert all(abs(y - other_y) >= 11 or abs(x - other_x) >= wide("reference-0") for other_x, other_y in places[:i])


# Detectors


def test_detectability_has_a_panel_for_each_tier_and_needs_two_variants() -> None:
    unseen = [detection("leave-one-out", name, 0.8, tier=tier) for name in ("a", "b") for tier in ("clean", "web", "hard")]
    cells = [cell(name, metric(10.0)) for name in ("a", "b")]
    s = one(*cells, judge("dct", {}, *unseen[:3], *unseen[3:4]))
    charts = detectability_charts(s, look(s))
    assert charts is not None and {p.title: len(p.data["series"]) for p in charts.panels} == {"clean": 2, "web": 1}
    assert "a: FD lite0@64 10, AUROC 0.800 by dct" in charts.panels[0].alt
    alone = one(cells[0], judge("dct", {}, *unseen[:3]))
    assert detectability_charts(alone, look(alone)) is None


def test_damage_has_a_panel_for_each_corruption_and_starts_undamaged(tmp_path: Path) -> None:
    robust = [*damage("jpeg", 0.9, 0.8, 0.7), *damage("blur", 0.6)]
    judges = [judge("dct", {("seen", "all"): 0.95}, *robust), judge("npr", {}, *damage("jpeg", 0.9, 0.85))]
    s = one(cell("dcgan", metric(10.0)), *judges)
    charts = damage_charts(s, look(s))
    assert charts is not None
    lines = {p.title: {tuple(zip(d["x"], d["y"], strict=True)): d["colour"] for d in p.data["series"]} for p in charts.panels}
    jpeg, npr = ((0, 0.95), (1, 0.9), (2, 0.8), (3, 0.7)), ((1, 0.9), (2, 0.85))
    assert list(lines) == ["blur", "jpeg"] and set(lines["jpeg"]) == {jpeg, npr} and len(lines["blur"]) == 1
    assert lines["jpeg"][jpeg] == lines["blur"][((0, 0.95), (1, 0.6))] != lines["jpeg"][npr]
    assert "dct 0.950 → 0.700" in charts.panels[1].alt and "npr, severity 2: AUROC 0.850" in tips(
        drawn(charts.panels[1], tmp_path)
    )


def test_the_heat_map_has_what_was_fitted_in_rows_and_what_was_tested_in_columns(tmp_path: Path) -> None:
    found = [detection("matrix", "b", 0.6, fitted_on=("a",)), detection("matrix", "a", 0.9, fitted_on=("b",))]
    s = one(cell("a", metric(9.0)), cell("b", metric(10.0)), judge("dct", {("seen", "all"): 0.9}, *found))
    chart = panel(pairs_charts(s, "clean"))
    assert (chart.data["rows"], chart.data["columns"], chart.data["values"]) == (
        ["a", "b"],
        ["a", "b"],
        [[None, 0.6], [0.9, None]],
    )
    svg = drawn(chart, tmp_path)
    assert tips(svg) == ["a → b: 0.600", "b → a: 0.900"] and {"0.60", "0.90"} <= set(texts(svg))
    assert "fitted on a, it is worst on b: 0.600" in chart.alt and pairs_charts(s, "web") is None


def test_a_heat_map_of_many_variants_stays_within_the_width_of_a_telephone(tmp_path: Path) -> None:
    names = [f"variant-with-a-long-name-{i}" for i in range(25)]
    s = one(*(cell(name, metric(9.0)) for name in names), judge("dct", {("seen", "all"): 0.9}, *pairs(*names)))
    charts = pairs_charts(s, "clean")
    assert charts is not None and "the first 20" in charts.note
    svg = drawn(panel(charts), tmp_path)
    assert len(tips(svg)) == 400 and float(svg.get("width", "")) <= 360


# Profiles


def test_a_profile_is_drawn_as_the_steps_of_its_shares() -> None:
    first = [*seeds("a", 10.0, 10.0), *seeds("b", 12.0, 12.0)]
    second = [*seeds("a", 60.0, 24.0, dataset="mnist"), *seeds("b", 20.0, 20.0, dataset="mnist")]
    [profile] = profiles(standings(*first, *second))
    lines = {line["tips"][0]: line for line in panel(profile_charts(profile, {})).data["series"]}
    b = list(zip(lines["b"]["x"], lines["b"]["y"], strict=True))
    assert b[:4] == [(1.0, 0.5), (1.2, 0.5), (1.2, 1.0), (b[3][0], 1.0)] and "band" not in lines["b"]
    x, low, high = lines["a"]["band"]
    assert max(h - low_ for h, low_ in zip(high, low, strict=True)) == 0.5 and x[-1] > 3


# Trainings

CURVES = {
    "d_loss": "Losses", "g_loss": "Losses", "cycle": "Losses",
    "real_logits": "D's mean output", "fake_logits": "D's mean output",
    "d_gradient": "Gradient norm", "g_gradient": "Gradient norm", "images_per_second": "Images/s", "absent": "D's accuracy",
}  # fmt: skip


def test_each_network_has_one_colour_in_every_panel(tmp_path: Path) -> None:
    columns = {name: "i" for name in CURVES if name != "absent"}
    charts = curve_charts([history(tmp_path / "h.csv", **columns)], CURVES)
    assert charts is not None
    assert [p.title for p in charts.panels] == ["Losses", "D's mean output", "Gradient norm", "Images/s"]
    found = {p.title: {d["tips"][0]: (d["colour"], d["line"]) for d in p.data["series"]} for p in charts.panels}
    d, g = found["Losses"]["d loss"], found["Losses"]["g loss"]
    assert found["Gradient norm"] == {"d gradient": d, "g gradient": g} and d[0] != g[0]
    assert found["D's mean output"] == {"real logits": (d[0], "-"), "fake logits": (d[0], "--")}
    others = {found["Losses"]["cycle"][0], found["Images/s"]["images per second"][0]}
    assert len(others) == 2 and not others & {d[0], g[0]}
    assert [item.label for item in charts.legend] == ["D (on reals)", "G", "cycle", "D (on fakes)", "speed"]


def test_all_seeds_share_a_panel_and_the_first_is_strong(tmp_path: Path) -> None:
    files = [history(tmp_path / f"{seed}.csv", d_loss=f"i + {seed}") for seed in range(3)]
    charts = curve_charts(files, CURVES)
    drawn = panel(charts).data["series"]
    assert [(line["y"][0], line["strong"]) for line in drawn] == [
        (3.0, False),
        (2.0, False),
        (1.0, True),
    ]  # the last lies on top
    assert charts is not None and "first seed" in charts.note and "d loss from 1 to 3" in panel(charts).alt


def test_long_histories_are_thinned_and_keep_their_ends(tmp_path: Path) -> None:
    [line] = panel(curve_charts([history(tmp_path / "h.csv", n=5000, d_loss="i")], CURVES)).data["series"]
    assert 100 <= len(line["x"]) <= 300 and (line["y"][0], line["y"][-1]) == (1.0, 5000.0)


@pytest.mark.parametrize(
    "content",
    [b"", b"kimg,d_loss\n", b"kimg,d_loss\n1,2\n", b"\xff\xfe\x00", b"no,such,columns\n1,2,3\n", b"kimg,d_loss\nx,y\nnan,inf\n",
     b"kimg,d_loss\n1\n2\n", b'kimg,d_loss\n"1', b"kimg,d_loss\n1,\x00\n2,\x00\n", b"\n\n\n"],
)  # fmt: skip
def test_a_damaged_history_gives_no_panel_and_no_exception(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    assert curve_charts([tmp_path / "bad.csv", tmp_path / "absent.csv", tmp_path], CURVES) is None
    good = history(tmp_path / "good.csv", d_loss="i")
    assert len(panel(curve_charts([tmp_path / "bad.csv", good], CURVES)).data["series"]) == 1


def test_gaps_and_values_that_a_logarithm_lacks_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("kimg,g_gradient,d_loss\n1,0,\n2,10,\n3,-1,5\n4,20,6\n")
    charts = curve_charts([path], CURVES)
    assert charts is not None
    assert {p.title: (p.data["series"][0]["x"], p.data["series"][0]["y"]) for p in charts.panels} == {
        "Losses": ([3.0, 4.0], [5.0, 6.0]), "Gradient norm": ([2.0, 4.0], [10.0, 20.0]),
    }  # fmt: skip
    assert drawn(charts.panels[1], tmp_path / "charts") is not None


def test_a_panel_whose_values_are_all_zero_is_left_out_of_a_logarithm(tmp_path: Path) -> None:
    assert curve_charts([history(tmp_path / "h.csv", g_gradient="0")], CURVES) is None


# Images


def test_the_largest_gaps_of_levels_and_spectra_are_told() -> None:
    fake = statistics(levels=[0.5, 0.5] + [0.0] * 254, spectrum=[3.0, 1.0, 0.0])
    real = statistics(levels=[0.75, 0.25] + [0.0] * 254, spectrum=[3.0, 2.0, 0.5])
    [charts] = statistics_charts(fake, real)
    levels, spectrum = charts.panels
    assert "differ in 25.0% of their values, most at level 0, which 50.00% of the fakes' values have and 75.00%" in levels.alt
    assert "at 0.25 cycles a pixel, where reals have 10 times the power of fakes" in spectrum.alt
    assert [line["x"] for line in levels.data["series"]] == [[0, 1], [0, 1]]  # levels that never occur have no logarithm
    [alone] = statistics_charts(fake, None)
    assert [len(p.data["series"]) for p in alone.panels] == [1, 1] and len(alone.legend) == 1


def test_a_class_with_less_than_a_tenth_of_its_share_is_dropped() -> None:
    fake = statistics(classes=[("cat", 0.019), ("dog", 0.021), ("ship", 0.96)], classifier="cifar10-resnet")
    real = statistics(classes=[["cat", 0.2], ["dog", 0.2], ["ship", 0.6]])
    [charts] = statistics_charts(fake, real)
    rows = panel(charts).data["rows"]
    assert [(row["label"], row["missing"]) for row in rows] == [("cat", True), ("dog", False), ("ship", False)]
    assert (
        panel(charts).alt.startswith("1 of 3 classes are dropped: cat.")
        and "cat: 1.9% of the fakes, 20.0% of the reals" in panel(charts).alt
    )
    assert "cifar10-resnet" in charts.note


def test_of_many_classes_the_most_neglected_are_shown() -> None:
    fake = statistics(classes=[(str(i), i / 4950) for i in range(100)])
    [charts] = statistics_charts(fake, statistics(classes=[(str(i), 0.01) for i in range(100)]))
    rows = panel(charts).data["rows"]
    assert len(rows) == 40 and rows[0]["label"] == "0" and "40 most neglected of 100" in panel(charts).data["text"]


def test_a_mode_without_a_point_within_three_sigma_is_missed(tmp_path: Path) -> None:
    fake = statistics(points=[(0.0, 0.29), (1.0, 1.31), (50.0, 0.0)], centres=[(0.0, 0.0), (1.0, 1.0)], sigma=0.1)
    [charts] = statistics_charts(fake, None)
    chart = panel(charts)
    assert chart.data["missed"] == [False, True] and len(chart.data["points"]) == 2
    assert chart.alt.startswith("1 of 2 modes are missed: (1, 1).")
    assert "33% of the points" in chart.alt and "1 of 3 lie beyond the frame" in chart.alt
    assert tips(drawn(chart, tmp_path)) == ["missed: no point near (1, 1)"]


def test_nothing_measured_gives_no_charts() -> None:
    assert statistics_charts(statistics(), statistics()) == []


# The picture for links


def test_the_picture_for_links_is_drawn_once(tmp_path: Path) -> None:
    path = tmp_path / "card.png"
    social_picture("A board 😀 漢", ["cifar10 quick: cgan wins, FD 12.3", "W" * 300, "\x00<b>$x$</b>"], path)
    with Image.open(path) as image:
        assert (image.size, image.format) == ((1200, 630), "PNG") and len(image.convert("RGB").getcolors(1 << 20) or []) > 50
    first = path.read_bytes()
    os.utime(path, ns=(0, 0))
    social_picture("A board 😀 漢", ["cifar10 quick: cgan wins, FD 12.3", "W" * 300, "\x00<b>$x$</b>"], path)
    assert path.stat().st_mtime_ns == 0

    social_picture("Another", [], path)
    assert path.read_bytes() != first
    path.write_bytes(b"damaged")
    social_picture("A board 😀 漢", ["cifar10 quick: cgan wins, FD 12.3", "W" * 300, "\x00<b>$x$</b>"], path)
    assert path.read_bytes() == first
