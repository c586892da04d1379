"""Whatever of a run folder is edited or exchanged is found, and what was left alone passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gan_bench.core.digests import json_digest, sha256_of
from gan_bench.core.errors import UserError
from gan_bench.detectors.scores import read_scores, write_scores
from gan_bench.images.convert import digest
from gan_bench.images.files import save_samples
from gan_bench.leaderboard.verified import NEVER, state_of, states, verified_notes
from gan_bench.records import (
    BENCHMARK_VERSION,
    SCHEMA_VERSION,
    AttackRecord,
    AttackSpec,
    CellRecord,
    Interval,
    JudgeRecord,
    MetricValue,
    Plan,
    Verification,
    content_digest,
    read_contents,
    read_record,
    spec_hash,
    write_record,
)
from gan_bench.run_folder import read_runs
from gan_bench.verify import retrain
from gan_bench.verify.folder import VerifyRequest, verify
from gan_bench.verify.ledger import Ledger
from gan_bench.verify.tolerances import apart, same_interval, same_value, slack
from tests.factories import load_samples

pytestmark = pytest.mark.usefixtures("one_thread")
DCGAN, CGAN = "cells/shapes/dcgan/seed-0", "cells/shapes/cgan/seed-0"
PIXELS, SPECTRUM, ENSEMBLE = (f"detectors/shapes/{name}/seed-0" for name in ("pixels", "spectrum", "ensemble"))
NOISE = "references/shapes/noise"
COMMAND = ("run", "--suite", "shapes", "--budget", "smoke", "--variants", "dcgan,cgan", "--extractors", "raw",
           "--detectors", "pixels,spectrum,ensemble", "--device", "cpu", "--jobs", "1")  # fmt: skip


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that one thread made."""
    out = tmp_path_factory.mktemp("verified") / "run"
    command = [sys.executable, "-m", "gan_bench.cli", *COMMAND, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def some(made: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the run with these parts alone, since each test needs few: some("cells/shapes/dcgan/seed-0")."""

    def copy(*parts: str) -> Path:
        for part in parts:
            source, target = made / part, tmp_path / "run" / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        return tmp_path / "run"

    return copy


def edit(folder: Path, change: Callable[[dict[str, Any]], None], forge: bool = True) -> None:
    """Change a record by hand. `forge`: as somebody who knows how, with a new digest of its content."""
    file = folder if folder.suffix == ".json" else folder / "record.json"
    data = json.loads(file.read_text())
    change(data)
    if forge:
        data["content_digest"] = content_digest(data)
    file.write_text(json.dumps(data))


def found(run: Path, **options: Any) -> list[tuple[str, str]]:
    """(the folder in the run, what) of all that differs."""
    findings = verify(VerifyRequest(run, **options)).findings
    return [(one.file.removesuffix("/record.json"), one.what) for one in findings]


def fd(data: dict[str, Any]) -> dict[str, Any]:
    """The record's first number that has an interval."""
    return next(metric for metric in data["metrics"] if metric["interval"] is not None)


# A run that was left alone


def test_an_untouched_run_passes(made: Path, tmp_path: Path):
    shutil.copytree(made, tmp_path / "run")
    verification = verify(VerifyRequest(tmp_path / "run", redraw=True))
    assert verification.findings == verification.unchecked == verification.remarks == ()
    assert len(verification.verified) == 2 + 2 + 3  # cells, real and noise, detectors

    counts = verification.counts
    assert counts["cells"]["weights"].of == 4 and counts["cells"]["samples"].of == 2
    record = read_record(tmp_path / "run" / DCGAN / "record.json", CellRecord)
    other = read_record(tmp_path / "run" / CGAN / "record.json", CellRecord)
    assert counts["cells"]["metrics"].of == len(record.metrics) + len(other.metrics)
    assert counts["detectors"]["models"].of == 6 and counts["detectors"]["score files"].agree == 3
    assert counts["plan"]["planned parts"].of == 7
    written = read_record(tmp_path / "run/verification.json", Verification)
    assert written.model_copy(update={"content_digest": None}) == verification


def test_a_run_passes_that_another_number_of_threads_made(some):
    run, threads = some(DCGAN, CGAN, NOISE), torch.get_num_threads()
    record = read_record(run / DCGAN / "record.json", CellRecord)
    torch.set_num_threads(record.environment.threads + 1)
    try:
        assert found(run, redraw=True) == []
    finally:
        torch.set_num_threads(threads)


def test_the_command_prints_a_line_for_each_kind_and_exits_with_0(some, cli):
    ended = cli("verify", some(DCGAN, NOISE), "--device", "cpu")
    lines = ended.stdout.splitlines()
    assert ended.code == 0 and len(lines) == 2
    assert lines[0].startswith("1 cell: 1 record, 5 files, 2 weights, 1 sample, ") and lines[0].endswith(" metrics agree")
    assert "There is no plan.json" in ended.stderr


# What point 3 of the issue names


@pytest.mark.parametrize("forge", [False, True])
def test_an_edited_metric_is_found(some, forge: bool):
    run = some(DCGAN)
    edit(run / DCGAN, lambda data: fd(data).update(value=0.0001), forge)
    name = fd(json.loads((run / DCGAN / "record.json").read_text()))["name"]
    assert found(run) == [(DCGAN, "content_digest")] * (not forge) + [(DCGAN, name)]


def test_an_edited_interval_is_found(some):
    run = some(DCGAN)
    edit(run / DCGAN, lambda data: fd(data)["interval"].update(low=fd(data)["interval"]["low"] / 2))
    assert [what for _, what in found(run)] == [
        fd(json.loads((run / DCGAN / "record.json").read_text()))["name"] + ": interval"
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: fd(data).update(higher_is_better=True), ": higher_is_better"),
        (lambda data: data["metrics"].pop(0), ""),  # a number that is left out
        (lambda data: fd(data).update(value=None, interval=None, unavailable="too few"), ""),
        (lambda data: data.update(trained_against=["raw"]), "trained_against"),
        (lambda data: data.update(dataset_digest="0" * 64), "dataset_digest"),
        (lambda data: data["extractors"]["raw"].update(digest="another"), "digest of extractor raw"),
        (lambda data: data.update(spec_hash="0" * 64), "spec_hash"),
        (lambda data: data.update(generator_parameters=1), "parameters"),
    ],
)
def test_other_edits_of_a_record_are_found(some, change, what: str):
    run = some(DCGAN)
    edit(run / DCGAN, change)
    findings = found(run)
    assert len(findings) == 1 and findings[0][1].endswith(what)


