"""The whole loop on `shapes`, killed and undisturbed."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_bench import cell as cells
from gan_bench import judge as judges
from gan_bench import references, sample, scorer
from gan_bench.budget import PRESETS, Budget
from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.detectors.corruptions.manifest import image_digests, read_manifest, reproduce
from gan_bench.detectors.scores import detections_of, read_scores
from gan_bench.detectors.store import load_detector
from gan_bench.executors import local
from gan_bench.generators import VARIANTS
from gan_bench.images.convert import digest
from gan_bench.material import real_folds
from gan_bench.plan import RunRequest, in_order, make_plan
from gan_bench.records import (
    FROM_LATENTS,
    CellRecord,
    JudgeRecord,
    ReferenceRecord,
    ReferenceSpec,
    read_record,
    spec_hash,
)
from gan_bench.run_folder import RunFolder
from gan_bench.settings import settings_for
from gan_bench.suites import load
from tests.conftest import CPU
from tests.factories import cell_spec, load_samples

SMOKE = ("run", "--suite", "shapes", "--budget", "smoke", "--extractors", "raw,lite0", "--device", "cpu", "--jobs", "1")
TWO_CELLS = ("run", "--suite", "shapes", "--budget", "smoke,20steps", "--extractors", "raw", "--variants", "dcgan,wgan-gp",
             "--detectors", "spectrum", "--device", "cpu", "--jobs", "1")  # fmt: skip


@pytest.fixture(scope="module")
def smoke(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "smoke"
    command = [sys.executable, "-m", "gan_bench.cli", *SMOKE, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (out / "stdout.txt").write_text(done.stdout)
    (out / "stderr.txt").write_text(done.stderr)
    return out


def test_a_smoke_run_leaves_what_the_design_says(smoke):
    variants = load("shapes").variants
    for variant in variants:
        folder = smoke / "cells/shapes" / variant / "seed-0"
        names = {file.name for file in folder.iterdir()}
        record = read_record(folder / "record.json", CellRecord)
        files = {
            "record.json",
            "generator.safetensors",
            "discriminator.safetensors",
            "samples.npz",
            "samples.png",
            "strip.png",
            "neighbours.png",
            "history.csv",
            "statistics.json",
        }
        inverse = {"inverse.safetensors"} if VARIANTS.get(variant).inverse else set()
        rows = {name for name, there in (("rows.png", record.rows), ("classes.png", record.class_rows)) if there}
        walk = {"walk.png"} if VARIANTS.get(variant).task == FROM_LATENTS else set()
        assert names == files | inverse | rows | walk
        assert bool(record.class_rows) == (variant in ("cgan", "cyclegan", "srgan"))  # there is no classifier in this run
        assert record.status == "done" and record.cost.tflop >= 0.02 and record.extractors["lite0@64"].digest
        values = {m.name: m.value for m in record.metrics}
        assert values["fd_lite0@64_256"] > 0 and 0 <= values["recall_raw_256"] <= 1
        (kid,) = {m.unavailable for m in record.metrics if m.metric == "kid"}
        assert kid == "Kernel distance needs at least 1,000 images a side and got 256" and values["kid_raw_256"] is None
    for name in ("real", "noise"):
        read_record(smoke / "references/shapes" / name / "record.json", ReferenceRecord)
    for detector in load("shapes").detectors:
        folder = smoke / "detectors/shapes" / detector.replace(":", "-") / "seed-0"
        record = read_record(folder / "record.json", JudgeRecord)
        for tier in ("clean", "web"):
            found = {(d.protocol, d.variant) for d in record.detections if d.tier == tier}
            assert found >= {(protocol, variant) for protocol in ("seen", "leave-one-out") for variant in variants}
        assert set(record.spec.fakes) == set(variants)
    assert {f.name for f in (smoke / "leaderboard").iterdir()} >= {
        "index.html", "leaderboard.md", "leaderboard.csv", "leaderboard.json"
    }  # fmt: skip


def test_the_reference_rows_frame_the_generators(smoke):
    """Real test images come closer than any untrained-to-barely-trained generator; random pixels do not."""
    fd = {}
    for name in ("real", "noise"):
        record = read_record(smoke / "references/shapes" / name / "record.json", ReferenceRecord)
        fd[name] = next(m.value for m in record.metrics if m.name == "fd_lite0@64_256")
    cell = read_record(smoke / "cells/shapes/dcgan/seed-0/record.json", CellRecord)
    fd["dcgan"] = next(m.value for m in cell.metrics if m.name == "fd_lite0@64_256")
    assert fd["real"] < fd["dcgan"] and fd["real"] < fd["noise"] / 10


def test_results_go_to_stdout_and_the_rest_to_stderr(smoke):
    stdout, stderr = (smoke / "stdout.txt").read_text(), (smoke / "stderr.txt").read_text()
    assert stdout == (smoke / "leaderboard/leaderboard.md").read_text()
    assert "cells at budget smoke on cpu" in stderr and "index.html" in stderr and "Traceback" not in stderr


def test_every_number_of_a_detector_can_be_computed_again_from_its_scores(smoke):
    for file in (smoke / "detectors").rglob("record.json"):
        record, scores = read_record(file, JudgeRecord), read_scores(file.parent / "scores.parquet")
        assert tuple(detections_of(scores, record.spec.seed)) == record.detections
        assert sha256_of(file.parent / "scores.parquet") == record.scores_digest


def test_a_run_keeps_what_was_fitted(smoke):
    """Loaded from its file, a detector gives the logits of the table of scores."""
    folder = smoke / "detectors/shapes/spectrum/seed-0"
    record, scores = read_record(folder / "record.json", JudgeRecord), read_scores(folder / "scores.parquet")
    detector, card = load_detector(folder / "model-clean.safetensors", record.models["clean"])
    images = real_folds(DATASETS.create("shapes").load("test").images, record.spec.n_judge)["test"]
    kept = scores[(scores.tier == "clean") & (scores.protocol == "seen") & (scores.variant == "real") & (scores.fold == "test")]
    kept = kept[kept.corruption == ""]
    assert list(kept.digest) == [digest[:16] for digest in image_digests(images)]
    np.testing.assert_allclose(detector.score(detector.prepare(images)), kept.logit, rtol=1e-4, atol=1e-4)
    assert card.detector == "spectrum" and {d.threshold for d in record.detections if d.protocol == "seen" and d.tier == "clean"
                                            } == {card.threshold}  # fmt: skip


def test_the_manifest_makes_the_delivered_images_again(smoke):
    manifest = read_manifest(smoke / "deliveries/shapes/seed-0.parquet")
    n_judge = read_record(smoke / "detectors/shapes/spectrum/seed-0/record.json", JudgeRecord).spec.n_judge
    images = real_folds(DATASETS.create("shapes").load("test").images, n_judge)["test"]
    for name, n in (("hard real test", len(images)), ("damaged real 40 noise 3", 40)):
        rows = manifest[manifest.images == name]
        assert len(rows) == n and rows.parameters.nunique() == n
        assert not torch.equal(reproduce(images[:n], rows), images[:n])
    assert {"web dcgan fit", "web again clean real 40 4"} <= set(manifest.images)


def test_running_again_computes_nothing(smoke, monkeypatch, cli):
    for module, name in ((cells, "_train_and_score"), (references, "measure_reference"), (judges, "make_material")):
        monkeypatch.setattr(module, name, lambda *_, name=name, **__: pytest.fail(f"{name} was called"))
    assert cli(*SMOKE, "--out", smoke).code == 0


def test_a_drawn_sample_is_the_scored_one(smoke):
    cell = smoke / "cells/shapes/dcgan/seed-0"
    variant, record = sample.load_generator(cell, CPU)
    drawn = sample.draw(variant, DATASETS.create("shapes"), record.spec.seed, "score", record.spec.n_fake).images
    assert digest(drawn) == record.samples_digest == digest(load_samples(cell / "samples.npz"))


def test_a_worker_killed_before_the_next_has_started_ends_with_the_same_sentence(monkeypatch):
    class Doomed(ProcessPoolExecutor):
        def submit(self, *arguments: Any) -> Any:
            future = super().submit(*arguments)
            for worker in multiprocessing.active_children():
                worker.kill()
            assert isinstance(future.exception(), BrokenProcessPool)
            return future

    monkeypatch.setattr(local, "ProcessPoolExecutor", Doomed)
    with pytest.raises(UserError, match="a worker process was killed from outside"), local.workers(2):
        pytest.fail("no worker is there to be used")
    assert not multiprocessing.active_children()


def test_workers_that_cannot_start_end_with_a_sentence(monkeypatch):
    def no_room(self: ProcessPoolExecutor, *arguments: Any) -> Any:
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(ProcessPoolExecutor, "submit", no_room)
    with pytest.raises(UserError, match=r"could not start.* fewer --jobs than 2"), local.workers(2):
        pytest.fail("no worker is there to be used")


def test_a_cell_that_breaks_becomes_a_record_and_the_run_goes_on(tmp_path, monkeypatch, cli):
    honest = cells.train

    def broken(variant, *arguments, **options):
        if variant.name == "dcgan":
            raise MemoryError("no room")
        return honest(variant, *arguments, **options)

    monkeypatch.setattr(cells, "train", broken)
    out = tmp_path / "run"
    arguments = ("run", "--suite", "shapes", "--budget", "smoke,20steps", "--extractors", "raw", "--variants", "dcgan,vanilla",
                 "--detectors", "spectrum", "--device", "cpu", "--jobs", "1", "--out", out)  # fmt: skip
    ended = cli(*arguments)
    assert ended.code == 1 and "shapes dcgan seed 0 failed: MemoryError: no room" in ended.stderr.replace("\n", " ")
    record = read_record(out / "cells/shapes/dcgan/seed-0/record.json", CellRecord)
    assert record.status == "failed" and record.reason == "MemoryError: no room"
    assert read_record(out / "cells/shapes/vanilla/seed-0/record.json", CellRecord).status == "done"
    assert "no room" in (out / "leaderboard/index.html").read_text() and "failed" in ended.stdout
    monkeypatch.setattr(cells, "train", honest)  # fixed: the failed cell alone is run again
    assert cli(*arguments).code == 0
    assert read_record(out / "cells/shapes/dcgan/seed-0/record.json", CellRecord).status == "done"


def test_a_run_of_another_budget_does_not_share_a_folder(tmp_path):
    plan, other = (make_plan(RunRequest(["shapes"], PRESETS[name])) for name in ("smoke", "quick"))
    with RunFolder(tmp_path).owned(plan):
        pass
    with (
        pytest.raises(UserError, match=r"holds a run of budget smoke .* not of budget quick"),
        RunFolder(tmp_path).owned(other),
    ):
        pass


def test_other_limits_of_a_preset_are_another_budget(tmp_path):
    quick = PRESETS["quick"]
    plan, other = (make_plan(RunRequest(["shapes"], replace(quick, budget=b))) for b in (quick.budget, Budget(steps=1_234_567)))
    with RunFolder(tmp_path).owned(plan):
        pass
    both = r"a run of budget quick \(6 tflop\) of .*, not of budget quick \(1234567 steps\) of"
    with pytest.raises(UserError, match=both), RunFolder(tmp_path).owned(other):
        pass


def test_a_folder_of_older_rules_is_refused(tmp_path):
    """Its plan does not say which settings were changed."""
    plan = make_plan(RunRequest(["shapes"], PRESETS["smoke"]))
    older = plan.model_dump(mode="json") | {"benchmark_version": "0.1"}
    for cell in older["cells"]:
        del cell["changed"]
        cell["benchmark_version"] = "0.1"
    (tmp_path / "plan.json").write_text(json.dumps(older))
    with pytest.raises(UserError, match=r"gan-bench rules 0\.1, not of .* rules 0\.[2-9]"), RunFolder(tmp_path).owned(plan):
        pass


def test_a_folder_in_use_is_refused(tmp_path):
    plan = make_plan(RunRequest(["shapes"], PRESETS["smoke"]))
    hold = f"import filelock, time; lock = filelock.FileLock({str(tmp_path / '.lock')!r}); lock.acquire()"
    hold += "; print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="belongs to a run that is still going on"), RunFolder(tmp_path).owned(plan):
            pass
    finally:
        holder.kill()
        holder.wait()
    with RunFolder(tmp_path).owned(plan):  # a killed owner leaves no lock behind
        pass


def test_a_suite_of_points_runs_whole(cli, tmp_path):
    """Both mixtures, with the suite's own count of fakes; pictures are scatters, and samples of a cell too."""
    ended = cli("run", "--suite", "modes", "--budget", "smoke,30steps", "--jobs", "1", "--device", "cpu", "--out", tmp_path)
    assert ended.code == 0 and "High quality" in ended.stdout
    for page in (tmp_path / "leaderboard").glob("*/index.html"):
        assert "Modes covered raw (2500) ↑ (not telling)" in page.read_text().replace("\u00a0", " ")
    for dataset in ("ring8", "grid25"):
        cell = tmp_path / "cells" / dataset / "pacgan2/seed-0"
        record = read_record(cell / "record.json", CellRecord)
        assert record.status == "done" and record.environment.precision == "float32" and record.cost.steps == 30
        values = {m.name: m.value for m in record.metrics}
        assert values["fd_raw_2500"] > 0 and values["modes_covered_raw_2500"] >= 0
        assert load_samples(cell / "samples.npz").dtype == torch.float32
        assert {"samples.png", "strip.png"} <= {file.name for file in cell.iterdir()}
    real = read_record(tmp_path / "references/grid25/real/record.json", ReferenceRecord)
    assert {m.value for m in real.metrics if m.metric == "modes_covered"} == {25}
    assert cli("sample", cell, "-n", 9, "--out", tmp_path / "nine.png").code == 0 and (tmp_path / "nine.png").is_file()
    refused = cli("sample", cell, "--out", tmp_path / "folder")
    assert refused.code == 2 and "grid25 holds points" in refused.stderr


