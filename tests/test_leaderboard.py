from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import t

from gan_bench import leaderboard
from gan_bench.core.errors import UserError
from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.columns import titles
from gan_bench.records import Cue, Detection, Result
from gan_bench.run_folder import read_runs
from tests.boards import (
    attack,
    attacks,
    build,
    cell,
    column,
    detection,
    generators_of,
    in_new_process,
    interval,
    judge,
    metric,
    notes,
    page,
    png,
    reference,
    result,
    rows,
    table_of,
)

SCRIPT = "<script>alert(1)</script>"


# Aggregation


def test_seeds_are_averaged_with_a_t_interval(tmp_path: Path) -> None:
    numbers = [metric(value, interval=interval(value - 1, value + 1)) for value in (10.0, 12.0, 17.0)]
    board = build(tmp_path, *(cell("dcgan", number, seed=seed) for seed, number in enumerate(numbers)))
    [fd] = rows(board)["dcgan"]["metrics"]
    half = t.ppf(0.975, df=2) * math.sqrt(13.0 / 3)  # variance: (3^2 + 1^2 + 4^2) / 2 = 13
    assert (fd["value"], fd["seeds"]) == (13.0, 3)
    assert (fd["low"], fd["high"]) == pytest.approx((13 - half, 13 + half))
    assert "t interval" in fd["method"]


def test_one_seed_keeps_the_interval_of_its_record(tmp_path: Path) -> None:
    board = build(tmp_path, cell("dcgan", metric(10.0, interval=interval(9.0, 12.0))))
    [fd] = rows(board)["dcgan"]["metrics"]
    assert (fd["low"], fd["high"], fd["method"]) == (9.0, 12.0, "bootstrap over samples")
    assert "One seed: no interval over seeds." in notes(board)


@pytest.mark.parametrize("change", [{"preset": "smoke"}, {"benchmark_version": "99"}, {"dataset": "mnist"}])
def test_tracks_never_share_a_table(tmp_path: Path, change: dict[str, Any]) -> None:
    board = build(tmp_path, cell("dcgan", metric(10.0)), cell("dcgan", metric(20.0), **change))
    tracks = board.to_dict()["tracks"]
    assert sorted(track["generators"][0]["metrics"][0]["value"] for track in tracks) == [10.0, 20.0]


