"""The command that makes a record again: its plan holds exactly that record's spec. What is not known is asked for."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_bench import suites
from gan_bench.leaderboard.commands import command_of, entry_command
from gan_bench.records import (
    AnyRecord,
    AttackRecord,
    AttackSpec,
    CellRecord,
    CellSpec,
    JudgeRecord,
    Plan,
    ReferenceRecord,
    ReferenceSpec,
    spec_hash,
)
from tests.boards import HERE, cell, judge, metric, reference
from tests.test_folder_suite import put
from tests.test_own_variants import PLAIN

Planned = Callable[..., Plan]
KINDS = {
    "plain": ("--suite", "shapes", "--variants", "dcgan,wgan", "--first-seed", "3", "--seeds", "2"),
    "settings": ("--suite", "shapes", "--variants", "dcgan", "--set", "dcgan.minibatch=std", "--set", "dcgan.lr=1e-3,5e-5"),
    "truth value": ("--suite", "mnist", "--variants", "wgan", "--set", "wgan.long_turns=true"),
    "limit": ("--suite", "shapes", "--variants", "dcgan", "--budget", "quick,0.4tflop"),
    "limits": ("--suite", "shapes", "--variants", "dcgan", "--budget", "60s,500kimg"),
    "conditional": ("--suite", "cifar10", "--variants", "cgan", "--budget", "standard"),
    "from images": ("--suite", "cifar10", "--variants", "srgan,cyclegan"),
    "points": ("--suite", "modes", "--variants", "vanilla"),
    "count of the suite": ("--suite", "stacked-mnist", "--variants", "pacgan2"),
    "other measures": ("--suite", "shapes", "--variants", "dcgan", "--extractors", "raw", "--metrics", "pr,fd"),
}


@pytest.fixture
def planned(cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """What `gan-bench run` with these options would compute."""
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def plan(*options: str) -> Plan:
        ended = cli("run", *options, "--dry-run", "--json")
        assert ended.code == 0, ended.stderr
        return Plan.model_validate(json.loads(ended.stdout))

    return plan


def record_of(spec: CellSpec, **fields: Any) -> CellRecord:
    return CellRecord(spec=spec, spec_hash=spec_hash(spec), status="done", environment=HERE, **fields)


def words_of(command: str, **placeholders: str) -> list[str]:
    """The options of a command of `gan-bench run`, without comments, with what a reader puts in place of <...>."""
    [line] = [line for line in command.splitlines() if not line.startswith("# ")]
    for name, value in placeholders.items():
        line = line.replace(f"<{name}>", value)
    words = shlex.split(line)
    assert words[:2] == ["gan-bench", "run"] and "<" not in line
    return words[2:]


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_the_command_plans_exactly_the_cell(planned: Planned, options: tuple[str, ...]) -> None:
    for spec in planned(*options).cells:
        again = planned(*words_of(command_of(record_of(spec), suites.of_datasets())))
        assert [spec_hash(other) for other in again.cells if other.dataset == spec.dataset] == [spec_hash(spec)]


def test_a_file_of_ones_own_is_named_with_its_class_and_its_digest(planned: Planned, tmp_path: Path) -> None:
    """Its settings may hold commas, quotes and spaces."""
    text = PLAIN.replace("class Mine:", 'class Mine:\n    words = "plain"\n    n = 3')
    (tmp_path / "my gan.py").write_text(text)
    options = ("--suite", "shapes", "--budget", "smoke", "--set", 'mine.words=" a, ""b"""', "--set", "mine.n=5")
    [spec] = planned(*options, "--variants", "my gan.py").cells
    assert spec.changed == {"words": ' a, "b"', "n": 5} and spec.code is not None

    command = command_of(record_of(spec), suites.of_datasets())
    assert [spec_hash(again) for again in planned(*words_of(command)).cells] == [spec_hash(spec)]
    assert f"SHA-256 {spec.code.files['my gan.py'].sha256}" in command.splitlines()[0]