def test_exchanged_samples_are_found(some):
    run = some(DCGAN, CGAN)
    images = load_samples(run / CGAN / "samples.npz")
    save_samples(images, None, run / DCGAN / "samples.npz")
    assert (DCGAN, "samples.npz") in found(run)

    edit(run / DCGAN, lambda data: data.update(samples_digest=digest(images)))
    names = {what for folder, what in found(run) if folder == DCGAN}
    assert "samples.npz" not in names and any(name.startswith("fd_raw") for name in names)


def test_samples_exchanged_with_all_their_numbers_are_found_by_drawing_again(some):
    run = some(DCGAN, CGAN)
    better = json.loads((run / CGAN / "record.json").read_text())
    save_samples(load_samples(run / CGAN / "samples.npz"), None, run / DCGAN / "samples.npz")
    shutil.copy(run / CGAN / "statistics.json", run / DCGAN)
    mine = {metric["name"] for metric in json.loads((run / DCGAN / "record.json").read_text())["metrics"]}
    metrics = [metric for metric in better["metrics"] if metric["name"] in mine]
    edit(run / DCGAN, lambda data: data.update(samples_digest=better["samples_digest"], metrics=metrics))
    assert found(run) == []  # so the next line is what finds it
    assert found(run, redraw=True) == [(DCGAN, "samples drawn again")]


def test_exchanged_labels_are_found(some):
    run = some(CGAN)
    images = load_samples(run / CGAN / "samples.npz")
    save_samples(images, torch.zeros(len(images), dtype=torch.int64), run / CGAN / "samples.npz")
    assert found(run) == [(CGAN, "samples.npz: labels")]


def test_weights_of_another_cell_are_found(some):
    run = some(DCGAN, CGAN)
    file = run / DCGAN / "generator.safetensors"
    shutil.copy(run / CGAN / file.name, file)
    edit(run / DCGAN, lambda data: data["weights"].update({file.name: sha256_of(file)}))
    assert found(run) == [(DCGAN, "generator.safetensors")]


