"""Which records share a row, and what the row is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_bench.core.changes import key_of, label_of
from gan_bench.leaderboard.detections import detectability, detected_over_seeds
from gan_bench.leaderboard.entries import Entry, entries_of
from gan_bench.leaderboard.frames import detector_frame
from gan_bench.records import (
    CellRecord,
    CellSpec,
    Environment,
    JudgeRecord,
    JudgeSpec,
    ReferenceRecord,
    ReferenceSpec,
    Result,
    spec_hash,
)
from tests.boards import attack, attacks, detection
from tests.boards import judge as board_judge
from tests.factories import cell_spec

WHERE = dict.fromkeys(Environment.model_fields, "") | {"threads": 1, "cpus": 1, "packages": {}, "git_commit": None}
HERE = Environment.model_validate(WHERE)
FAST = {"lr": 5e-4}


def cell(run: str = "run", digest: str | None = "d", status: str = "done", **changes: Any) -> Result:
    """The result of a cell; `changes` goes to its spec."""
    spec = cell_spec(**changes)
    record = CellRecord.model_validate(
        {"environment": HERE, "spec": spec, "spec_hash": spec_hash(spec), "status": status, "samples_digest": digest}
    )
    return Result(Path(run), record, {})


def judge(aurocs: dict[str, float], run: str = "run", digest: str = "d", seed: int = 0, status: str = "done") -> Result:
    """The result of a detector that was tested by leave-one-out on the cells of these keys: `aurocs`."""
    spec = JudgeSpec(
        dataset="shapes", detector="spectrum", seed=seed, preset="smoke", n_judge=9, n_shown=9,
        fakes=dict.fromkeys(aurocs, digest), others=dict.fromkeys(aurocs, f"another than {digest}"),
    )  # fmt: skip
    detections = [detection("leave-one-out", key, auroc) for key, auroc in aurocs.items()]
    record = JudgeRecord.model_validate(
        {"environment": HERE, "spec": spec, "spec_hash": spec_hash(spec), "status": status, "detections": detections}
    )
    return Result(Path(run), record, {})


def reference(digest: str, run: str) -> Result:
    """The result of the row `real`."""
    score = {name: getattr(cell_spec(), name) for name in CellSpec.model_fields if name in ReferenceSpec.model_fields}
    spec = ReferenceSpec(name="real", **score)
    record = ReferenceRecord(environment=HERE, spec=spec, spec_hash=spec_hash(spec), dataset_digest="d", samples_digest=digest)
    return Result(Path(run), record, {})


def shown(*results: Result) -> list[tuple[str, int | None, str]]:
    """Label, seed and status of each entry."""
    return [(e.label, e.seed, e.status) for e in entries_of(results)]


def detected_by(entries: list[Entry], label: str) -> tuple[float | None, str | None]:
    """The detectability of an entry on clean images, and the detector that gives it."""
    judges = [e for e in entries if e.kind == "detector"]
    aurocs, detectors = detectability(label, detected_over_seeds(detector_frame(judges), judges))
    return aurocs["clean"].value, detectors.get("clean")


# What a cell with changed settings is called


@pytest.mark.parametrize(
    "value, text",
    [
        (5e-4, "5e-4"), (0.99, "0.99"), (1e-3, "1e-3"), (2.5e-4, "2.5e-4"), (0.01, "0.01"), (0.0, "0"), (1.0, "1"),
        (10.0, "10"), (100.0, "100"), (2000.0, "2e3"), (-0.5, "-0.5"), (1e-7, "1e-7"), (0.1 + 0.2, "0.30000000000000004"),
        (3000, "3000"), ("std", "std"), (True, "true"), (False, "false"),
    ],
)  # fmt: skip
def test_a_setting_is_written_short_and_whole(value: Any, text: str) -> None:
    assert label_of("dcgan", {"x": value}) == f"dcgan (x={text})"
    if isinstance(value, float):
        assert float(text) == value


def test_a_label_lists_the_settings_by_name() -> None:
    assert label_of("dcgan", {"minibatch": "std", "beta1": 0.9, "ema": 0.99}) == "dcgan (beta1=0.9, ema=0.99, minibatch=std)"
    assert label_of("dcgan", {}) == key_of("dcgan", {}) == "dcgan"


def test_a_key_is_that_of_the_changes_whatever_their_order() -> None:
    # 81f6cc: by sha256sum of {"lr": 0.0005}
    assert cell_spec(changed=FAST).key == key_of("dcgan", FAST) == "dcgan@81f6cc"
    assert key_of("dcgan", {"a": 1, "b": 2}) == key_of("dcgan", {"b": 2, "a": 1}) != key_of("dcgan", {"a": 2, "b": 1})
    assert CellSpec.model_validate_json(cell_spec(changed=FAST).model_dump_json()).key == "dcgan@81f6cc"


def test_cells_with_changed_settings_are_rows_of_their_own() -> None:
    found = shown(cell(), cell(changed=FAST), cell(changed=FAST, seed=1))
    assert found == [("dcgan", 0, "done"), ("dcgan (lr=5e-4)", 0, "done"), ("dcgan (lr=5e-4)", 1, "done")]
    assert {e.name for e in entries_of([cell(changed=FAST)])} == {"dcgan"}


def test_only_labels_that_still_clash_get_a_hash() -> None:
    """Other counts: the changed settings do not tell these apart."""
    labels = [label for label, *_ in shown(cell(changed=FAST), cell(changed=FAST, n_real=300), cell())]
    assert labels[0] == "dcgan" and len(set(labels)) == 3
    assert all(label.startswith("dcgan (lr=5e-4) #") and len(label) == len("dcgan (lr=5e-4) #ab12") for label in labels[1:])


def test_each_judge_of_a_run_counts_for_the_cells_that_it_saw() -> None:
    changed = cell(changed=FAST)
    key = changed.record.spec.key
    first, second = judge({"dcgan": 0.6, "wgan": 0.7}), judge({key: 0.9, "wgan": 0.8})
    entries = entries_of([cell(), changed, cell(variant="wgan"), first, second])
    names = {e.recipe: e.label for e in entries if e.kind == "detector"}
    assert len(set(names.values())) == 2 and all(name.startswith("spectrum #") for name in names.values())

    of_changed = next(e.label for e in entries if e.kind == "detector" and key in e.labels)
    of_plain = next(e.label for e in entries if e.kind == "detector" and key not in e.labels)
    assert detected_by(entries, "dcgan") == (0.6, of_plain)
    assert detected_by(entries, "dcgan (lr=5e-4)") == (0.9, of_changed)
    assert detected_by(entries, "wgan") == (0.8, of_changed)  # the better of the two


# One seed on two machines


def test_samples_that_differ_are_two_trainings_and_equal_ones_count_once() -> None:
    assert shown(cell("a", "x"), cell("b", "y")) == [("dcgan", 0, "done")] * 2
    assert shown(cell("a", "x"), cell("b", "x")) == [("dcgan", 0, "done")]
    assert [e.run for e in entries_of([cell("a", "x"), cell("b", "y")])] == [
        e.run for e in entries_of([cell("b", "y"), cell("a", "x")])
    ]


def test_a_failed_cell_stands_neither_for_nor_beside_another_of_its_seed() -> None:
    failed = cell("b", None, "failed")
    assert shown(cell("a", "x"), failed) == shown(failed, cell("a", "x")) == [("dcgan", 0, "done")]
    assert shown(failed, cell("c", None, "failed"), cell("a", "x", seed=1)) == [("dcgan", 0, "failed"), ("dcgan", 1, "done")]


def test_a_training_that_diverged_on_one_machine_alone_is_shown() -> None:
    """To drop it would be to choose among trainings by their result."""
    assert shown(cell("a", "x"), cell("b", "y", "diverged")) == [("dcgan", 0, "done"), ("dcgan", 0, "diverged")]


def test_judges_of_different_samples_are_both_kept() -> None:
    results = [judge({"dcgan": 0.6}, "a", "x"), judge({"dcgan": 0.8}, "b", "y")]
    assert shown(*results) == [("spectrum", 0, "done")] * 2
    assert detected_by(entries_of(results), "dcgan")[0] == pytest.approx(0.7)
    assert shown(results[0], judge({"dcgan": 0.6}, "b", "x")) == [("spectrum", 0, "done")]
    assert shown(results[0], judge({"dcgan": 0.6}, "b", "y", status="failed")) == [("spectrum", 0, "done")]


def test_a_reference_row_counts_once_whatever_its_samples() -> None:
    assert shown(reference("x", "a"), reference("y", "b")) == [("real", None, "done")]


def test_attacks_of_several_seeds_are_one_entry_and_name_the_detectors_of_their_own_run() -> None:
    def run(name: str, seed: int, thorough: bool) -> list[Result]:
        made = board_judge("spectrum", {("seen", "dcgan"): 0.8}, seed=seed, run=name)
        spec = made.record.spec.model_copy(update={"thorough": thorough})
        record = made.record.model_copy(update={"spec": spec, "spec_hash": spec_hash(spec)})
        flags = {"spectrum": ("a reason",)}
        return [
            made._replace(record=record),
            attacks(attack("evasion", "spectrum", "spectrum", 1, 0.4), seed=seed, run=name, flags=flags),
        ]

    same = entries_of([*run("a", 0, False), *run("b", 1, False)])
    assert [(e.label, e.seed) for e in same if e.kind == "attack"] == [("attacks", 0), ("attacks", 1)]

    entries = entries_of([*run("a", 0, False), *run("b", 1, True)])
    names = {e.run: e.label for e in entries if e.kind == "detector"}
    assert len(set(names.values())) == 2
    assert {e.run: e.labels["spectrum"] for e in entries if e.kind == "attack"} == names


def named(name: str, **more: Any) -> Result:
    """The result of somebody's entry of this name."""
    made = reference(f"digest of {name}", "run")
    assert isinstance(made.record, ReferenceRecord)
    spec = made.record.spec.model_copy(update={"name": name})
    return made._replace(record=made.record.model_copy(update={"spec": spec, "external": True, **more}))


def test_a_variant_keeps_its_name_whatever_others_are_called() -> None:
    found = entries_of([cell(), named("dcgan"), named("real"), reference("real", "run"), named("dcgan (external)")])
    labels = sorted((entry.kind, entry.label.partition(" #")[0]) for entry in found)
    twice = ("external", "dcgan (external)")
    assert labels == [twice, twice, ("external", "real (external)"), ("reference", "real"), ("variant", "dcgan")]
    assert len({entry.label for entry in found}) == len(found)


def test_a_name_that_looks_like_a_label_with_a_hash_is_no_other_entry() -> None:
    hashed = {entry.label for entry in entries_of([cell(), cell(run="b", settings=FAST)])}
    assert len(hashed) == 2
    found = entries_of([cell(), cell(run="b", settings=FAST), *map(named, hashed)])
    assert len({entry.label for entry in found}) == 4