def test_a_folder_is_asked_for_by_its_name(planned: Planned, tmp_path: Path) -> None:
    put(tmp_path / "my-photos 2", 130)
    options = ("--suite", "folder:my-photos 2", "--side", "16", "--variants", "dcgan", "--budget", "smoke")
    [spec] = planned(*options, "--extractors", "raw", "--metrics", "fd").cells
    command = command_of(record_of(spec), suites.of_datasets())
    assert "# <my-photos-2>: the folder or the array of the real images" in command
    words = words_of(command, **{"my-photos-2": "my-photos 2"})
    assert [spec_hash(again) for again in planned(*words).cells] == [spec_hash(spec)]


def test_a_suite_that_is_not_known_is_asked_for(planned: Planned) -> None:
    [spec] = planned("--suite", "shapes", "--variants", "dcgan").cells
    command = command_of(record_of(spec))
    assert command.startswith("# <suite>: a suite that has shapes: ")
    assert planned(*words_of(command, suite="shapes")).cells == (spec,)


def test_seeds_without_gaps_are_one_command() -> None:
    records = [cell("dcgan", metric(1.0), seed=seed).record for seed in (2, 0, 1, 7)]
    first, second = entry_command(records, {"cifar10": "cifar10"}).splitlines()
    assert "--first-seed 0 --seeds 3 " in first and "--first-seed 7 --seeds 1 " in second
    assert entry_command(records[:1], {"cifar10": "cifar10"}) == command_of(records[0], {"cifar10": "cifar10"})


def test_a_training_by_torch_compile_and_by_other_rules_says_so() -> None:
    old = cell("dcgan", metric(1.0), compiled=True, benchmark_version="0.0").record
    comment, line = command_of(old, {"cifar10": "cifar10"}).splitlines()
    assert line.endswith(" --device cpu --compile") and comment.startswith("# It was made by the rules 0.0; ")


def test_a_reference_row_is_in_the_plan_of_its_command(planned: Planned) -> None:
    for spec in planned("--suite", "shapes", "--budget", "smoke", "--extractors", "raw", "--metrics", "fd").references:
        record = reference(spec.name).record.model_copy(update={"spec": spec})
        assert spec in planned(*words_of(command_of(record, suites.of_datasets()))).references


def external(name: str, seed: int | None = None) -> ReferenceRecord:
    found = reference(name, external=True, seed=seed, note="scored from samples").record
    assert isinstance(found, ReferenceRecord)
    return found.model_copy(update={"spec": ReferenceSpec(**{**dict(found.spec), "samples_digest": f"digest {seed}"})})


def test_somebodys_images_are_scored_and_their_place_is_asked_for() -> None:
    command = command_of(external("mine; it's"))
    *comments, line = command.splitlines()
    words = shlex.split(line)
    assert words[:3] == ["gan-bench", "score", "<images>"] and "# <images>: the folder or the array" in comments[0]
    assert words[words.index("--name") + 1] == "mine; it's" and words[words.index("--samples") + 1] == "5000"


def test_draws_of_somebodys_generator_are_one_command() -> None:
    command = entry_command([external("mine", seed) for seed in (0, 1, 2)])
    line = command.splitlines()[-1]
    assert line.startswith("gan-bench score --generator '<FILE:NAME>' --seeds 3 ") and command.count("gan-bench score") == 1


def judged(plan: Plan, detector: str, seed: int = 0, **fields: Any) -> tuple[JudgeRecord, list[CellRecord]]:
    """The record of a detector of a plan, and those of all cells."""
    cells = [record_of(spec, samples_digest=f"{spec.key} {spec.seed}") for spec in plan.cells]
    by_seed = {s: {c.spec.key: c.samples_digest for c in cells if c.spec.seed == s} for s in {c.spec.seed for c in cells}}
    fakes = by_seed.pop(seed)
    others = next(iter(by_seed.values()), {})
    spec = next(spec for spec in plan.judges if (spec.detector, spec.seed) == (detector, seed))
    spec = spec.model_copy(update={"fakes": fakes, "others": others, **fields})
    return JudgeRecord(spec=spec, spec_hash=spec_hash(spec), status="done", environment=HERE), cells