@pytest.mark.parametrize("name", ["generator.safetensors", "discriminator.safetensors"])
def test_changed_weights_are_found(some, name: str):
    run = some(DCGAN)
    change_weights(run / DCGAN / name)
    assert found(run) == [(DCGAN, name)]


def test_changed_weights_with_a_new_digest_are_found_by_drawing_again(some):
    run = some(DCGAN)
    file = run / DCGAN / "generator.safetensors"
    change_weights(file)
    edit(run / DCGAN, lambda data: data["weights"].update({file.name: sha256_of(file)}))
    assert found(run) == [] and found(run, redraw=True) == [(DCGAN, "samples drawn again")]


def change_weights(file: Path) -> None:
    """Every weight a tenth larger, and the spec in the file as it was."""
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    state = {name: value * 1.1 if value.is_floating_point() else value for name, value in load_file(file).items()}
    save_file(state, file, metadata=metadata)


def test_the_way_back_of_a_translator_is_kept_and_its_error_recomputed(tmp_path: Path, cli):
    run, cell = tmp_path / "run", "cells/shapes/cyclegan/seed-0"
    measured = ("--extractors", "raw", "--metrics", "cycle,truth", "--detectors", "none")
    options = ("--suite", "shapes", "--variants", "cyclegan", "--budget", "smoke,2steps", "--jobs", 1)
    assert cli("run", *options, *measured, "--out", run).code == 0
    ended = cli("verify", run, "--redraw")
    assert ended.code == 0 and "not checked" not in ended.stdout + ended.stderr, ended.stdout + ended.stderr

    def forge(data: dict[str, Any]) -> None:
        [metric] = [one for one in data["metrics"] if one["metric"] == "cycle_l1"]
        metric["value"] /= 2

    edit(run / cell, forge)
    assert found(run) == [(cell, "cycle_l1_pixels_256")]
    change_weights(run / cell / "inverse.safetensors")
    assert (cell, "inverse.safetensors") in found(run)


def test_edited_statistics_are_found(some):
    run = some(DCGAN, NOISE)
    edit(run / DCGAN / "statistics.json", lambda data: data["levels"].reverse())
    edit(run / NOISE / "statistics.json", lambda data: data.update(n=data["n"] + 1), forge=False)
    differ = {one.file.removesuffix("/record.json"): one.found for one in verify(VerifyRequest(run)).findings}
    assert differ == {DCGAN: "others: levels", NOISE: "others: n, content_digest"}
    for folder in (DCGAN, NOISE):
        (run / folder / "statistics.json").unlink()  # as earlier versions left them
    assert found(run) == []


def test_an_edited_score_file_is_found(some):
    run = some(PIXELS)
    table = read_scores(run / PIXELS / "scores.parquet")
    table.loc[table["label"] == 1, "logit"] += 5.0
    write_scores(table, run / PIXELS / "scores.parquet")
    findings = found(run)
    assert (PIXELS, "scores.parquet") in findings and len(findings) > 1  # the digest, and the numbers that follow

    edit(run / PIXELS, lambda data: data.update(scores_digest=sha256_of(run / PIXELS / "scores.parquet")))
    assert found(run) == findings[1:]


def test_an_edited_detection_is_found(some):
    run = some(PIXELS)
    edit(run / PIXELS, lambda data: data["detections"][0].update(brier=data["detections"][0]["brier"] + 1e-6))
    edit(run / PIXELS, lambda data: data["detections"].pop())
    findings = found(run)
    assert len(findings) == 2 and findings[0][1].endswith(": brier")


def test_scores_of_an_ensemble_must_be_made_of_its_members(some):
    run = some(PIXELS, SPECTRUM, ENSEMBLE)
    assert found(run) == []
    table = read_scores(run / SPECTRUM / "scores.parquet")
    write_scores(table.assign(logit=np.maximum(table["logit"] - 1, -5)), run / SPECTRUM / "scores.parquet")
    assert (ENSEMBLE, "scores made of those of the members") in found(run)


def test_an_exchanged_model_is_found(some):
    run = some(PIXELS)
    shutil.copy(run / PIXELS / "model-web.safetensors", run / PIXELS / "model-clean.safetensors")
    assert found(run) == [(PIXELS, "model-clean.safetensors")]


