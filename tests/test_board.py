"""A board as data: how it is written, what it says of results that clash, and that odd records break nothing."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import random
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

from gan_bench.core.differences import certain, holm, rank_intervals, welch
from gan_bench.core.errors import UserError
from gan_bench.core.files import write_if_changed
from gan_bench.leaderboard.board import Board, board_of
from gan_bench.leaderboard.frames import FIELDS
from gan_bench.records import CellRecord, Result, read_record, write_record
from tests.boards import (
    attack,
    attacks,
    build,
    cell,
    detection,
    in_new_process,
    interval,
    judge,
    metric,
    notes,
    reference,
    rows,
    seeds,
)

FORMULAS = ("=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "\uff1d1+1", "\uff201")
LABELS = ("dcgan", "x" * 300, "two\nlines\r\nand | bars", "🦊 *emoji* <b>", "", "../../etc", "=1+1", "a`b`", "$x$ [1](2)")


def lines_of(board: Board) -> list[dict[str, str]]:
    """The lines of leaderboard.csv."""
    return list(csv.DictReader(io.StringIO(board.csv(), newline="")))


# CSV


@pytest.mark.parametrize("name", FORMULAS)
def test_a_text_that_a_spreadsheet_would_carry_out_is_quoted(name: str) -> None:
    board = board_of([
        cell(name, metric(-1.5), metric(2.0, "kid")), cell("dcgan", status="failed", reason=name),
        judge(name, {("leave-one-out", name): 0.8}), reference("real", metric(None, unavailable=name)),
    ])  # fmt: skip
    lines, quoted = lines_of(board), f"'{name}"
    assert {quoted} == {line["variant"] for line in lines if line["kind"] == "variant"} - {"dcgan"}
    assert quoted in {line["reason"] for line in lines} & {line["detector"] for line in lines}
    assert quoted in {line["unavailable"] for line in lines}
    assert "-1.5" in {line["value"] for line in lines}  # a negative number stays a number
    assert rows(board)[name]["variant"] == name  # elsewhere a name is what it is


def test_a_formula_behind_a_semicolon_is_quoted_too() -> None:
    """Where a semicolon separates cells, as in many countries, it begins one."""
    text = board_of([cell("a;=1+1; @x", metric(1.0)), cell("(lr=5e-4, x=-1); y", metric(2.0))]).csv()
    assert "a;'=1+1; '@x" in text and '"(lr=5e-4, x=-1); y"' in text


def test_what_detect_prints_as_csv_is_quoted_and_a_path_is_still_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    from gan_bench.cli.detect import _write_csv
    from gan_bench.detect import JudgedImage, Judgement

    images = [JudgedImage(name, None, -1.5, "unsure", ("@note",)) for name in ("=1+1.png", "a.png")]
    _write_csv(Judgement(None, images, None))  # type: ignore[arg-type]  # the judge is not printed
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (first["path"], second["path"], first["note"], first["logit"]) == ("./=1+1.png", "a.png", "'@note", "-1.5")


def test_the_csv_is_what_pandas_makes_of_the_same_numbers() -> None:
    board = board_of([
        *seeds("dcgan", 10.0, 1e-7), cell("sngan", metric(3.0, interval=interval(2.5, 3.5)), seed=1, cost=None),
        cell('a "quoted", name', status="failed", reason="a\nb", seed=-1), reference("real", metric(None, unavailable="why")),
        judge("dct", {("leave-one-out", "dcgan"): 0.9}, detection("robust", "all", 0.5, corruption="jpeg", severity=1)),
        attacks(attack("evasion", "dct", "dct", 1, 0.5), attack("framing", "dct", "dct", 1, 0.5, None)),
    ])  # fmt: skip
    assert board.csv() == board.frame().to_csv(index=False, lineterminator="\n")
    assert list(board.generators.columns) == list(board.detectors.columns) == list(FIELDS)


# Files


def test_a_file_that_would_not_change_keeps_its_time_stamp(tmp_path: Path) -> None:
    results = [*seeds("dcgan", 1.0, 2.0), judge("dct", {("leave-one-out", "dcgan"): 0.9})]
    build(tmp_path, *results)
    files = sorted((tmp_path / "out").glob("leaderboard.*"))
    assert [file.name for file in files] == ["leaderboard.csv", "leaderboard.json", "leaderboard.md"]
    for file in files:
        os.utime(file, (1, 1))

    build(tmp_path, *results)
    assert [file.stat().st_mtime for file in files] == [1, 1, 1]
    build(tmp_path, *results, *seeds("sngan", 3.0))
    assert all(file.stat().st_mtime > 1 and "sngan" in file.read_text() for file in files)


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"text")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for data in (b"text", b"other"):
        write_if_changed(tmp_path / "link", data)
        assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_bytes() == data
    assert (tmp_path / "elsewhere").read_bytes() == b"text"


def test_a_text_replaces_whatever_bytes_were_there(tmp_path: Path) -> None:
    path = tmp_path / "below" / "a.txt"
    for before in (None, b"\xff", b"text\r\n"):
        if before is not None:
            path.write_bytes(before)
        write_if_changed(path, b"text\n")
        assert path.read_bytes() == b"text\n" and [file.name for file in path.parent.iterdir()] == ["a.txt"]


def test_the_json_holds_the_board_with_a_line_for_each_detection() -> None:
    results = [cell("dcgan", metric(1.0)), judge("dct", {("seen", "dcgan"): 0.9, ("leave-one-out", "dcgan"): 0.123})]
    board = board_of(results)
    assert json.loads(board.json()) == json.loads(json.dumps(board.to_dict()))
    [line] = [line for line in board.json().splitlines() if "0.123" in line and '"leave-one-out"' in line]
    assert json.loads(line.strip().rstrip(","))["detector"] == "dct"


def test_tables_as_data_need_neither_pandas_nor_matplotlib(tmp_path: Path) -> None:
    for part, result in (("cells", cell("dcgan", metric(1.0))), ("detectors", judge("dct", {("seen", "dcgan"): 0.9}))):
        write_record(tmp_path / "run" / part / "record.json", result.record)
    code = (
        "import sys, pathlib\n"
        "from gan_bench.leaderboard.board import board_of\n"
        "from gan_bench.run_folder import read_runs\n"
        "found = read_runs([pathlib.Path(sys.argv[1])])\n"
        "board = board_of(found.results)\n"
        "pathlib.Path(sys.argv[2]).write_text(board.markdown() + board.csv() + board.json())\n"
        "assert not {'pandas', 'matplotlib', 'torch'} & set(sys.modules)\n"
    )
    in_new_process(code, str(tmp_path / "run"), str(tmp_path / "out"))
    assert (tmp_path / "out").read_text().count("dct") > 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"a": 1', b"\xef\xbb\xbf{}", b'"\\ud800"'])
def test_a_file_that_is_no_json_is_named_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"record.json is not a CellRecord, since it is not JSON \(.*\)\.$"):
        read_record(path, CellRecord)


# Results that clash


def test_one_seed_with_two_results_is_named_with_its_run_folders() -> None:
    note = "dcgan seed 0 has two different results, from runs/a and runs/b: both count as seeds."
    a, b, again = (
        cell("dcgan", metric(value), samples_digest=digest, run=f"runs/{run}")
        for value, digest, run in ((1.0, "x", "a"), (2.0, "y", "b"), (1.0, "x", "b"))
    )
    for board in (board_of([a, b]), board_of([b, a])):
        assert note in notes(board) and note in board.markdown()
        assert rows(board)["dcgan"]["metrics"][0]["values"] == (1.0, 2.0)
        assert sorted(map(str, board.standings[0].rows[0].runs)) == ["runs/a", "runs/b"]
    assert "different results" not in notes(board_of([a, again])) and len(rows(board_of([a, again]))["dcgan"]["seeds"]) == 1


def test_a_detector_with_two_results_is_named_too() -> None:
    """The same fakes, on another machine."""
    a, b, again = (
        judge("dct", {("leave-one-out", "dcgan"): auroc}, run=run) for auroc, run in ((0.8, "a"), (0.9, "b"), (0.8, "c"))
    )
    board = board_of([cell("dcgan", metric(1.0)), a, b, again])
    note = "dct seed 0 has two different results, from "
    assert note in notes(board) and note in board.markdown()
    assert rows(board)["dcgan"]["detectability"]["clean"]["values"] in ((0.8, 0.9), (0.9, 0.8))


def test_three_results_of_one_seed_are_three() -> None:
    results = [cell("dcgan", metric(1.0), samples_digest=digest, run=digest) for digest in "xyz"]
    assert "dcgan seed 0 has 3 different results, from x, y and z: all count as seeds." in notes(board_of(results))


def test_one_name_with_two_settings_is_two_entries_and_says_where_each_is_from() -> None:
    results = [
        cell("dcgan", metric(float(width)), settings={"width": width}, run=run, seed=seed)
        for width, run in ((32, "a"), (64, "b"))
        for seed in (0, 1)
    ]
    board = board_of(results)
    first, second = rows(board)
    assert first.startswith("dcgan #") and second.startswith("dcgan #")
    note = f"dcgan stands for 2 entries, which differ in more than their seed: {first} from a; {second} from b."
    assert note in notes(board) and note.replace("<", r"\<") in board.markdown()
    assert "different results" not in notes(board)


# Odd records


def odd_pieces(label: str, value: float) -> dict[str, list[Result]]:
    """Pieces of which boards can be made, each of which may be all that there is."""
    kid = metric(value, "kid", least=None, most=None)
    return {
        "trained": [cell(label, metric(value, interval=interval(value, value)), kid, seed=k) for k in (0, 1)],
        "other": [*seeds("other", value * 0.5, value), *seeds("other", value, dataset="mnist")],
        "failed": [cell("failed", status="failed", reason=label), cell("gone", status="diverged", cost=None, seed=3)],
        "empty": [cell("empty"), cell("none", metric(None), metric(None, "recall", unavailable=label), cost=None)],
        "rows": [reference("real", metric(value)), reference(label, metric(None), external=True, note=label)],
        "judges": [
            judge("dct", {("leave-one-out", label): 1.0, ("seen", "all"): 0.0}, detection("odd", label, 0.5, tier="odd")),
            judge(label, {}), judge("npr", {}, status="failed", reason=label),
        ],
        "attacks": [attacks(attack("evasion", label, "dct", 1, 0.5, None)), attacks(seed=1, status="failed", reason=label)],
    }  # fmt: skip


def subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    found = list(names)
    return list(chain.from_iterable(combinations(found, n) for n in range(len(found) + 1)))


@pytest.mark.parametrize("value", [0.0, 1.5, -3.0, 1e-320, 1e-200, sys.float_info.max, -sys.float_info.max, 1e160])
def test_any_mixture_of_odd_records_makes_a_board(value: float) -> None:
    pieces = odd_pieces("dcgan", value)
    for names in subsets(pieces):
        check(board_of([result for name in names for result in pieces[name]]))


@pytest.mark.parametrize("label", LABELS)
def test_any_label_makes_a_board(label: str) -> None:
    pieces = odd_pieces(label, 2.0)
    for names in [(name,) for name in pieces] + [tuple(pieces)]:
        check(board_of([result for name in names for result in pieces[name]]))


def check(board: Board) -> None:
    """All that a board is written as holds together: strict JSON, whole lines of CSV, whole tables of Markdown."""
    data = json.loads(board.json())
    values = [m["value"] for track in data["tracks"] for row in track["generators"] for m in row["metrics"]]
    assert all(value is None or math.isfinite(value) for value in values)
    assert len(lines_of(board)) == len(board.numbers)

    text = board.markdown()
    assert text.startswith("# gan-bench leaderboard\n\n") and ("No records yet." in text) == (not board.standings)
    for table in text.split("\n\n"):
        if table.startswith("|"):
            bars = [len(line.replace("\\|", "").split("|")) for line in table.splitlines()]
            assert len(set(bars)) == 1 and len(bars) > 2


def test_the_markdown_says_what_is_there() -> None:
    assert board_of([]).markdown() == "# gan-bench leaderboard\n\nNo records yet.\n"
    judged = board_of([judge("dct", {("seen", "all"): 0.75})]).markdown()
    assert "No trained generators yet." in judged and "0.750" in judged
    compared = board_of([reference("real", metric(1.0))]).markdown()
    assert "No trained generators yet." in compared and "to compare with" in compared
    failed = board_of([cell("dcgan", status="failed", reason="no memory")]).markdown()
    assert "No trained" not in failed and "cifar10 dcgan: seed 0 failed: no memory." in failed


def test_values_beyond_what_a_float_can_average_have_a_mean_and_no_interval() -> None:
    largest = sys.float_info.max
    [fd] = rows(board_of(seeds("dcgan", largest, largest / 2)))["dcgan"]["metrics"]
    assert fd["value"] == pytest.approx(largest * 0.75) and fd["low"] is None and fd["seeds"] == 2


def test_a_profile_leaves_out_a_dataset_whose_best_is_not_above_zero() -> None:
    def results(best: float) -> list[Result]:
        values = {"mnist": (1.0, 2.0), "cifar10": (3.0, 6.0), "third": (best, 5.0)}
        return [r for dataset, pair in values.items() for name, v in zip("ab", pair, strict=True)
                for r in seeds(name, v, v, dataset=dataset)]  # fmt: skip

    assert [p.datasets for p in board_of(results(1.0)).profiles] == [("cifar10", "mnist", "third")]
    for best in (0.0, -1.0):
        assert [p.datasets for p in board_of(results(best)).profiles] == [("cifar10", "mnist")]


# The Markdown


def full(names: Sequence[str] = ("dcgan", "sngan")) -> Board:
    precision, recall = (metric(0.4, name, higher_is_better=True, least=0, most=1) for name in ("precision", "recall"))
    generators = [
        cell(name, metric(100.0 * (place + 1) + k), precision, recall, seed=k)
        for place, name in enumerate(names)
        for k in range(3)
    ]
    tests = [
        detection("leave-one-out", name, auroc, tier=tier) for name in names for tier, auroc in (("clean", 0.95), ("web", 0.9))
    ]
    damaged = [detection("robust", "all", auroc, corruption="jpeg", severity=k) for k, auroc in enumerate((0.7, 0.5), 1)]
    return board_of([*generators, reference("real", metric(1.0)), judge("dct", {("seen", "all"): 0.99}, *tests, *damaged)])


def test_the_markdown_has_few_columns_and_a_line_for_each_detector() -> None:
    text = full().markdown()
    tables = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")]
    assert tables[0] == [
        "Rank", "Entry", "FD ↓ lite0@64", "Precision", "Recall", "Detectable clean", "Detectable web", "Seconds",
    ]  # fmt: skip
    assert tables[2] == ["1", "dcgan", "**101** [99, 103]", "0.400", "0.400", "0.950", "0.900", "8"]
    assert ["Detector", "Seen clean", "Leave-one-out clean", "Leave-one-out web", "Damaged"] in tables
    assert ["dct", "0.990", "0.950", "0.900", "0.600"] in tables
    assert "dcgan wins for certain" in text and text.index("### Detectors") < text.index("## Verification")
    assert max(len(line) for line in text.splitlines() if line.startswith("|")) <= 110


def test_one_long_name_does_not_widen_the_other_lines() -> None:
    lines = [line for line in full(("dcgan", "x" * 300)).markdown().splitlines() if line.startswith("|")]
    assert sorted({len(line) for line in lines if "xxx" not in line})[-1] < 150


def test_an_entry_that_alone_has_seeds_enough_wins_nothing() -> None:
    text = board_of([*seeds("dcgan", 1.0, 1.1), *seeds("sngan", 9.0)]).markdown()
    assert "dcgan has the best FD lite0@64, but nobody knows whether it wins" in text and "for certain" not in text


# Ranks of many entries


def test_all_pairs_at_once_give_what_each_pair_gives() -> None:
    made = random.Random(0)
    n_certain = 0
    for _ in range(300):
        means = [made.gauss(0, 3) for _ in range(made.randint(0, 9))]
        entries = [[made.gauss(mean, made.choice((0.0, 0.1, 1.0))) for _ in range(made.randint(2, 5))] for mean in means]
        pairs = list(combinations(range(len(entries)), 2))
        found = [welch(entries[i], entries[j]) for i, j in pairs]
        expected = [
            (i, j) if difference.value > 0 else (j, i)
            for (i, j), difference, differs in zip(pairs, found, holm([d.p for d in found]), strict=True)
            if differs
        ]
        assert list(certain(entries)) == expected
        n_certain += len(expected)
    assert n_certain > 100  # of both kinds there are many


@pytest.mark.parametrize("exponent", [-1040, -600, 0, 600, 1020])
def test_ranks_do_not_depend_on_the_unit(exponent: int) -> None:
    entries = [[1.0, 1.25, 1.5], [5.0, 5.25, 5.5], [5.5, 5.25, 5.0]]
    scaled = [[math.ldexp(value, exponent) for value in values] for values in entries]
    assert rank_intervals(scaled, higher_is_better=False) == [(1, 1), (2, 3), (2, 3)]


def detected_data(**more: Any) -> dict[str, Any]:
    """The measures of the one detection of a board with two seeds, of which the second is `more`."""
    made = [judge("dct", {}, detection("seen", "dcgan", 0.5, **change), seed=k) for k, change in enumerate(({}, more))]
    [found] = board_of(made).to_dict()["tracks"][0]["detectors"]
    measures: dict[str, Any] = found["measures"]
    return measures


def test_a_measure_that_one_seed_lacks_is_averaged_over_the_others() -> None:
    measures = detected_data(unsure=0.25, tpr_at_1=0.5)
    assert (measures["unsure"]["value"], measures["unsure"]["seeds"]) == (0.25, 1)
    assert measures["tpr_at_1"]["value"] == 0.5 and measures["tpr_at_1"]["unavailable"] == ("withheld: fewer than 2,000 reals",)
    assert measures["auroc"]["seeds"] == 2 and "low" not in measures["auroc"]  # equal values: no interval