def test_counts_extractors_and_splits_never_share_a_column(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"n_real": 50_000}, {"split": "test"}, {"extractor": "dinov2"}, {"n_fake": 1000}]
    numbers = [metric(float(i), name="one-name", **change) for i, change in enumerate(changes)]
    board = build(tmp_path, cell("dcgan", *numbers))
    assert [m["value"] for m in rows(board)["dcgan"]["metrics"]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    [header, _] = generators_of(board)
    for title in ("FD lite0@64 (5k vs 10k) ↓", "FD lite0@64 (5k vs 50k) ↓", "FD lite0@64 (5k, test) ↓", "FD dinov2 (5k) ↓"):
        assert title in header


def test_one_variant_with_other_settings_is_another_row(tmp_path: Path) -> None:
    results = []
    for run, width, auroc in (("a", 32, 0.9), ("b", 64, 0.8)):
        results.append(cell("dcgan", metric(float(width)), settings={"width": width}, run=run))
        results.append(judge("dct", {("leave-one-out", "dcgan"): auroc}, run=run))
    found = rows(build(tmp_path, *results))
    numbers = [(row["metrics"][0]["value"], row["detectability"]["clean"]["value"]) for row in found.values()]
    assert sorted(numbers) == [(32, 0.9), (64, 0.8)]
    assert all(re.fullmatch(r"dcgan #[0-9a-f]{4}", label) for label in found)


def test_a_seed_found_twice_counts_once_and_the_finished_one_wins(tmp_path: Path) -> None:
    finished = cell("dcgan", metric(10.0), run="a")
    failed = cell("dcgan", status="failed", reason="out of memory", run="b")
    row = rows(build(tmp_path, finished, failed))["dcgan"]
    assert [s["status"] for s in row["seeds"]] == ["done"]
    assert row["metrics"][0]["value"] == 10.0


def test_failed_seeds_are_shown_and_not_averaged(tmp_path: Path) -> None:
    board = build(
        tmp_path,
        cell("dcgan", metric(10.0), seed=0),
        cell("dcgan", metric(14.0), seed=1),
        cell("dcgan", metric(999.0), seed=2, status="diverged", reason="loss is NaN at step 7"),
        cell("sngan", status="failed", reason="out of memory"),
    )
    found = rows(board)
    assert found["dcgan"]["metrics"][0]["value"] == 12.0
    assert found["sngan"]["metrics"] == [] and found["sngan"]["ranks"] is None
    for text in ("2 of 3 seeds", "seed 2 diverged: loss is NaN at step 7", "seed 0 failed: out of memory"):
        assert text in board.markdown() and text in page(tmp_path)


def test_unavailable_metrics_show_a_dash_and_the_reason(tmp_path: Path) -> None:
    numbers = metric(10.0), metric(None, extractor="inception", unavailable="no weights")
    board = build(tmp_path, cell("dcgan", *numbers), cell("sngan", *numbers))
    assert notes(board).count("no weights") == 1  # one note for both rows
    assert "— FID (5k) ↓: no weights" in notes(board)
    assert "<li>— FID (5k) ↓: no weights</li>" in page(tmp_path)
    assert "FID (5k) ↓" not in generators_of(board)[0]  # a column in which nobody has a number is not shown


# Titles


def test_only_the_frechet_distance_of_inception_is_called_fid() -> None:
    columns = [
        column(*c) for c in (("fd", "inception"), ("fd", "lite0@64"), ("fd_infinity", "inception"), ("kid", "inception"))
    ]
    assert [titles(columns)[c] for c in columns] == [
        "FID (5k) ↓",
        "FD lite0@64 (5k) ↓",
        "FD∞ inception (5k) ↓",
        "KID inception (5k) ↓",
    ]


# Detectors


def unseen(variant: str, auroc: float, validated: float, tier: str = "clean", **more: Any) -> Detection:
    return detection("leave-one-out", variant, auroc, validate_auroc=validated, tier=tier, **more)


def test_detectability_is_by_the_detector_that_validation_chose(tmp_path: Path) -> None:
    """The chosen one has the lower AUROC on the tested fakes; by the mean over seeds it has the higher one on validation."""
    results = [cell("dcgan", metric(10.0)), cell("sngan", metric(9.0))]
    for seed, validated in enumerate((0.7, 0.95)):
        results.append(judge("a-lucky", {}, unseen("dcgan", 0.99, 0.8), seed=seed))
        results.append(judge("chosen", {}, unseen("dcgan", 0.6 + seed / 10, validated), seed=seed))
        results.append(judge("saw-it", {("seen", "dcgan"): 1.0}, detection("leave-one-family-out", "dcgan", 1.0), seed=seed))
    found = rows(build(tmp_path, *results))
    assert found["dcgan"]["detectability"]["clean"]["value"] == pytest.approx(0.65)
    assert found["dcgan"]["detectability"]["clean"]["detector"] == "chosen"
    for nothing in (found["sngan"]["detectability"]["clean"], found["dcgan"]["detectability"]["web"]):
        assert (nothing["value"], nothing["detector"]) == (None, None)
        assert nothing["unavailable"] == ("no detector was tested on it under leave-one-out",)


def test_detectability_has_two_columns_in_every_output(tmp_path: Path) -> None:
    names = ("dcgan", "sngan")
    aurocs = {"clean": 0.9, "web": 0.7, "hard": 0.6}
    judges = [
        judge(
            f"best-{best}", {}, *(unseen(v, auroc, float(tier == best), tier) for tier, auroc in aurocs.items() for v in names)
        )
        for best in aurocs
    ]
    board = build(tmp_path, *(cell(name, metric(10.0)) for name in names), *judges)

    detectability = rows(board)["dcgan"]["detectability"]
    assert {tier: (d["value"], d["detector"]) for tier, d in detectability.items()} == {
        tier: (auroc, f"best-{tier}") for tier, auroc in aurocs.items()
    }
    first, entry, *_ = generators_of(board)
    shown = {title: text for title, text in zip(first, entry, strict=True) if title.startswith("Detectability")}
    assert shown == {
        "Detectability clean, at least ↓": "0.900 by best-clean", "Detectability web, at least ↓": "0.700 by best-web",
    }  # fmt: skip
    assert '<td data-order="0.7">0.700<small>by best-web</small></td>' in page(tmp_path)
    with (tmp_path / "out" / "leaderboard.csv").open(newline="") as file:
        found = [row for row in csv.DictReader(file) if row["metric"] == "detectability" and row["entry"] == "dcgan"]
    assert {row["name"]: (row["kind"], float(row["value"]), row["detector"], row["seed"]) for row in found} == {
        f"detectability_{tier}": ("variant", auroc, f"best-{tier}", "0") for tier, auroc in aurocs.items()
    }


def test_a_detector_without_a_validation_fold_cannot_be_chosen(tmp_path: Path) -> None:
    nobody = unseen("dcgan", 0.99, 0.9).model_copy(update={"validate_auroc": None})
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {}, nobody))
    assert rows(board)["dcgan"]["detectability"]["clean"]["detector"] is None
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {}, nobody), judge("npr", {}, unseen("dcgan", 0.6, 0.5)))
    assert rows(board)["dcgan"]["detectability"]["clean"]["detector"] == "npr"