def test_fakes_that_are_not_those_of_the_run_are_found(some):
    run = some(PIXELS, DCGAN)

    def change(data: dict[str, Any]) -> None:
        data["spec"]["fakes"]["dcgan"] = "0" * 64
        data["spec_hash"] = json_digest(data["spec"])

    edit(run / PIXELS, change)
    assert found(run) == [(PIXELS, "fakes of dcgan")]


def test_a_record_of_other_rules_is_found_and_its_numbers_are_not_compared(some):
    run = some(DCGAN)

    def change(data: dict[str, Any]) -> None:
        data["benchmark_version"] = data["spec"]["benchmark_version"] = "0.2"
        data["spec_hash"] = json_digest(data["spec"])

    edit(run / DCGAN, change)
    verification = verify(VerifyRequest(run))
    assert [(one.what, one.recorded, one.found) for one in verification.findings] == [
        ("rules", "0.2", BENCHMARK_VERSION), ("rules of the spec", "0.2", BENCHMARK_VERSION),
    ]  # fmt: skip
    assert [one.what for one in verification.unchecked] == ["all numbers"] and verification.verified == ()


# The plan, and where things lie


def test_a_record_that_is_missing_or_in_another_seeds_folder_is_found(some):
    run = some("plan.json", NOISE, "references/shapes/real", PIXELS, DCGAN)
    shutil.copytree(run / DCGAN, run / "cells/shapes/dcgan/seed-1")  # one training as two seeds
    shutil.rmtree(run / DCGAN)
    assert found(run) == [
        ("cells/shapes/dcgan/seed-1", "the folder"),
        *(("plan.json", f"{part}/record.json") for part in (DCGAN, CGAN, SPECTRUM, ENSEMBLE)),
    ]


def test_an_edited_plan_and_a_record_of_another_budget_are_found(some):
    run = some("plan.json", NOISE)

    def change(data: dict[str, Any]) -> None:
        for spec in (*data["cells"], *data["references"]):
            spec["preset"] = "quick"

    edit(run / "plan.json", change, forge=False)
    findings = found(run)
    assert findings[:2] == [("plan.json", "content_digest"), (NOISE, "budget")]


def test_a_record_of_an_earlier_command_is_a_remark(some):
    run = some("plan.json", NOISE)
    edit(run / "plan.json", lambda data: data.update(references=[]))
    verification = verify(VerifyRequest(run))
    assert verification.remarks == (f"{NOISE}/record.json is not in plan.json, which is that of the folder's last command.",)
    assert len(verification.verified) == 1


def test_models_of_attacks_must_be_those_of_the_detectors(some):
    run = some(PIXELS)
    judge = read_record(run / PIXELS / "record.json", JudgeRecord)
    for models, differ in (({"pixels": judge.models["clean"]}, []), ({"pixels": "0" * 64}, ["model of pixels"])):
        spec = AttackSpec(dataset="shapes", seed=0, preset="smoke", n=8, models=models)
        record = AttackRecord(environment=judge.environment, spec=spec, spec_hash=spec_hash(spec), status="done")
        write_record(run / "attacks/shapes/seed-0/record.json", record)
        assert [what for folder, what in found(run) if folder == "attacks/shapes/seed-0"] == differ


# What cannot be read, or not be compared


def test_one_unreadable_file_hides_nothing_else(some, cli):
    run = some(DCGAN, CGAN, NOISE)
    (run / CGAN / "record.json").write_text("{")
    (run / NOISE / "samples.npz").write_bytes(b"no zip")
    edit(run / DCGAN, lambda data: fd(data).update(value=0.0001))
    ended = cli("verify", run, "--device", "cpu", "--json")
    findings = json.loads(ended.stdout)["findings"]
    assert ended.code == 1
    assert [one["file"].removesuffix("/record.json") for one in findings] == [CGAN, DCGAN, NOISE]
    assert "is not JSON" in findings[0]["found"] and "does not hold samples" in findings[2]["found"]


def test_absent_files_are_found(some):
    run = some(DCGAN, PIXELS)
    for file in (f"{DCGAN}/samples.npz", f"{DCGAN}/discriminator.safetensors", f"{PIXELS}/scores.parquet"):
        (run / file).unlink()
    assert {what for _, what in found(run)} == {"samples.npz", "discriminator.safetensors", "scores.parquet"}