def test_a_plan_is_the_product_of_its_parts():
    plan = make_plan(RunRequest(["mnist", "cifar10"], PRESETS["quick"], seeds=2, variants=["dcgan", "vanilla"]))
    assert [(c.dataset, c.variant, c.seed) for c in plan.cells[:4]] == [
        ("mnist", "dcgan", 0), ("mnist", "dcgan", 1), ("mnist", "vanilla", 0), ("mnist", "vanilla", 1)
    ]  # fmt: skip
    assert len(plan.cells) == 8 and len(plan.references) == 4
    asked = {
        (dataset, detector, seed) for dataset in ("mnist", "cifar10") for detector in load(dataset).detectors for seed in (0, 1)
    }
    assert {(j.dataset, j.detector, j.seed) for j in plan.judges} == asked and len(plan.judges) == len(asked)
    assert all(c.budget == Budget(tflop=6) and c.settings["width"] == 32 for c in plan.cells)
    begun = [spec.name if isinstance(spec, ReferenceSpec) else "cell" for spec in in_order(plan)]
    assert begun == ["real", "real", *["cell"] * 8, "noise", "noise"]


def test_a_plan_names_the_settings_that_differ_from_the_presets():
    """A setting that is set to its default is not changed, and its cell is the same."""
    defaults = settings_for(VARIANTS.get("dcgan"), "shapes", PRESETS["smoke"])
    changes = {"dcgan": [{"lr": 5e-4, "batch_size": defaults["batch_size"]}]}
    request = RunRequest(["shapes"], PRESETS["smoke"], variants=["dcgan", "vanilla"])
    plain, changed = make_plan(request).cells, make_plan(replace(request, changes=changes)).cells
    assert [cell.changed for cell in plain] == [{}, {}]
    assert [cell.changed for cell in changed] == [{"lr": 5e-4}, {}] and changed[0].settings == {**defaults, "lr": 5e-4}
    same = {"dcgan": [{"lr": defaults["lr"]}]}
    assert make_plan(replace(request, changes=same)).cells == plain


