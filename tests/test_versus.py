"""Every entry against every other: the letters agree with the scalar rule, and who is never compared with whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_bench.core.differences import BETTER, WORSE, between_seeds, verdict_of
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.leaderboard.columns import Column, column_of
from gan_bench.leaderboard.rows import Row
from gan_bench.leaderboard.versus import latents_of, verdicts
from gan_bench.records import Code, CodeFile, ExtractorInfo, Result
from tests.boards import cell, column, metric, reference, seeds, standings_of


def rows_of(*results: Result) -> dict[str, Row]:
    return {row.label: row for row in standings_of(*results).rows}


def letters(*results: Result, of: Column | None = None) -> dict[tuple[str, str], str]:
    """(row, other) -> what the row is, held against the other."""
    rows = list(rows_of(*results).values())
    found = verdicts(rows, of or column("fd", "lite0@64"))
    return {(a.label, b.label): found[i][j] for i, a in enumerate(rows) for j, b in enumerate(rows)}


def scalar(row: Row, other: Row, of: Column) -> str:
    """The letter by the rule for one pair, by Welch's test."""
    old, new = (dict(enumerate(r.of(of).values)) for r in (other, row))
    if row is other or not old or not new:
        return "-"
    verdict = verdict_of(between_seeds(old, new, paired_seeds=False)[0], of.higher_is_better)
    return {BETTER: "b", WORSE: "w"}.get(verdict, "u")


@pytest.mark.parametrize("higher", [False, True])
def test_all_pairs_at_once_agree_with_the_rule_for_one_pair(higher: bool) -> None:
    """Entries of 1 to 5 seeds, some without a value, some with equal values, some with values that others have too."""
    rng = np.random.default_rng(int(higher))
    results: list[Result] = []
    for k in range(50):
        scattered = rng.normal(rng.integers(0, 4), rng.choice([0.1, 1.0]), size=rng.integers(1, 6)).round(2)
        values = [float(scattered[0])] * len(scattered) if k % 7 == 0 else scattered.tolist()
        given = [None if rng.random() < 0.1 else value for value in values]
        results += [cell(f"v{k:02d}", metric(value, higher_is_better=higher), seed=seed) for seed, value in enumerate(given)]

    rows = list(rows_of(*results).values())
    of = column_of(metric(1.0, higher_is_better=higher))
    found = verdicts(rows, of)
    assert found == ["".join(scalar(row, other, of) for other in rows) for row in rows]
    assert set("".join(found)) == set("bwu-")


def test_the_better_one_is_the_lower_one_of_a_distance() -> None:
    found = letters(*seeds("low", 1.0, 1.1, 1.2), *seeds("high", 5.0, 5.1, 5.2))
    assert (found["low", "high"], found["high", "low"], found["low", "low"]) == ("b", "w", "-")


def test_a_single_seed_is_never_certain_and_a_missing_value_is_not_compared() -> None:
    found = letters(*seeds("a", 1.0, 1.1), *seeds("b", 900.0), *seeds("c", None, None))
    assert (found["a", "b"], found["b", "a"], found["a", "c"]) == ("u", "u", "-")


def measured(results: list[Result], **fields: Any) -> list[Result]:
    """The same records with other fields."""
    return [one._replace(record=one.record.model_copy(update=fields)) for one in results]


@pytest.mark.parametrize(
    "other",
    [
        {"task": "upscale"},
        {"dataset_digest": "others"},
        {"extractors": {"lite0@64": ExtractorInfo(digest="other weights")}},
    ],
    ids=["task", "images", "weights"],
)
def test_what_was_measured_otherwise_is_not_compared(other: dict[str, Any]) -> None:
    same: dict[str, Any] = {"dataset_digest": "d", "extractors": {"lite0@64": ExtractorInfo(digest="weights")}}
    good = measured(seeds("good", 1.0, 1.1), **same)
    bad = seeds("bad", 8.0, 8.1)
    assert letters(*good, *measured(bad, **same))["good", "bad"] == "b"
    assert letters(*good, *measured(bad, **{**same, **other}))["good", "bad"] == "-"


def test_rows_of_one_name_are_compared_seed_by_seed() -> None:
    """Seeds that differ by far more than the rows do: pairs see the difference, Welch's test does not."""
    values, better = (1.0, 5.0, 9.0), (0.9, 4.89, 8.9)
    one_name = letters(*seeds("dcgan", *values), *seeds("dcgan", *better, metrics=["fd", "pr"], run="other"))
    assert sorted(one_name.values()) == ["-", "-", "b", "w"]
    assert set(letters(*seeds("dcgan", *values), *seeds("wgan", *better)).values()) == {"-", "u"}


def test_a_table_without_rows_has_no_letters() -> None:
    assert verdicts([], column("fd", "lite0@64")) == []


def same_latents(a: Row, b: Row) -> bool:
    return latents_of(a) == latents_of(b) != ""


def latents(name: str, other: dict[str, Any]) -> bool:
    """Whether a cell shares its latents with one of another variant that has these fields besides."""
    fields: dict[str, Any] = {"seed": 1, "settings": {"z_dim": 64}}
    rows = rows_of(cell("dcgan", metric(1.0), **fields), cell(name, metric(2.0), **{**fields, **other}))
    return same_latents(rows["dcgan"], rows[name])


def test_latents_are_the_same_where_seed_and_size_are() -> None:
    assert latents("wgan", {"settings": {"z_dim": 64, "lr": 0.1}})
    assert not latents("wgan", {"seed": 2})
    assert not latents("wgan", {"settings": {"z_dim": 128}})
    assert not latents("wgan", {"settings": {}})
    assert not latents("cyclegan", {"task": "translate"})
    assert not latents("mine", {"code": Code(file="a.py", member="Mine", files={"a.py": CodeFile.of("pass")})})
    assert not latents("wgan", {"status": "failed", "reason": "out of memory"})


@pytest.mark.parametrize("name", VARIANTS.names())
def test_every_variant_draws_its_latents_as_the_base_class_does(name: str) -> None:
    """What `same_latents` counts on."""
    assert VARIANTS.get(name).draw_z is Variant.draw_z


def test_translators_of_one_dataset_start_from_the_same_images_whatever_their_seeds() -> None:
    rows = rows_of(
        cell("cyclegan", metric(1.0), task="translate"), cell("other", metric(1.0), task="translate", seed=3),
        cell("srgan", metric(1.0), task="upscale"), reference("untranslated", metric(1.0)),
    )  # fmt: skip
    assert same_latents(rows["cyclegan"], rows["other"])
    assert not same_latents(rows["cyclegan"], rows["srgan"])
    assert not same_latents(rows["cyclegan"], rows["untranslated"])