def test_an_extractor_that_is_not_available_here_is_told_and_not_passed(some):
    run = some(NOISE)

    def change(data: dict[str, Any]) -> None:
        data["spec"]["extractors"].append("inception")
        data["spec_hash"] = json_digest(data["spec"])
        data["extractors"]["inception"] = {"digest": "x", "unavailable": None}
        data["metrics"].append({**fd(data), "name": "fd_inception_256", "extractor": "inception", "value": 0.0001})

    edit(run / NOISE, change)
    verification = verify(VerifyRequest(run))
    assert verification.findings == () and [one.what for one in verification.unchecked] == ["fd_inception_256"]
    assert verification.verified[0].unchecked == ("fd_inception_256",)


def test_a_record_of_schema_1_passes_and_is_not_verified(some):
    run = some(DCGAN)

    def change(data: dict[str, Any]) -> None:
        data["schema_version"] = 1
        del data["content_digest"], data["weights"]

    edit(run / DCGAN, change, forge=False)
    verification = verify(VerifyRequest(run))
    assert verification.findings == () and verification.verified == ()
    assert [one.what for one in verification.unchecked] == ["content_digest", "weights"]

    edit(run / DCGAN, lambda data: data.update(schema_version=SCHEMA_VERSION))  # no digests, and no excuse
    assert [what for _, what in found(run)] == ["discriminator.safetensors", "generator.safetensors"][::-1]


# The command line


def test_a_table_says_what_differs_and_the_exit_code_is_1(some, cli):
    run = some(NOISE)
    edit(run / NOISE, lambda data: fd(data).update(value=0.0001))
    ended = cli("verify", run, "--device", "cpu")
    assert ended.code == 1 and "1 of" not in ended.stdout.splitlines()[0].split(",")[0]
    assert all(word in ended.stdout for word in ("recorded", "found", "0.0001"))


