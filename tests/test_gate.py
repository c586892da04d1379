"""The gate: how often its rule is right, on simulated seeds; what it refuses; and its commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench.budget import Budget
from gan_bench.core.errors import UserError
from gan_bench.gate.baseline import make_baseline, read_baseline, write_baseline
from gan_bench.gate.check import check
from gan_bench.gate.compare import compare
from gan_bench.gate.entries import Subject, Training
from gan_bench.gate.limit import parse_limit
from gan_bench.gate.rule import Decision, Limits, Verdict, between_trainings, decide, seeds_needed, share_in, smallest_found
from gan_bench.gate.samples import between_samples, error_of, pack, unpack
from gan_bench.gate.sources import load_function
from gan_bench.metrics.base import Extracted
from gan_bench.metrics.fd import sampled_frechet_distance
from gan_bench.metrics.measured import interval_of
from gan_bench.records import Interval, MetricValue
from tests.test_differences import TRIALS, real_scatter

ANY = Limits(min_effect=0.0)


def metric(value: float | None, name: str = "fd", extractor: str = "lite0@64", n: int = 5_000, **other: Any) -> MetricValue:
    given = {"higher_is_better": False, "split": "train", "n_real": 10_000} | other
    return MetricValue(name=f"{name}_{extractor}_5k", metric=name, extractor=extractor, value=value, n_fake=n, **given)


def entry(*values: float, **other: Any) -> Subject:
    """An entry with one training for each value of its headline."""
    trainings = tuple(
        Training(seed=seed, samples_digest=f"{seed}-{value}", metrics=(metric(value),)) for seed, value in enumerate(values)
    )
    given = {
        "name": "dcgan", "dataset": "cifar10", "dataset_digest": "d" * 64, "task": "generate", "preset": "quick",
        "extractors": {"lite0@64": "e" * 64}, "trainings": trainings,
    } | other  # fmt: skip
    return Subject(**given)


def decision(old: list[float], new: list[float], limits: Limits = ANY) -> Decision:
    """What the rule says of a metric of which less is better."""
    found = between_trainings(old, new, higher_is_better=False)
    assert not isinstance(found, str)
    return decide(found[0], abs(float(np.mean(old))), limits, found[1])


# The rule, on simulated seeds


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("n_old", "n_new"), [(3, 3), (5, 5), (3, 1)])
def test_an_equal_model_fails_in_at_most_one_check_of_twenty(n_old: int, n_new: int, real: bool) -> None:
    rng = np.random.default_rng(n_old)
    scatter = rng.choice(real_scatter(), size=(TRIALS, 1)) if real else 0.1
    values = 1 + scatter * rng.normal(size=(TRIALS, n_old + n_new))
    failed = [decision(row[:n_old], row[n_old:]).verdict is Verdict.REGRESSED for row in values.tolist()]
    assert np.mean(failed) <= 0.05 + 2.1 * np.sqrt(0.05 * 0.95 / TRIALS)  # by chance in one of fifty


@pytest.mark.parametrize("real", [False, True])
def test_a_model_two_deviations_worse_fails_in_most_checks_of_five_seeds(real: bool) -> None:
    rng = np.random.default_rng(0)
    scatter = rng.choice(real_scatter(), size=(TRIALS, 1)) if real else np.full((TRIALS, 1), 0.1)
    old, new = (1 + scatter * (rng.normal(size=(TRIALS, 5)) + shift) for shift in (0, 2))
    failed = [decision(a, b).verdict is Verdict.REGRESSED for a, b in zip(old.tolist(), new.tolist(), strict=True)]
    assert np.mean(failed) >= 0.85


def test_the_planned_number_of_seeds_finds_the_change_in_four_cases_of_five() -> None:
    rng = np.random.default_rng(1)
    old = [0.8, 1.0, 1.2]  # a standard deviation of .2
    n = seeds_needed(old, Limits(detect=0.5))
    assert n is not None
    noise = 0.2 * rng.normal(size=(TRIALS, 3 + n))
    found = [decision((1 + row[:3]).tolist(), (1.5 + row[3:]).tolist()).verdict is Verdict.REGRESSED for row in noise]
    assert np.mean(found) >= 0.8 - 3 * np.sqrt(0.8 * 0.2 / TRIALS)
    assert seeds_needed([0.5, 1.0, 1.5], Limits(detect=0.01)) is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[2.0, 2.0, 2.0], [-1.0, 0.0, 1.0], [0.0, 0.0]])
def test_seeds_that_tell_nothing_plan_nothing(values: list[float]) -> None:
    assert seeds_needed(values, Limits(detect=0.5)) is None


# The rule, case by case


def test_each_verdict_has_its_case() -> None:
    old = [10.0, 10.1, 9.9]
    assert decision(old, [20.0, 20.2, 19.8]).verdict is Verdict.REGRESSED
    assert decision(old, [9.0, 9.1, 8.9]).verdict is Verdict.PASS
    assert decision([5.0, 10.0, 15.0], [10.0, 6.0, 14.0]).verdict is Verdict.INCONCLUSIVE


def test_a_change_that_does_not_matter_passes() -> None:
    old, new = [10.0, 10.01, 9.99], [10.3, 10.31, 10.29]
    assert decision(old, new, Limits(min_effect=0.05)).verdict is Verdict.PASS
    assert decision(old, new, Limits(min_effect=0.02)).verdict is Verdict.REGRESSED


def test_more_is_better_where_the_metric_says_so() -> None:
    worse, _ = between_trainings([0.9, 0.91, 0.92], [0.5, 0.51, 0.52], higher_is_better=True)
    assert not isinstance(worse, str) and worse.value == pytest.approx(0.4)


@pytest.mark.parametrize(("old", "new"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], [1.0]), ([1.0], [1.0])])
def test_too_few_seeds_are_said(old: list[float], new: list[float]) -> None:
    assert "a training question needs 2 of both, or 3 in the baseline" in str(between_trainings(old, new, False))


@pytest.mark.parametrize("text", ["5", "-5%", "five %", "5 percent", ""])
def test_shares_have_a_unit_and_are_not_negative(text: str) -> None:
    with pytest.raises(UserError, match="give it as in 5%"):
        share_in(text, "--min-effect")


# Whole entries


def test_the_primary_metric_decides_and_the_others_inform() -> None:
    def both(fd: float, kid: float, seed: int) -> Training:
        return Training(seed=seed, samples_digest=f"{fd} {kid}", metrics=(metric(fd), metric(kid, "kid")))

    old = entry(trainings=[both(10 + s / 10, 1 + s / 100, s) for s in range(3)])
    new = entry(trainings=[both(10.05 + s / 10, 5 + s / 100, s) for s in range(3)])
    report = check(make_baseline([old]), [new], Limits())
    found = {one.column: (one.decides, one.decision.verdict) for one in report.checked}
    assert found == {"fd_lite0@64": (True, Verdict.PASS), "kid_lite0@64": (False, Verdict.REGRESSED)}
    assert report.verdict is Verdict.PASS
    assert check(make_baseline([old], "kid_lite0@64"), [new], Limits()).verdict is Verdict.REGRESSED


def test_a_training_that_breaks_is_a_regression_and_one_that_is_absent_is_not_known() -> None:
    old = make_baseline([entry(10.0, 10.1, 9.9), entry(5.0, 5.1, name="wgan")])
    broken = entry(10.0, 10.1, broken=("seed 2 diverged: loss is not finite",))
    report = check(old, [broken], Limits())
    verdicts = {one.entry: one.decision for one in report.checked if one.decides}
    assert verdicts["cifar10 dcgan"].verdict is Verdict.REGRESSED and "diverged" in verdicts["cifar10 dcgan"].reason
    assert verdicts["cifar10 wgan"].verdict is Verdict.INCONCLUSIVE
    assert check(old, [broken, entry(name="wgan", trainings=(), broken=("seed 0 failed: no memory",))], Limits())


def test_a_changed_setting_is_still_the_same_variant() -> None:
    old = entry(1.0, 1.01, 0.99, variant="dcgan", budget=Budget(tflop=6.0))
    new = entry(3.0, 3.01, 2.99, variant="dcgan", name="dcgan (lr=1e-7)", budget=Budget(tflop=6.0))
    other = entry(1.0, 1.01, variant="wgan", name="wgan", budget=Budget(tflop=6.0))
    report = check(make_baseline([old]), [other, new], Limits())
    assert report.verdict is Verdict.REGRESSED and "cifar10 wgan: not in the baseline, so not checked" in report.notes


def test_equal_samples_pass_whatever_their_number() -> None:
    assert check(make_baseline([entry(10.0)]), [entry(10.0)], Limits()).verdict is Verdict.PASS


def test_the_same_weights_are_compared_by_the_error_over_samples() -> None:
    def drawn(value: float, digest: str) -> Subject:
        known = metric(value, interval=Interval(low=value - 0.2, high=value + 0.2, method="over samples"))
        return entry(trainings=(Training(seed=0, samples_digest=digest, metrics=(known,)),))

    old = make_baseline([drawn(10.0, "a")])
    assert check(old, [drawn(10.1, "b")], Limits(), same_model=True).verdict is Verdict.PASS
    assert check(old, [drawn(12.0, "b")], Limits(), same_model=True).verdict is Verdict.REGRESSED
    assert check(old, [drawn(12.0, "b")], Limits()).verdict is Verdict.INCONCLUSIVE

    [worse] = compare(drawn(10.0, "a"), drawn(12.0, "b"), same_model=True)
    assert worse.verdict == "worse" and worse.low is not None and worse.low > 0
    [better] = compare(drawn(12.0, "b"), drawn(10.0, "a"), same_model=True)
    assert better.verdict == "better" and better.high is not None and better.high < 0


def pair_of(latents: Tensor, change: float, rng: torch.Generator) -> tuple[Subject, Subject]:
    """A generator of features with its latents, and the same one, whose features are a little longer and noisier."""
    real = Extracted(torch.randn(5_000, 6, generator=torch.Generator().manual_seed(1)))
    fake = latents.exp() * 0.5
    other = fake * (1 + change) + 0.01 * torch.randn(fake.shape, generator=rng)

    def subject(features: Tensor, digest: str) -> Subject:
        found = sampled_frechet_distance(Extracted(features), real)
        number = metric(float(found), n=len(features), interval=interval_of(found))
        known = {"fd_lite0@64": pack(found.shares)}
        return entry(trainings=(Training(seed=0, samples_digest=digest, metrics=(number,), shares=known),))

    return subject(fake, "a"), subject(other, "b")


def test_samples_of_the_same_latents_are_compared_one_by_one() -> None:
    """The errors of 200 differences are their spread, known to 5 %; without pairing, they are many times as wide."""
    rng = torch.Generator().manual_seed(0)
    pairs = [pair_of(torch.randn(1_000, 6, generator=rng), 0.03, rng) for _ in range(200)]
    found = [between_samples(old, new, "fd_lite0@64") for old, new in pairs]
    differences, tests = zip(*[one for one in found if not isinstance(one, str)], strict=True)
    assert len(differences) == 200 and "one by one" in tests[0]
    spread = np.std([difference.value for difference in differences], ddof=1)
    assert np.mean([difference.error for difference in differences]) == pytest.approx(spread, rel=0.2)

    old, new = (one.model_copy(update={"trainings": (one.trainings[0].model_copy(update={"shares": {}}),)}) for one in pairs[0])
    apart = between_samples(old, new, "fd_lite0@64")
    assert not isinstance(apart, str) and apart[0].error > 5 * spread


def test_pairing_is_harmless_where_the_latents_are_others() -> None:
    rng = torch.Generator().manual_seed(0)
    sets = [pair_of(torch.randn(1_000, 6, generator=rng), 0.0, rng)[0] for _ in range(2)]
    apart = between_samples(*sets, "fd_lite0@64")
    errors = [error_of(one.metrics()["fd_lite0@64"]) or 0.0 for one in sets]
    assert not isinstance(apart, str) and apart[0].error == pytest.approx(np.hypot(*errors), rel=0.1)


def test_the_planned_change_is_found_by_other_samples_in_four_cases_of_five() -> None:
    rng, error, value = np.random.default_rng(0), 0.2, 10.0
    change = smallest_found([error] * 2, value)
    old, new = (value + error * rng.normal(size=(TRIALS, 2)) for _ in range(2))
    new *= 1 + change
    found = new.mean(1) - old.mean(1) > 1.645 * error  # of four sets, two on each side: error * sqrt(4) / 2
    assert np.mean(found) == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / TRIALS))


def test_a_baseline_keeps_the_shares_of_the_metric_that_decides_alone() -> None:
    old, _ = pair_of(torch.randn(100, 6, generator=torch.Generator().manual_seed(0)), 0.0, torch.Generator())
    [training] = old.trainings
    full = training.model_copy(update={"shares": training.shares | {"kid_lite0@64": pack([0.0] * 100)}})
    [kept] = make_baseline([old.model_copy(update={"trainings": (full,)})]).entries
    assert kept.trainings[0].shares == training.shares
    np.testing.assert_array_equal(unpack(pack([0.5, -2.0])), [0.5, -2.0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dataset_digest": "x" * 64}, "the images of cifar10 are others (digest dddddddd, now xxxxxxxx)"),
        ({"extractors": {"lite0@64": "y" * 64}}, "the weights of lite0@64 are others"),
        ({"trainings": (Training(seed=0, samples_digest="", metrics=(metric(1.0, n=1_000),)),)}, "5,000 fakes against 10,000"),
        ({"trainings": (Training(seed=0, samples_digest="", metrics=(metric(1.0, "kid"),)),)}, "it has no fd_lite0@64 here"),
        ({"name": "wgan", "variant": "wgan"}, "nothing here belongs to the baseline"),
    ],
)
def test_what_is_not_comparable_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        check(
            make_baseline([entry(1.0, 2.0, 3.0, variant="dcgan")]), [entry(1.5, 2.5, **{"variant": "dcgan"} | change)], Limits()
        )
    assert sentence in str(refused.value)


def test_what_people_change_is_named() -> None:
    old, new = entry(1.0, 2.0, settings={"lr": 1e-4}), entry(1.1, 2.1, settings={"lr": 2e-4}, testbed={"torch": "3.0"})
    report = check(make_baseline([old.model_copy(update={"testbed": {"torch": "2.14"}})]), [new], Limits())
    assert set(report.notes) == {"cifar10 dcgan: lr was 0.0001, now 0.0002", "cifar10 dcgan: torch was 2.14, now 3.0"}


# Files


def test_a_baseline_survives_the_disk_and_an_edited_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    made = make_baseline([entry(1.0, 2.0)])
    write_baseline(made, path)
    assert read_baseline(path) == made

    path.write_text(path.read_text().replace("2.0", "3.0"))
    with pytest.raises(UserError, match="was changed after it was written"):
        read_baseline(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"benchmark_version": "0.1"}, "is of rules 0.1"),
        ({"entries": []}, "is empty"),
        ({"kind": "cell"}, "kind: Input should be 'baseline'"),
        ({"future": 1}, "future: Extra inputs are not permitted"),
    ],
)
def test_other_baselines_are_refused_by_field(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(json.loads(make_baseline([entry(1.0)]).model_dump_json()) | change))
    with pytest.raises(UserError) as refused:
        read_baseline(path)
    assert sentence in str(refused.value) and str(path) in str(refused.value)


def test_what_is_no_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(No such file"):
        read_baseline(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("not JSON")
    with pytest.raises(UserError, match="is not JSON"):
        read_baseline(tmp_path / "text.json")


# Limits and functions


def test_a_limit_is_held_against_one_column() -> None:
    values = [metric(8.5), metric(None, "kid", unavailable="too few")]
    assert parse_limit("fd_lite0@64 > 8").broken_by(values) == "fd_lite0@64_5k is 8.5, and > 8 fails"
    assert parse_limit("fd_lite0@64_5k>9").broken_by(values) is None
    assert parse_limit("fd_lite0@64 <= 8.5").broken_by(values)
    for text, sentence in (("is > 3", "there is no metric 'is'"), ("kid_lite0@64 > 1", "has no value: too few")):
        with pytest.raises(UserError, match=sentence):
            parse_limit(text).broken_by(values)
    with pytest.raises(UserError, match="is no limit"):
        parse_limit("fd = 8")


@pytest.mark.parametrize(
    ("code", "name", "sentence"),
    [
        ("raise ValueError('boom')", "load", "my_gan.py:1: ValueError: boom."),
        ("x = 1", "load", "has no function 'load'"),
        ("load = 1", "load", "has no function 'load'"),
    ],
)
def test_a_file_without_the_function_is_refused(tmp_path: Path, code: str, name: str, sentence: str) -> None:
    file = tmp_path / "my_gan.py"
    file.write_text(code)
    with pytest.raises(UserError) as refused:
        load_function(f"{file}:{name}")
    assert sentence in str(refused.value)
    with pytest.raises(UserError, match="is not FILE:FUNCTION"):
        load_function(str(tmp_path / "absent.py") + ":load")
