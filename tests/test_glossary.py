"""Every number and word of the board has a term, and terms agree with what the registries and the records say."""

from __future__ import annotations

import re

import pytest

from gan_bench.features import EXTRACTORS
from gan_bench.leaderboard.columns import column_of
from gan_bench.leaderboard.detector_tables import MERITS
from gan_bench.leaderboard.frames import COSTS, MEASURES
from gan_bench.leaderboard.glossary import GLOSSARY, HIGHER, LOWER, NEITHER, SECTIONS, Term, range_words, term, term_of
from gan_bench.metrics import METRICS
from gan_bench.records import CONTROLS, PROTOCOLS, TIERS
from tests.boards import metric

DIRECTIONS = {True: HIGHER, False: LOWER, None: NEITHER}
OUTPUTS = {
    output: (higher, kind.ranges[output], kind.paper)
    for kind in map(METRICS.get, METRICS.names())
    for output, higher in kind.outputs.items()
}
ALL = [one for terms in SECTIONS.values() for one in terms]


def test_everything_that_a_board_shows_has_a_term() -> None:
    shown = {*OUTPUTS, *MEASURES, *MERITS, *PROTOCOLS, *CONTROLS, *TIERS, *COSTS, *EXTRACTORS.names()}
    assert not shown - GLOSSARY.keys()


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_metric_has_the_direction_and_the_range_of_the_registry(name: str) -> None:
    higher, words, paper = OUTPUTS[name]
    assert (GLOSSARY[name].direction, GLOSSARY[name].range) == (DIRECTIONS[higher], words)
    assert GLOSSARY[name].paper in ("", paper) or name in ("classes_covered", "class_kl", "smallest_class_share")


@pytest.mark.parametrize("name", MEASURES)
def test_a_figure_of_merit_has_the_direction_and_the_range_of_its_measure(name: str) -> None:
    measure = MEASURES[name]
    assert GLOSSARY[name].direction == DIRECTIONS[measure.higher_is_better]
    assert GLOSSARY[name].range == range_words(measure.least, measure.most)


def test_names_and_titles_are_unique() -> None:
    assert len({one.name for one in ALL}) == len({one.title for one in ALL}) == len(ALL) == len(GLOSSARY)


@pytest.mark.parametrize("one", ALL, ids=[one.name for one in ALL])
def test_a_term_is_whole_and_short(one: Term) -> None:
    """A tooltip holds two sentences; a number has a range and a direction, and says when it misleads."""
    assert bool(one.range) == bool(one.direction)
    assert one.direction in ("", HIGHER, LOWER, NEITHER) and (one.misleads or not one.range)
    for text in (one.what, one.misleads):
        assert text == text.strip() and len(text) <= 320 and (not text or text.endswith("."))
    assert not one.link or (one.paper and re.fullmatch(r"https://(arxiv\.org/abs/\d{4}\.\d{5}|doi\.org/10\.\S+)", one.link))


def test_inceptions_frechet_distance_is_fid_and_no_other_is() -> None:
    assert term_of(column_of(metric(1.0, "fd", "inception"))) is GLOSSARY["fid"]
    assert term_of(column_of(metric(1.0, "fd", "inception-1a2b3c4d"))) is GLOSSARY["fd"]
    assert term_of(column_of(metric(1.0, "fd", "lite0@64"))) is GLOSSARY["fd"]


def test_what_is_not_ours_has_no_term() -> None:
    assert term_of(column_of(metric(1.0, "seed"))) is None  # a plugin's number that has the name of another word
    assert term("my-metric") is None and term("") is None


def test_an_extractor_is_found_by_its_label() -> None:
    assert term("lite0@224") is GLOSSARY["lite0"]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0, 1), "0 to 1"),
        ((0.0, None), "0 or more"),
        ((None, 2.5), "2.5 or less"),
        ((None, None), "any number"),
        ((-1, 1), "-1 to 1"),
    ],
)
def test_ranges_in_words(ends: tuple[float | None, float | None], words: str) -> None:
    assert range_words(*ends) == words