def test_mistakes_are_sentences_and_exit_2(some, cli, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for arguments, sentence in (
        ((tmp_path / "absent",), "absent is not a folder; give a run folder"),
        ((tmp_path / "empty",), "empty holds no records"),
        ((some(NOISE), "--retrain", "cells/shapes/dcgan/seed-7"), "--retrain cells/shapes/dcgan/seed-7 is no cell of"),
    ):
        ended = cli("verify", *arguments)
        assert ended.code == 2 and sentence in ended.stderr and ended.stderr.count("\n") == 1 and ended.stdout == ""


# Training again


def test_a_cell_trained_again_on_the_same_machine_has_the_same_samples(some):
    run = some(DCGAN)
    verification = verify(VerifyRequest(run, retrain=(Path(DCGAN),)))
    assert verification.findings == () and verification.counts["cells"]["retrained"].agree == 1
    assert verification.retrained == (f"{DCGAN}/record.json",)


@pytest.mark.parametrize(
    ("machine", "seeds", "value", "what"),
    [
        ("here", 3, 11.0, "differs"),  # where the bytes should be the same
        ("there", 3, 11.0, "agrees"),
        ("there", 3, 500.0, "differs"),
        ("there", 2, 500.0, "cannot tell"),
    ],
)
def test_a_training_elsewhere_differs_only_outside_of_what_seeds_do(some, monkeypatch, machine, seeds, value, what):
    """Seeds at 10, 11, 12: mean 11, deviation 1, so one more lies within 11 +- 9.92 * sqrt(4 / 3) = 11.5 with 99 %."""
    run = some(DCGAN)
    record = read_record(run / DCGAN / "record.json", CellRecord)

    def at(number: float, **more: Any) -> CellRecord:
        metrics = tuple(m.model_copy(update={"value": number}) for m in record.metrics if m.value is not None)
        return record.model_copy(update={"metrics": metrics, **more})

    elsewhere = record.environment.model_copy(update={"device_name": machine})
    again = at(value, samples_digest="0" * 64, environment=elsewhere)
    monkeypatch.setattr(retrain, "run_cell", lambda *_, **__: again)
    here = at(11.0, environment=record.environment.model_copy(update={"device_name": "here"}))

    ledger = Ledger(run)
    sheet = ledger.sheet("cells", run / DCGAN / "record.json")
    retrain.check_training(sheet, here, [at(10.0 + k) for k in range(seeds)], "fd", torch.device("cpu"))
    assert bool(ledger.findings) == (what == "differs") and bool(ledger.unchecked) == (what == "cannot tell")
    assert bool(ledger.remarks) == (machine == "there")


def test_the_prediction_interval_is_that_of_student():
    low, high = retrain.prediction_interval([10.0, 11.0, 12.0])
    assert (low + high) / 2 == pytest.approx(11)
    assert (high - low) / 2 == pytest.approx(9.924843 * (4 / 3) ** 0.5, rel=1e-6)  # t of 2 degrees of freedom, from tables


# Tolerances


def number(value: float, **more: Any) -> MetricValue:
    fields: dict[str, Any] = {"name": "m", "metric": "m", "extractor": "raw", "higher_is_better": False, "n_fake": 1000,
                              "n_real": 5000, "split": "train", "value": value}  # fmt: skip
    return MetricValue(**{**fields, **more})


def test_the_slack_of_a_number_is_the_largest_of_three():
    assert slack(number(200.0)) == pytest.approx(0.02)
    assert slack(number(200.0, interval=Interval(low=190, high=210, method="t"))) == pytest.approx(0.1)
    assert slack(number(0.5, least=0, most=1)) == pytest.approx(2 / 1000)  # two of the fewer images
    assert same_value(None, None, 1) and not same_value(None, 0.0, 1) and not same_value(1.0, 2.1, 1)
    one, other = Interval(low=0, high=1, method="t"), Interval(low=0, high=1, method="bootstrap")
    assert same_interval(one, one, 0) and not same_interval(one, other, 1) and not same_interval(one, None, 1)


def test_samples_may_differ_in_few_values_by_one_level():
    kept = torch.full((10, 1, 10, 10), 100, dtype=torch.uint8)
    for places, levels, agrees in ((1, 1, True), (2, 1, False), (1, 2, False)):  # 1 of 1,000 values is allowed
        drawn = kept.clone()
        drawn.view(-1)[:places] += levels
        assert apart(kept, drawn).agrees == agrees
    points = torch.tensor([[[[2.0]], [[-1.0]]]])
    assert apart(points, points + 1e-6).agrees and not apart(points, points + 1e-3).agrees


# Records


def test_equal_content_has_equal_digests_after_a_round_trip(some, tmp_path: Path):
    run = some(DCGAN)
    record = read_record(run / DCGAN / "record.json", CellRecord)
    assert record.content_digest is not None and record.schema_version == SCHEMA_VERSION
    write_record(tmp_path / "again.json", CellRecord.model_validate(json.loads(record.model_dump_json())))
    assert read_record(tmp_path / "again.json", CellRecord) == record
    assert read_record(tmp_path / "again.json", CellRecord).weights == record.weights

    shuffled = dict(reversed(json.loads((tmp_path / "again.json").read_text()).items()))
    (tmp_path / "again.json").write_text(json.dumps(shuffled))
    assert not read_contents(tmp_path / "again.json", CellRecord).edited


def test_an_edited_record_loses_its_digest(some):
    run = some(DCGAN)
    edit(run / DCGAN, lambda data: data.update(title="Best GAN"), forge=False)
    contents = read_contents(run / DCGAN / "record.json", CellRecord)
    assert contents.edited and contents.record.content_digest is None and contents.record.title == "Best GAN"


def test_the_plan_has_a_digest(made: Path):
    assert read_record(made / "plan.json", Plan).content_digest is not None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.pop("status"), "field status: it is missing."),
        (lambda data: data["spec"].pop("variant"), "field spec.variant: it is missing."),
        (lambda data: data["metrics"][1].update(value="low"), "field metrics.1.value: Input should be a valid number"),
        (lambda data: data.update(mood="good"), "field mood: there is no such field."),
        (lambda data: data.update(schema_version=99, status="tired"), "A newer gan-bench wrote it, with schema 99."),
        (lambda data: data.update(schema_version="new"), "field schema_version:"),
    ],
)
def test_a_wrong_record_is_refused_with_file_and_field_and_the_others_are_read(some, caplog, change, sentence: str):
    run = some(DCGAN, CGAN)
    edit(run / DCGAN, change)
    results = read_runs([run]).results
    assert [result.record.spec.variant for result in results] == ["cgan"]
    assert f"{run / DCGAN}/record.json is not a CellRecord" in caplog.text and sentence.rstrip(".") in caplog.text


