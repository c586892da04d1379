"""The metric that ranks a suite's tables puts what is known in order; what does not is marked in the suite."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from torch import Tensor

from benchmarks.ladder import FEWER, NOISE, REAL, Values, better, faults, measure, not_telling, rungs
from gan_bench import suites
from gan_bench.budget import Budget, parse_preset
from gan_bench.datasets import DATASETS
from gan_bench.generators import VARIANTS
from gan_bench.images.sets import in_memory
from gan_bench.metrics import METRICS
from gan_bench.records import CellSpec, MetricValue, ScoreSpec
from gan_bench.references import real
from gan_bench.sample import build_variant, draw
from gan_bench.scorer import scorer_for
from gan_bench.settings import settings_for
from gan_bench.train import train
from tests.conftest import CPU, ROOT

SUITE_OF = {dataset: suites.load(name) for name in suites.names() for dataset in suites.load(name).datasets}
FAKES, REALS = 250, 500

# dataset -> a variant that learns it in seconds at smoke sizes, and how long it needs. On digits, less is worse than nothing:
# fd_lite0 of dcgan on `mnist` is 1,542 before its training, 3,377 after .05 TFLOP and 1,042 after .2 (of vae 758 after .05); on
# `stacked-mnist` dcgan has one mode before its training and after .1 and .2 TFLOP, and 14 among 250 samples after .3.
LEARNS = {
    "cifar10": ("dcgan", Budget(tflop=0.05)),
    "mnist": ("vae", Budget(tflop=0.05)),
    "ring8": ("vanilla", Budget(steps=3000)),
    "shapes": ("dcgan", Budget(tflop=0.2)),
    "stacked-mnist": ("dcgan", Budget(tflop=0.6)),
}


def score_spec(dataset: str, headline: str | None = None) -> ScoreSpec:
    """A spec that measures what the headline is among, and little else."""
    suite = SUITE_OF[dataset]
    start = headline or suite.headline
    metrics = [name for name in suite.metrics if any(start.startswith(f"{output}_") for output in METRICS.get(name).outputs)]
    extractors = [name for name in suite.extractors if start.endswith(f"_{name}")] or suite.extractors
    return ScoreSpec(
        dataset=dataset, preset="smoke", n_fake=FAKES, n_real=REALS, extractors=tuple(extractors), metrics=tuple(metrics)
    )  # fmt: skip


def headline_of(values: list[MetricValue], start: str) -> MetricValue:
    """The one number that a headline names."""
    (found,) = [value for value in values if value.name.startswith(start)]
    return found


def ladder_of(values: Values, start: str) -> dict[str, MetricValue]:
    """The rungs of the number that a headline names."""
    (found,) = [ladder for ladder in values.values() if ladder[REAL].name.startswith(start)]
    return found


@cache
def generated(dataset: str) -> tuple[Tensor, Tensor]:
    """What a generator makes before its training and after it, from the same latents."""
    name, budget = LEARNS[dataset]
    settings = settings_for(VARIANTS.get(name), dataset, replace(parse_preset("smoke"), budget=budget))
    spec = CellSpec(**dict(score_spec(dataset)), variant=name, seed=0, budget=budget, settings=settings)
    scorer, variant = scorer_for(spec, CPU), build_variant(spec, CPU)

    before = draw(variant, scorer.dataset, 0, "score", FAKES).images
    train(variant, scorer.split.in_memory(), budget, seed=0)
    return before, draw(variant, scorer.dataset, 0, "score", FAKES).images


def before_and_after(dataset: str, headline: str) -> list[MetricValue]:
    """The headline of a generator before its training and after it."""
    scorer = scorer_for(score_spec(dataset, headline), CPU)
    return [headline_of(scorer.score(images, dataset), headline) for images in generated(dataset)]


@pytest.mark.parametrize("dataset", SUITE_OF)
def test_the_headline_orders_a_ladder_of_known_damage(dataset, fetched):
    ladder = ladder_of(measure(score_spec(dataset), CPU), SUITE_OF[dataset].headline)
    assert {REAL, "noisy", FEWER, "mixture", NOISE} <= set(ladder)
    assert faults(ladder) == []


@pytest.mark.parametrize("dataset", LEARNS)
def test_the_headline_of_a_trained_generator_is_better_than_before_its_training(dataset, fetched):
    before, after = before_and_after(dataset, SUITE_OF[dataset].headline)
    assert better(after, before)


def test_each_suite_has_a_dataset_that_is_learnt_here():
    assert all(set(suites.load(name).datasets) & set(LEARNS) for name in suites.names())


def test_the_distance_in_features_of_photographs_calls_a_trained_generator_of_shapes_worse():
    before, after = before_and_after("shapes", "fd_lite0")
    assert better(before, after)  # why the suite is ranked by its factors


def test_suites_mark_exactly_what_the_ladder_says_does_not_tell():
    rows = json.loads((ROOT / "benchmarks" / "results" / "ladder-quick.json").read_text(encoding="utf-8"))["rows"]
    for name in suites.names():
        suite = suites.load(name)
        assert list(suite.not_telling) == not_telling(rows, suite.datasets), name
        assert set(suite.datasets) <= {row["dataset"] for row in rows}


def test_no_mark_hides_a_number_that_tells():
    rows = json.loads((ROOT / "benchmarks" / "results" / "ladder-quick.json").read_text(encoding="utf-8"))["rows"]
    for name in suites.names():
        suite = suites.load(name)
        others = {row["start"] for row in rows if row["dataset"] in suite.datasets} - set(suite.not_telling)
        assert not [start for start in others if start.startswith(suite.not_telling)]
        assert not suite.headline.startswith(suite.not_telling)


def test_the_ladder_starts_at_the_reference_row():
    dataset = DATASETS.create("shapes")
    ladder = rungs(dataset, 300)
    assert ladder[REAL].images.equal(in_memory(real(dataset, 300).images))
    assert {len(rung.images) for rung in ladder.values()} == {300}
    assert FEWER not in rungs(dataset, 600)  # half of the classes have 512 test images


def number(value: float, low: float | None = None, high: float | None = None) -> MetricValue:
    """A recall of the features `raw`."""
    interval = None if low is None else {"low": low, "high": high, "method": "made up"}
    return MetricValue.model_validate({
        "name": "recall_raw_5", "metric": "recall", "extractor": "raw", "value": value, "higher_is_better": True,
        "n_fake": 5, "n_real": 5, "split": "train", "least": 0.0, "most": 1.0, "interval": interval,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("noisy", "noise", "wrong"),
    [
        (number(0.5), number(0.1), []),
        (number(0.95), number(0.1), ["noisy before real"]),
        (number(0.5), number(0.6), ["noise before noisy"]),
        (number(0.5), number(0.95), ["noise before real, noisy"]),
        (number(0.9), number(0.1), ["noisy like real"]),
        (number(0.5, 0.2, 0.8), number(0.3, 0.1, 0.5), ["noise like noisy"]),
        (number(0.0), number(0.0), []),
        (number(0.1), number(0.1), ["noise like noisy"]),
    ],
)
def test_a_fault_is_a_wrong_order_or_a_tie(noisy, noise, wrong):
    assert faults({REAL: number(0.9), "noisy": noisy, NOISE: noise}) == wrong


@pytest.mark.parametrize("metric", ["precision", "density", "high_quality"])
def test_a_tie_is_no_fault_where_the_damage_cannot_be_seen(metric):
    same = number(0.9).model_copy(update={"metric": metric})
    assert faults({REAL: same, FEWER: same, NOISE: number(0.1)}) == []
    assert faults({REAL: same, FEWER: number(0.95), NOISE: number(0.1)}) == [f"{FEWER} before real"]