def test_detector_tables_show_everything_and_failures(tmp_path: Path) -> None:
    board = build(
        tmp_path,
        cell("dcgan", metric(10.0)),
        judge("dct", {("seen", "dcgan"): 0.81234}),
        judge("npr", {}, status="failed", reason="out of memory"),
    )
    assert "0.812" in board.markdown() and "detector npr: seed 0 failed: out of memory" in board.markdown()
    assert "npr, seed 0 failed: out of memory" in notes(board)
    for text in ("0.812", "npr, seed 0 failed: out of memory"):
        assert text in page(tmp_path)
    for text in ("0.610", "0.620", "logistic on spectra"):
        assert text in page(tmp_path)
    [detector] = board.to_dict()["tracks"][0]["detectors"]
    assert detector["measures"]["auroc"]["value"] == 0.81234


def test_each_tier_has_its_own_tables(tmp_path: Path) -> None:
    web = detection("seen", "dcgan", 0.7, tier="web")
    results = [cell("dcgan", metric(10.0)), judge("dct", {("seen", "dcgan"): 0.9, ("new-seed", "dcgan"): 0.91}, web)]
    board = build(tmp_path, *results)
    assert "— Detectability: no detector was fitted without the variant that it was tested on" in notes(board)
    assert table_of(board, "AUROC by tested variant, clean") == [
        ["Detector", "Protocol", "dcgan"], ["dct", "seen", "0.900"], ["dct", "new-seed", "0.910"],
    ]  # fmt: skip
    assert table_of(board, "AUROC by tested variant, web")[1:] == [["dct", "seen", "0.700"]]
    for text in (board.markdown(), notes(board), page(tmp_path, "*/detectors.html")):
        assert not re.search(r"Detectors, hard|Robustness|Attacks|Leakage audit|Variation between seeds|gives fakes away", text)


def test_the_matrix_is_of_the_detector_that_validation_chose(tmp_path: Path) -> None:
    def pairs(auroc: float) -> list[Detection]:
        names = ("dcgan", "wgan")
        return [detection("matrix", b, auroc if a == b else auroc - 0.3, fitted_on=(a,)) for a in names for b in names]

    board = build(
        tmp_path,
        *(cell(name, metric(fd)) for name, fd in (("wgan", 9.0), ("dcgan", 10.0))),
        judge("good", {}, detection("seen", "all", 0.7, validate_auroc=0.9), *pairs(0.8)),
        judge("lucky", {}, detection("seen", "all", 0.99, validate_auroc=0.6), *pairs(1.0)),
        judge("no-matrix", {}, detection("seen", "all", 0.99, validate_auroc=1.0)),
    )
    assert table_of(board, "AUROC of good, clean: fitted on one variant, tested on each") == [
        ["Fitted on", "wgan", "dcgan"], ["wgan", "0.800", "0.500"], ["dcgan", "0.500", "0.800"],
    ]  # fmt: skip
    assert "matrix" not in [row[1] for row in table_of(board, "AUROC by tested variant, clean")]


def test_the_best_detectors_of_a_protocol_are_bold_from_two_seeds_on(tmp_path: Path) -> None:
    def board(n_seeds: int) -> Board:
        aurocs = {"good": 0.9, "bad": 0.6}
        judges = [
            judge(name, {("seen", "dcgan"): auroc + seed / 1000, ("leave-one-out", "dcgan"): 0.7 + seed / 1000}, seed=seed)
            for name, auroc in aurocs.items() for seed in range(n_seeds)
        ]  # fmt: skip
        return build(tmp_path, cell("dcgan", metric(10.0)), *judges)

    two = {tuple(row[:2]): row[2].startswith("**") for row in table_of(board(2), "AUROC by tested variant, clean")[1:]}
    assert [where for where, bold in two.items() if bold] == [("good", "seen")]  # of equals none stands out
    assert not any("**" in text for row in table_of(board(1), "AUROC by tested variant, clean") for text in row)