def test_a_record_without_an_optional_field_is_read(some):
    run = some(DCGAN)
    edit(run / DCGAN, lambda data: [data.pop(name) for name in ("paper", "weights", "schema_version")])
    assert read_record(run / DCGAN / "record.json", CellRecord).paper == ""


def test_unknown_fields_of_a_newer_schema_are_left_out_and_named(some, caplog):
    run = some(DCGAN)

    def change(data: dict[str, Any]) -> None:
        data.update(schema_version=SCHEMA_VERSION + 1, mood="good")
        data["metrics"][0]["colour"] = "red"

    edit(run / DCGAN, change)
    contents = read_contents(run / DCGAN / "record.json", CellRecord)
    assert set(contents.unknown) == {"mood", "metrics.0.colour"} and not contents.edited
    assert len(read_runs([run]).results) == 1 and "mood" in caplog.text and "metrics.0.colour" in caplog.text
    verification = verify(VerifyRequest(run))
    assert verification.findings == () and set(verification.verified[0].unchecked) == {"mood", "metrics.0.colour"}


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\ufeff{}"])
def test_what_is_no_record_is_a_sentence(tmp_path: Path, text: str):
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(UserError, match=r"record\.json is not a CellRecord"):
        read_record(tmp_path / "record.json", CellRecord)


def test_the_leaderboard_leaves_out_a_bad_record_and_tells(some, cli, tmp_path: Path):
    run = some(DCGAN, CGAN)
    edit(run / CGAN, lambda data: data.update(mood="good"))
    edit(run / DCGAN, lambda data: data.update(title="Best GAN"), forge=False)
    ended = cli("leaderboard", run, "--out", tmp_path / "out")
    assert ended.code == 0 and "dcgan" in ended.stdout
    assert "field mood: there is no such field; it is left out: the same" in ended.stderr.replace("\n", " ")
    assert "was edited since it was written" in ended.stderr


# What the page says


def test_the_page_can_tell_what_was_verified(some):
    run = some(DCGAN, CGAN)
    assert verified_notes(read_runs([run]).results) == [NEVER]

    edit(run / CGAN, lambda data: fd(data).update(value=0.0001))
    verification = verify(VerifyRequest(run))
    results = read_runs([run]).results
    known = states(results)
    assert {r.record.spec.variant: state_of(r.run, r.record, known) for r in results} == {
        "dcgan": "verified", "cgan": "not verified",
    }  # fmt: skip
    (note,) = verified_notes(results)
    assert note.startswith(f"Verified on {verification.at:%Y-%m-%d} by gan-bench ") and f"rules {BENCHMARK_VERSION}" in note
    assert "samples redrawn: no." in note and f"Differences in {CGAN}/record.json" in note

    edit(run / DCGAN, lambda data: data.update(title="Best GAN"))  # after it was verified, with a new digest
    results = read_runs([run]).results
    assert {state_of(r.run, r.record, states(results)) for r in results} == {"not verified"}


def test_an_edited_verification_does_not_count(some, caplog):
    run = some(DCGAN)
    verify(VerifyRequest(run))
    edit(run / "verification.json", lambda data: data.update(redrawn=True), forge=False)
    results = read_runs([run]).results
    assert results[0].verification is None and "verification.json was edited" in caplog.text
    (run / "verification.json").write_text("{")
    assert (
        read_runs([run]).results[0].verification is None and "nothing counts as verified until `gan-bench verify" in caplog.text
    )


def test_a_verification_that_cannot_be_written_is_told(some, caplog):
    run = some(NOISE)
    (run / "verification.json").mkdir()
    assert verify(VerifyRequest(run)).findings == () and "verification.json cannot be written" in caplog.text


def test_an_edited_picture_is_found(some):
    run = some(DCGAN)
    (run / DCGAN / "samples.png").write_bytes((run / DCGAN / "strip.png").read_bytes())
    assert found(run) == [(DCGAN, "samples.png")]