def test_seeds_count_from_the_first():
    plan = make_plan(RunRequest(["shapes"], PRESETS["smoke"], seeds=2, first_seed=100, variants=["dcgan"]))
    assert [cell.seed for cell in plan.cells] == [100, 101]
    assert {judge.seed for judge in plan.judges} == {100, 101}


def test_a_dry_run_shows_changed_settings_and_seeds(cli, tmp_path):
    ended = cli("run", "--suite", "shapes", "--budget", "smoke", "--variants", "dcgan,vanilla", "--set", "dcgan.lr=5e-4",
                "--first-seed", "100", "--device", "cpu", "--dry-run", "--out", tmp_path)  # fmt: skip
    cells = [line for line in ended.stdout.splitlines() if "shapes" in line]
    assert len(cells) == 2 and all(" 100 " in line for line in cells)
    assert "dcgan (lr=5e-4)" in cells[0] and "vanilla " in cells[1]


def test_changed_settings_have_folders_of_their_own(tmp_path):
    folder = RunFolder(tmp_path)
    judge = make_plan(RunRequest(["shapes"], PRESETS["smoke"], detectors=["spectrum"])).judges[0]
    plain, fast, slow = (cell_spec(changed=changed) for changed in ({}, {"lr": 1e-3}, {"lr": 1e-5}))
    assert folder.cell(plain) == tmp_path / "cells/shapes/dcgan/seed-0"
    assert folder.cell(fast) == tmp_path / "cells/shapes" / fast.key / "seed-0" and "@" in fast.key

    other = cell_spec(variant="wgan")
    assert folder.detector(judge, [plain, other]) == tmp_path / "detectors/shapes/spectrum/seed-0"
    assert folder.detector(judge, [fast, other]) == folder.detector(judge, [other, fast])
    sets = ([plain], [fast], [slow], [fast, slow], [fast, other])
    assert len({folder.detector(judge, cells) for cells in sets}) == len(sets)