def test_figures_of_merit_are_shown_and_withheld_where_there_are_few_reals(tmp_path: Path) -> None:
    seen = detection("seen", "dcgan", 0.8, tpr_at_5=0.345, unsure=0.123, flip_rate=0.045)
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {}, seen))
    [table] = re.findall(r'aria-label="All figures of merit, clean[^"]*">(.*?)</table>', page(tmp_path), re.DOTALL)
    for text in ("0.610", "0.940", "0.430", "0.640", "0.345", "0.360", "0.110", "0.210", "1.610", "0.123", "0.045"):
        assert f">{text}</td>" in table
    assert 'data-tip="withheld: fewer than 2,000 reals">withheld</td>' in table
    assert table.count(">withheld<") == 1 and "oracle: " in table and "Oracle accuracy" in table
    [detector] = board.to_dict()["tracks"][0]["detectors"]
    assert detector["measures"]["tpr_at_5"]["value"] == 0.345 and detector["measures"]["tpr_at_1"]["value"] is None


# What trivial statistics tell


@pytest.mark.parametrize(
    ("detector", "auroc", "marked"),
    [("pixels", 0.901, True), ("pixels", 0.9, False), ("pixels+aug", 0.99, False), ("dct", 0.99, False)],
)
def test_fakes_that_trivial_statistics_tell_are_marked_on_that_tier_alone(
    tmp_path: Path, detector: str, auroc: float, marked: bool
) -> None:
    web = detection("seen", "dcgan", 0.89, tier="web")
    unseen_too = detection("leave-one-out", "sngan", 0.99)  # only the seen protocol counts
    board = build(
        tmp_path, cell("dcgan", metric(10.0)), cell("sngan", metric(11.0)),
        judge(detector, {("seen", "dcgan"): auroc, ("seen", "sngan"): 0.6}, web, unseen_too),
    )  # fmt: skip
    text = notes(board)
    note = "§ trivial pixel statistics alone tell these fakes: dcgan 0.901 (AUROC of pixels, seen)."
    assert text.count("trivial pixel statistics") == int(marked) and (note in text) == marked
    headers = [table_of(board, f"AUROC by tested variant, {tier}")[0][2:] for tier in ("clean", "web")]
    assert headers == [["dcgan §" if marked else "dcgan", "sngan"], ["dcgan"]]
    assert ("dcgan §" in page(tmp_path)) == marked


# The leakage audit


def control(name: str, auroc: float, low: float, high: float, tier: str = "clean") -> Detection:
    return detection(name, "real", auroc, tier=tier, auroc_interval=interval(low, high))


def test_the_audit_says_in_words_whether_controls_are_as_they_should_be(tmp_path: Path) -> None:
    sound = [control(name, 0.51, 0.47, 0.55) for name in ("real-vs-real", "train-vs-test", "shuffled-labels")]
    others = [detection("re-encoded", "all", 0.8, auroc_interval=interval(0.7, 0.9)), detection("seen", "all", 0.95)]
    leaking = control("train-vs-test", 0.6, 0.56, 0.64), control("real-vs-real", 0.5, 0.5, 0.52)
    web = detection("shuffled-labels", "real", 0.5, tier="web")
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {}, *sound, *others, web), judge("npr", {}, *leaking))
    assert table_of(board, "AUROC of controls") == [
        ["Detector", "Delivery", "seen", "real-vs-real", "train-vs-test", "shuffled-labels", "re-encoded", "Verdict"],
        ["dct", "clean", "0.950", *["0.510 [0.470, 0.550] chance"] * 3, "0.800 [0.700, 0.900]", "as it should be"],
        ["npr", "clean", "—", "0.500 [0.500, 0.520] chance", "0.600 [0.560, 0.640] not chance", "—", "—",
         "not chance: train-vs-test"],
        ["dct", "web", "—", "—", "—", "0.500", "—", "no interval to judge by"],
    ]  # fmt: skip
    words = {(a["detector"], a["control"]): a["verdict"] for a in board.to_dict()["tracks"][0]["audit"]}
    assert words["dct", "re-encoded"] is None
    assert (words["npr", "real-vs-real"], words["npr", "train-vs-test"]) == ("as it should be", "not chance")


