"""Badges: who leads a track and where an entry stands, no more certain than the ranks, and safe whatever the names are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from gan_bench.leaderboard.badges import badge, entry_badge, track_badge
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import Result
from tests.boards import cell, metric, reference, seeds, standings_of

SVG = "{http://www.w3.org/2000/svg}"


def shown(svg: str) -> tuple[str, str]:
    """The two texts of a badge that is well-formed XML."""
    left, right = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return left.text or "", right.text or ""


def title(svg: str) -> str:
    return ElementTree.fromstring(svg).findtext(f"{SVG}title") or ""


def of_entry(s: Standings, label: str) -> str:
    return shown(entry_badge(next(row for row in s.rows if row.label == label), s))[1]


@pytest.mark.parametrize(
    ("results", "value"),
    [
        ([*seeds("cgan", 12.25, 12.35), *seeds("dcgan", 99.0, 99.2)], "cgan FD 12.3"),
        ([*seeds("cgan", 12.0, 14.0), *seeds("dcgan", 11.0, 15.0)], "cgan or dcgan"),
        ([*seeds("cgan", 12.0, 12.1), *seeds("dcgan", 12.05, 12.15), *seeds("wgan", 99.0, 99.1)], "cgan or dcgan"),
        ([r for k in range(6) for r in seeds(f"v{k}", 10.0, 12.0 + k)], "v0, v1, v2 or 3 more"),
        ([*seeds("cgan", 12.0, 12.1), *seeds("dcgan", 99.0, 99.2), *seeds("wgan", 5.0)], "cgan or wgan"),
        ([*seeds("cgan", 12.0), *seeds("dcgan", 99.0)], "no winner yet"),
        ([*seeds("cgan", 12.0, 12.1)], "no winner yet"),
        ([reference("real", metric(1.0))], "no winner yet"),
        ([cell("cgan", status="failed", reason="out of memory")], "no winner yet"),
        ([*seeds("cgan", 12.0, 12.1), cell("dcgan", status="failed", reason="out of memory")], "no winner yet"),
    ],
    ids=[
        "certain",
        "two",
        "two of three",
        "many",
        "one seed",
        "one seed each",
        "alone",
        "references",
        "failed",
        "other failed",
    ],
)
def test_the_leader_of_a_track_is_named_where_it_is_known(results: list[Result], value: str) -> None:
    svg = track_badge(standings_of(*results))
    assert shown(svg) == ("gan-bench cifar10 quick", value)


def test_a_track_of_another_task_says_so() -> None:
    s = standings_of(*seeds("srgan", 1.0, 1.1, task="upscale"), *seeds("srresnet", 9.0, 9.1, task="upscale"))
    assert shown(track_badge(s)) == ("gan-bench cifar10 quick, upscale", "srgan FD 1.05")


def test_where_an_entry_stands() -> None:
    s = standings_of(
        *seeds("a", 10.0, 10.1), *seeds("b", 10.05, 10.15), *seeds("c", 99.0, 99.1), *seeds("one", 7.0),
        *seeds("flattered", 5.0, 5.1, trained_against=("lite0",)), *seeds("broken", 5.0, 5.1, status="failed", reason="bug"),
        reference("noise", metric(4_000.0)),
    )  # fmt: skip
    found = {row.label: of_entry(s, row.label) for row in s.rows}
    assert found == {
        "a": "rank 1-2 of 4, FD 10.1", "b": "rank 1-2 of 4, FD 10.1", "c": "rank 3 of 4, FD 99.0", "one": "1 seed, FD 7",
        "flattered": "not ranked, FD 5.05", "broken": "failed", "noise": "reference, FD 4000",
    }  # fmt: skip


def test_the_title_names_the_extractor_the_counts_and_the_rules() -> None:
    s = standings_of(*seeds("cgan", 12.25, 12.35), *seeds("dcgan", 99.0, 99.2))
    version = s.track.benchmark_version
    exactly = f"FD lite0@64 (5k) ↓, benchmark {version}"
    assert title(track_badge(s)) == f"gan-bench cifar10 quick: cgan FD 12.3; {exactly}"
    assert title(entry_badge(s.rows[0], s)) == f"cgan on gan-bench cifar10 quick: rank 1 of 2, FD 12.3; {exactly}"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"'&<>", "a\nb\tc", "\u202eabc\x00\x1b", "\ud800", "🦆" * 9])
def test_hostile_names_are_shown_as_text(name: str) -> None:
    svg = badge(name, name, colour='"/><script>')
    texts = [*shown(svg), title(svg)]
    assert "<script" not in svg and not any(letter in text for text in texts for letter in "\n\t\u202e\x00\x1b")
    assert svg.encode("utf-8")


def test_long_texts_are_cut_and_the_title_is_whole() -> None:
    svg = badge("l" * 300, "v" * 300)
    label, value = shown(svg)
    assert len(label) + len(value) == 60 and label.endswith("…") and value.endswith("…")
    assert title(svg) == f"{'l' * 300}: {'v' * 300}"


def test_a_badge_is_as_wide_as_its_texts() -> None:
    """Each text has its margins on both sides, and the value begins where the label's part ends."""
    root = ElementTree.fromstring(badge("label", "WWWW"))
    left, right = root.iter(f"{SVG}text")
    ends = [int(text.attrib["x"]) + int(text.attrib["textLength"]) for text in (left, right)]
    assert int(right.attrib["x"]) == ends[0] + 12 and int(root.attrib["width"]) == ends[1] + 6
    assert int(right.attrib["textLength"]) > int(left.attrib["textLength"])