def test_a_run_with_changed_settings_overwrites_nothing(cli, tmp_path):
    """Both cells and both judges are kept, and each row has the detectability that its own judge found."""
    assert cli(*TWO_CELLS, "--out", tmp_path).code == 0
    before = {file: file.read_bytes() for part in ("cells", "detectors") for file in (tmp_path / part).rglob("*.*")}
    assert cli(*TWO_CELLS, "--set", "dcgan.lr=5e-4", "--out", tmp_path).code == 0
    assert all(file.read_bytes() == content for file, content in before.items())

    changes = {"dcgan": [{"lr": 5e-4}]}
    key = make_plan(RunRequest(["shapes"], PRESETS["smoke"], variants=["dcgan"], changes=changes)).cells[0].key
    files = {tuple(read_record(file, JudgeRecord).spec.fakes): file for file in (tmp_path / "detectors").rglob("record.json")}
    assert set(files) == {("dcgan", "wgan-gp"), (key, "wgan-gp")}

    changed = json.loads(files[key, "wgan-gp"].read_text())  # at smoke every detection is perfect, so one is changed by hand
    for detection in changed["detections"]:
        if (detection["protocol"], detection["variant"]) == ("leave-one-out", key):
            detection["auroc"] = 0.75
    files[key, "wgan-gp"].write_text(json.dumps(changed))
    assert cli("leaderboard", tmp_path).code == 0
    [track] = json.loads((tmp_path / "leaderboard/leaderboard.json").read_text())["tracks"]
    shown = {row["entry"]: row["detectability"]["web"]["value"] for row in track["generators"] if row["kind"] == "variant"}
    assert set(shown) == {"dcgan", "dcgan (lr=5e-4)", "wgan-gp"}
    assert shown["dcgan"] != 0.75 and shown["dcgan (lr=5e-4)"] == 0.75