def test_trivial_statistics_stand_in_the_audit(tmp_path: Path) -> None:
    board = build(
        tmp_path, cell("dcgan", metric(10.0)), judge("pixels", {("seen", "all"): 0.97}), judge("dct", {("seen", "all"): 0.8})
    )
    assert table_of(board, "AUROC of controls") == [
        ["Detector", "Delivery", "seen", "Verdict"], ["pixels", "clean", "0.970", ""],
    ]  # fmt: skip


# Damage and attacks


def damage(corruption: str, *aurocs: float, right: float = 0.9) -> list[Detection]:
    """All of one corruption, from severity 1; of the reals, `right` are called real at the threshold."""
    return [
        detection("robust", "all", auroc, corruption=corruption, severity=severity, real_accuracy_at_threshold=right)
        for severity, auroc in enumerate(aurocs, 1)
    ]


def test_robustness_shows_the_mean_and_both_ends(tmp_path: Path) -> None:
    seen = detection("seen", "all", 0.95, real_accuracy_at_threshold=0.96)
    robust = [*damage("jpeg", 0.9, 0.8, 0.7, right=0.75), *damage("blur", 0.6)]
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {}, seen, *robust))
    assert table_of(board, "AUROC on damaged images") == [
        ["Detector", "Undamaged", "blur", "jpeg"], ["dct", "0.950", "0.600", "0.800 0.900 → 0.700"],
    ]  # fmt: skip
    alarms = table_of(board, "Share of damaged reals called fake at the threshold")
    assert alarms[1] == ["dct", "0.040", "0.100", "0.250 0.250 → 0.250"]
    assert 'data-tip="severity 1: 0.900, severity 2: 0.800, severity 3: 0.700"' in page(tmp_path)
    assert "Which damage breaks a detector?" in page(tmp_path, "*/detectors.html")
    detections = re.findall(r'aria-label="All figures of merit, clean[^"]*">(.*?)</table>', page(tmp_path), re.DOTALL)[0]
    assert detections.count("<tr") == 2 and "robust" not in detections


def test_attacks_are_averaged_over_seeds_and_their_doubts_are_said(tmp_path: Path) -> None:
    made = []
    for seed, auroc in enumerate((0.3, 0.4)):
        own = [attack("evasion", "dct", "dct", eps, auroc / eps, 0.8) for eps in (1, 2)]
        other = attack("evasion", "dct", "npr", 2, 0.7, None), attack("framing", "npr", "npr", 8, 0.1, 1.0)
        made.append(attacks(*own, *other, seed=seed, flags={"dct": ("its logits differ between two looks",)}))
    failed = attacks(seed=2, status="failed", reason="out of memory")
    board = build(tmp_path, cell("dcgan", metric(10.0)), judge("dct", {("seen", "dcgan"): 0.8}), *made, failed)
    text = notes(board)
    [header, itself, transferred] = table_of(board, "Evasion: fakes changed to pass as real")
    assert header == ["Attacked", "Shown to", "eps 1", "eps 2", "Images"]
    assert itself[:2] == ["dct", "dct (itself)"] and itself[4] == "50"
    assert itself[2].startswith("0.350 [") and itself[2].endswith("] success 0.800") and itself[3].startswith("0.175 [")
    assert transferred == ["dct", "npr", "—", "0.700 success —", "50"]
    [header, framed] = table_of(board, "Framing: reals changed to pass as fake")
    assert header[2:] == ["eps 8", "Images"] and framed[2].startswith("0.100")
    assert "The gradients of dct may hide weaknesses: its logits differ between two looks (seed 0, 1)." in text
    assert "attacks, seed 2 failed: out of memory" in text
    assert len(board.to_dict()["tracks"][0]["attacks"]) == 4


# Variation, and why