JUDGED = ("--suite", "shapes", "--budget", "smoke", "--variants", "dcgan,cgan", "--set", "dcgan.lr=1e-3,2e-3", "--detectors")


def test_a_detector_is_fitted_on_the_fakes_of_the_same_trainings(planned: Planned) -> None:
    """Of the cells beside it, only those that it saw."""
    plan = planned(*JUDGED, "pixels,spectrum,ensemble", "--seeds", "2")
    record, cells = judged(plan, "ensemble", members=("pixels", "spectrum"))
    strangers = [record_of(spec, samples_digest="another") for spec in planned("--suite", "shapes").cells]

    again = planned(*words_of(command_of(record, suites.of_datasets(), [*strangers, *cells])))
    assert {(c.key, c.seed) for c in again.cells} == {(c.spec.key, c.spec.seed) for c in cells}
    assert record.spec.model_copy(update={"fakes": {}, "others": {}, "members": ()}) in again.judges
    assert {judge.detector for judge in again.judges} == {"pixels", "spectrum", "ensemble"}


def test_without_the_records_beside_it_a_detector_asks_for_the_trainings(planned: Planned) -> None:
    record, cells = judged(planned(*JUDGED, "pixels", "--seeds", "2"), "pixels")
    command = command_of(record, suites.of_datasets(), cells[:1])
    assert "--variants '<variants>'" in command and "Fakes of another seed were tested too" in command
    assert all(key in command.splitlines()[0] for key in record.spec.fakes)


def test_settings_that_are_no_combinations_are_told_and_never_trained_otherwise() -> None:
    pairs = ({"lr": 0.1, "beta1": 0.5}, {"lr": 0.2, "beta1": 0.9})
    results = [cell("dcgan", metric(1.0), settings=pair, changed=pair, samples_digest=f"d{pair['lr']}") for pair in pairs]
    cells = [result.record for result in results if isinstance(result.record, CellRecord)]
    fakes = {c.spec.key: c.samples_digest for c in cells}
    record = judge("pixels", {}).record
    assert isinstance(record, JudgeRecord)
    record = record.model_copy(update={"spec": record.spec.model_copy(update={"fakes": fakes})})
    command = command_of(record, {"cifar10": "cifar10"}, cells)
    assert "--set" not in command.splitlines()[-1] and "# No single command trains just dcgan@" in command


def test_attacks_take_the_trainings_of_the_attacked_detectors(planned: Planned) -> None:
    fitted, cells = judged(planned(*JUDGED, "spectrum"), "spectrum")
    fitted = fitted.model_copy(update={"models": {"clean": "model"}})
    spec = AttackSpec(dataset="shapes", seed=0, preset="smoke", n=12, models={"spectrum": "model"})
    record = AttackRecord(spec=spec, spec_hash=spec_hash(spec), status="done", environment=HERE)

    plan = planned(*words_of(command_of(record, suites.of_datasets(), [*cells, fitted])))
    assert {c.key for c in plan.cells} == set(fitted.spec.fakes) and plan.attacked == 12
    assert [j.detector for j in plan.judges] == ["spectrum"]
    assert "<variants>" in command_of(record, suites.of_datasets())


HOSTILE = "x\nrm -rf ~ #'\"`$(reboot)\u2028\x1b[2J"


def test_hostile_names_stay_within_their_word_and_their_comment() -> None:
    def shown(record: AnyRecord) -> str:
        return command_of(record, {}, ())

    named = cell(HOSTILE, metric(1.0), dataset=HOSTILE, preset=HOSTILE, changed={HOSTILE: HOSTILE}).record
    for command in (shown(named), shown(external(HOSTILE).model_copy(update={"note": HOSTILE}))):
        split = shlex.split(command, comments=True)
        assert split[0] == "gan-bench" and HOSTILE in split and "rm" not in split
        above, _, _ = command.partition("\ngan-bench ")
        assert len(above) > len(HOSTILE) and all(line.startswith("# ") for line in above.splitlines())