def test_a_cell_is_plain_data(tmp_path):
    """It survives JSON, so it can be run elsewhere."""
    spec = cell_spec()
    again = type(spec).model_validate_json(spec.model_dump_json())
    assert again == spec and spec_hash(again) == spec_hash(spec)
    record = cells.run_cell(spec, tmp_path / "cell", CPU)
    assert record.status == "done" and record.metrics[0].name == "fd_raw_120"


def test_samples_are_kept_when_scoring_fails(tmp_path, monkeypatch):
    def broken(*arguments: Any) -> list:
        raise MemoryError("no room")

    monkeypatch.setattr(scorer.SetScorer, "score", broken)
    record = cells.run_cell(cell_spec(), tmp_path, CPU)
    assert record.status == "failed" and record.reason == "MemoryError: no room"
    assert len(load_samples(tmp_path / "samples.npz")) == 120 and (tmp_path / "samples.png").is_file()


def test_a_failed_translator_is_still_one(tmp_path, monkeypatch):
    """Its row stands among those of its task, not among the generators from latents."""

    def broken(*arguments: Any, **options: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(cells, "train", broken)
    spec = cell_spec(variant="cyclegan", settings=VARIANTS.get("cyclegan").default_settings(8))
    assert cells.run_cell(spec, tmp_path, CPU).task == "translate"