def test_variation_between_fits_is_told_apart_from_that_between_gan_seeds(tmp_path: Path) -> None:
    aurocs = {0: (0.80, 0.82), 1: (0.90, 0.90)}  # seed -> seen, refitted
    judges = []
    for seed, (a, b) in aurocs.items():
        pooled = detection("seen", "all", 0.1 + 0.8 * seed)  # holds the same fakes once more, so it does not count
        judges.append(judge("npr", {("seen", "dcgan"): a, ("refitted", "dcgan"): b}, pooled, seed=seed))
    judges += [
        judge("dct", {("seen", "dcgan"): 0.7}),
        judge("lbp", {("seen", "dcgan"): 0.7}, detection("refitted", "dcgan", 0.8)),
    ]
    board = build(tmp_path, cell("dcgan", metric(10.0)), *judges)
    fits, gans = math.sqrt(0.02**2 / 2 / 2), math.sqrt(0.05**2 + 0.05**2)  # the variance of a pair is (a - b)^2 / 2
    assert table_of(board, "Standard deviation of the AUROC, seen") == [
        ["Detector", "Delivery", "Between fits", "Between GAN seeds"],
        ["lbp", "clean", f"{0.1 / math.sqrt(2):.4f} 1 pairs", "—"],
        ["npr", "clean", f"{fits:.4f} 2 pairs", f"{gans:.4f} 2 seeds"],
    ]


def test_what_gives_fakes_away_is_shown(tmp_path: Path) -> None:
    picture = tmp_path / "explained.png"
    picture.write_bytes(png("what it sees"))
    cues = {"clean": (Cue(feature="level 3", weight=1.5), Cue(feature="border", weight=-0.25)), "web": ()}
    made = judge("pixels", {("seen", "dcgan"): 0.8}, explained="shares of the levels", cues=cues)
    without = judge("dct", {("seen", "dcgan"): 0.8}, explained="its picture is lost")
    build(tmp_path, cell("dcgan", metric(10.0)), made._replace(files={"explained": picture}), without)
    [path] = re.findall(r'<img src="../([^"]+explained.png)"', page(tmp_path, "*/detectors.html"))
    assert (tmp_path / "out" / path).read_bytes() == picture.read_bytes()
    assert "<b>pixels</b>: shares of the levels" in page(tmp_path) and "its picture is lost</figcaption>" not in page(tmp_path)
    own = page(tmp_path, "*/detectors/pixels.html")
    assert "<dt>clean</dt><dd><code>level 3 +1.5</code> <code>border -0.25</code> </dd>" in own and "<dt>web" not in own


# What is written


def crowded(detector: str, variant: str, pictures: Path) -> list[Result]:
    """Records that fill every table, chart and list of detectors; `detector` and `variant` are names that somebody chose."""
    detections = [
        *(detection("leave-one-out", variant, 0.8, tier=tier, fitted_on=(variant,)) for tier in ("clean", "web", "hard")),
        *(detection("seen", name, 0.95, tier="web") for name in (variant, "all")),
        detection("seen", "all", 0.9), detection("matrix", variant, 0.9, fitted_on=(variant,)),
        control("real-vs-real", 0.6, 0.55, 0.65), *damage(detector, 0.9, 0.8), *damage("jpeg", 0.7),
    ]  # fmt: skip
    pairs = {("seen", variant): 0.95, ("refitted", variant): 0.9}
    more: dict[str, Any] = {"explained": detector, "cues": {detector: (Cue(feature=detector, weight=1.0),)}}
    judges = [judge(name, pairs, *detections, seed=seed, **more) for name in (detector, "pixels") for seed in (0, 1)]
    shown = [result(r.record, "run", pictures, "explained") for r in judges]
    goals = [attack(goal, detector, "pixels", 8, 0.1) for goal in ("evasion", "framing")]
    return [*shown, attacks(*goals, flags={detector: (detector,)}), attacks(seed=1, status="failed", reason=detector)]


def test_names_and_reasons_are_escaped(tmp_path: Path) -> None:
    name = f"a|b{SCRIPT}"
    board = build(
        tmp_path,
        cell(name, metric(10.0), title=SCRIPT, paper="javascript:alert(1)", warnings=(SCRIPT,)),
        cell("dcgan", status="failed", reason=SCRIPT, dataset=f"folder:{SCRIPT}"),
        reference(SCRIPT, metric(None, unavailable=SCRIPT), external=True, note=SCRIPT),
        judge("dct", {(SCRIPT, name): 0.8}, method=SCRIPT),
        *crowded(SCRIPT, name, tmp_path / "pictures"),
    )
    for title in (
        "Detectors, hard",
        "Leakage audit",
        "Robustness",
        "Variation between seeds",
        "Attacks",
        "What gives fakes away",
    ):
        assert title in page(tmp_path)
    assert SCRIPT not in page(tmp_path) and "&lt;script&gt;alert(1)" in page(tmp_path)
    assert 'href="javascript' not in page(tmp_path)
    assert r"a\|b" in board.markdown() and not re.search(r"(?<!\\)<", board.markdown())
    for table in re.findall(r"(?:^\|.*\n)+", board.markdown(), re.MULTILINE):  # a bar in a name opens no column
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_numbers_are_rounded_on_the_page_only(tmp_path: Path) -> None:
    board = build(tmp_path, cell("dcgan", metric(12.3456789), seed=3))
    assert "| 12.3" in re.sub(r"\*\*| +(?= )", "", board.markdown())
    with (tmp_path / "out" / "leaderboard.csv").open(newline="") as file:
        fd, *costs = csv.DictReader(file)
    assert (fd["dataset"], fd["kind"], fd["variant"], fd["seed"], fd["name"]) == (
        "cifar10",
        "variant",
        "dcgan",
        "3",
        "fd_lite0@64_5k",
    )
    assert fd["value"] == "12.3456789"
    assert {c["name"]: float(c["value"]) for c in costs}["generator_parameters"] == 1_200_000
    stored = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
    assert stored["tracks"][0]["generators"][0]["metrics"][0]["value"] == 12.3456789


def test_same_records_same_bytes(tmp_path: Path) -> None:
    results: dict[str, list[Result]] = {}
    for seed, run in enumerate("ab"):
        pictures = tmp_path / f"pictures-{run}"
        aurocs = {("leave-one-out", "dcgan"): 0.8, ("leave-one-out", f"gan-{run}"): 0.7}
        results[run] = [
            cell("dcgan", metric(10.0), seed=seed, run=run, pictures=pictures),
            cell(f"gan-{run}", metric(11.0), run=run, pictures=pictures),
            judge("dct", aurocs, seed=seed, run=run),
            *crowded("npr", "dcgan", pictures),
        ]
    written = []
    for order in ("ab", "ba"):
        out = tmp_path / f"out-{order}"
        leaderboard.build([r for run in order for r in results[run]], out)
        written.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert len(written[0]) > 5
    assert written[0] == written[1]


def test_mistakes_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for runs, sentence in (
        ([], "no run folder given"),
        ([tmp_path / "absent"], "is not a folder"),
        ([tmp_path / "empty"], "holds no records"),
    ):
        with pytest.raises(UserError, match=sentence):
            leaderboard.build(read_runs(runs).results, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_leaderboard_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from gan_bench import leaderboard, records\n"
        "assert 'pandas' not in sys.modules and 'matplotlib' not in sys.modules, 'importing leaderboard must be cheap'\n"
        "record = records.CellRecord.model_validate_json(sys.argv[1])\n"
        "leaderboard.build([records.Result(pathlib.Path('run'), record, {})], pathlib.Path(sys.argv[2]))\n"
        "assert 'torch' not in sys.modules, 'the leaderboard must not import torch'\n"
    )
    in_new_process(code, cell("dcgan", metric(10.0)).record.model_dump_json(), str(tmp_path / "out"))
    assert "dcgan" in page(tmp_path)


def test_the_page_imports_nothing_above_records() -> None:
    code = (
        "import sys, gan_bench.leaderboard.pages.build\n"
        "allowed = ('gan_bench.core', 'gan_bench.records', 'gan_bench.budget', 'gan_bench.leaderboard')\n"
        "tops = ('gan_bench', 'generators', 'detectors', 'leaderboard')\n"
        "ours = {name for name in sys.modules if name.split('.')[0] in tops}\n"
        "inside = {name for name in ours for part in allowed if name == part or name.startswith(part + '.')}\n"
        "assert ours - inside == {'gan_bench'}, ours - inside\n"
        "assert 'torch' not in sys.modules, 'the page must not import torch'\n"
    )
    in_new_process(code)


def test_a_warning_that_repeats_why_a_column_is_empty_is_said_once(tmp_path: Path) -> None:
    missing = metric(None, extractor="inception", unavailable="extractor 'inception': its weights are not here")
    warnings = ("extractor 'inception' is not available: its weights are not here; its columns stay empty.", "another")
    text = notes(build(tmp_path, cell("dcgan", metric(10.0), missing, warnings=warnings)))
    assert text.count("its weights are not here") == 1 and "Warning in the records: another" in text
