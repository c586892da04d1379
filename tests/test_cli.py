"""What a user reads: one sentence for a mistake and exit 2; results on stdout."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
import torch
import typer
from PIL import Image

from gan_bench.cell import run_cell
from gan_bench.cli import app
from gan_bench.cli.serve import server_of
from gan_bench.datasets import DATASETS
from gan_bench.generators import VARIANTS
from gan_bench.images.pictures import save_png
from gan_bench.records import write_record
from tests.boards import cell, metric
from tests.factories import cell_spec, load_samples

MISTAKES = [
    (
        ("run", "--suite", "mnits"),
        "unknown suite 'mnits'; did you mean 'mnist'? Known: cifar10, mnist, modes, shapes,",
    ),
    (("run", "--suite", "shapes", "--variants", "dcgna"), "unknown variant 'dcgna'; did you mean 'dcgan'?"),
    (("run", "--suite", "modes", "--variants", "dcgan"), "variants that draw both: pacgan2, vanilla, wgan-gp."),
    (("run", "--suite", "modes", "--detectors", "spectrum"), "'ring8' holds points, and detectors look at images"),
    (("run", "--suite", "shapes", "--budget", "quik"), "unknown budget 'quik'; did you mean 'quick'?"),
    (("run", "--suite", "shapes", "--metrics", "fid"), "unknown metric 'fid'; did you mean 'fd'?"),
    (("run", "--suite", "shapes", "--extractors", "lite"), "unknown extractor 'lite'; did you mean 'lite0'?"),
    (("run", "--suite", "shapes", "--detectors", "spectrun"), "unknown detector 'spectrun'; did you mean 'spectrum'?"),
    (("run", "--suite", "shapes", "--detectors", "timm:tf_eficientnet_lite0"), "did you mean 'tf_efficientnet_lite0'?"),
    (("run", "--suite", "shapes", "--device", "gpu"), "unknown device 'gpu'"),
    (("run", "--suite", ","), "--suite ',' names nothing"),
    (("run", "--suite", "shapes", "--set", "dcgan.lr"), "--set 'dcgan.lr' is not of the form VARIANT.SETTING=VALUE"),
    (("run", "--suite", "shapes", "--set", "dcgan.rl=1"), "unknown setting of dcgan 'rl'; did you mean 'lr'?"),
    (("run", "--suite", "shapes", "--set", "dcgan.lr=fast"), "dcgan.lr is a number, not 'fast'."),
    (("run", "--suite", "shapes", "--set", "wgan.long_turns=1"), "wgan.long_turns is true or false, not '1'."),
    (("run", "--suite", "shapes", "--variants", "dcgan", "--set", "dcgan.minibatch=sdt"), "unknown dcgan.minibatch 'sdt'"),
    (("list", "variant"), "unknown list 'variant'; did you mean 'variants'?"),
    (("score", ".", "--dataset", "cifar"), "unknown dataset 'cifar'; did you mean 'cifar10'?"),
    (
        ("score", "/no/such/place", "--dataset", "shapes"),
        "/no/such/place is neither a folder of images nor an .npz, .npy or .pt file",
    ),
    (("score", ".", "--dataset", "shapes", "--name", "x"), "--name and --run belong together"),
    (("data", "verify", "mist"), "unknown dataset 'mist'; did you mean 'mnist'?"),
    (("sample", "/no/such/cell"), "/no/such/cell is no finished cell"),
    (("leaderboard", "/no/such/run"), "/no/such/run is not a folder"),
    (("leaderboard", "a", "b"), "several run folders need --out"),
]


@pytest.mark.parametrize(
    ("command", "default"), [("run", "runs/BUDGET"), ("score", "the dataset's"), ("leaderboard", "the only run folder")]
)
def test_help_says_what_happens_without_an_option(command, default, cli):
    """Brackets in a help text would be taken for markup, and vanish."""
    assert default in " ".join(cli(command, "--help").stdout.replace("│", " ").split())


@pytest.mark.parametrize("command", typer.main.get_command(app).commands)
def test_help_fits_80_columns_and_cuts_nothing(command, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli(command, "--help").stdout.splitlines()
    assert max(map(len, lines)) <= 80 and not any("…" in line for line in lines)


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_a_mistake_is_one_sentence_and_exit_2(cli, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    ended = cli(*arguments)
    assert ended.code == 2 and ended.stdout == ""
    assert ended.stderr.startswith("gan-bench: ") and sentence in ended.stderr
    assert ended.stderr.count("\n") == 1 and not list(tmp_path.iterdir())  # nothing was started


def test_an_output_folder_that_cannot_be_made_is_said_before_training(cli, tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = cli("run", "--suite", "shapes", "--budget", "smoke", "--extractors", "raw", "--out", tmp_path / "file" / "run")
    assert ended.code == 2 and f"--out {tmp_path / 'file' / 'run'} cannot be a run folder" in ended.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder_is_said(cli, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    ended = cli("run", "--suite", "shapes", "--budget", "smoke", "--out", tmp_path / "locked" / "run")
    assert ended.code == 2 and "is not writable" in ended.stderr


def test_a_dry_run_plans_and_touches_nothing(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = cli("run", "--suite", "shapes", "--budget", "smoke", "--seeds", 2, "--jobs", 1, "--dry-run")
    assert ended.code == 0 and "12 cells at budget smoke on " in ended.stdout and not list(tmp_path.iterdir())
    two = cli("run", "--suite", "shapes", "--budget", "smoke", "--jobs", 2, "--dry-run").stdout
    assert "6 cells, 2 at a time, at budget smoke on " in two
    changes = ("--set", "dcgan.lr=1e-3", "--set", "dcgan.minibatch=std")
    plan = json.loads(cli("run", "--suite", "shapes", "--budget", "smoke", *changes, "--dry-run", "--json").stdout)
    dcgan = next(cell["settings"] for cell in plan["cells"] if cell["variant"] == "dcgan")
    assert (dcgan["lr"], dcgan["minibatch"], dcgan["batch_size"]) == (1e-3, "std", 16)
    assert [cell["variant"] for cell in plan["cells"]] == ["vanilla", "dcgan", "cgan", "cyclegan", "srgan", "wgan"]


@pytest.mark.parametrize("what", ["variants", "datasets", "extractors", "metrics", "detectors", "suites", "budgets"])
def test_lists(cli, what):
    rows = json.loads(cli("list", what, "--json").stdout)
    names = [next(iter(row.values())) for row in rows]
    known = {"variants": "dcgan", "datasets": "mnist", "extractors": "lite0", "metrics": "fd", "detectors": "spectrum",
             "suites": "mnist", "budgets": "quick"}  # fmt: skip
    assert known[what] in names and known[what] in cli("list", what).stdout


def test_doctor_tells_what_is_available(cli, monkeypatch):
    found = json.loads(cli("doctor", "--json").stdout)
    assert found["extractor lite0"] == "available" and "weights are not on this machine" in found["extractor inception"]
    assert found["dataset shapes"] == "available" and "torch" in found["packages"]


def test_verify_names_what_is_missing(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path))
    ended = cli("data", "verify", "cifar10")
    assert ended.code == 1 and ended.stdout.count("is missing; `gan-bench data fetch cifar10` fixes it.") == 4


def test_fetch_and_verify_of_what_is_there(cli, fetched):
    assert cli("data", "fetch", "mnist", "shapes").stdout == "mnist: here\nshapes: here\n"
    assert cli("data", "verify", "mnist").stdout == "mnist: every digest holds\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """120 real images of `shapes` as PNG files."""
    pictures = DATASETS.create("shapes").load("test").images[:120]
    for i, picture in enumerate(pictures):
        save_png(picture.permute(1, 2, 0).numpy(), tmp_path / "pictures" / f"{i:03d}.png")
    return tmp_path / "pictures"


RAW = ("--dataset", "shapes", "--budget", "smoke", "--extractors", "raw", "--device", "cpu")


def test_score_of_a_folder(cli, folder):
    found = json.loads(cli("score", folder, *RAW, "--json").stdout)
    values = {m["name"]: m["value"] for m in found["metrics"]}
    assert 0 < values["fd_raw_120"] < 5 and values["precision_raw_120"] > 0.5 and values["kid_raw_120"] is None
    assert found["values"] == {name: value for name, value in values.items() if value is not None}
    table = cli("score", folder, *RAW).stdout
    assert "fd_raw_120" in table and "needs at least 1,000 images a side" in " ".join(table.split())


def test_score_never_takes_fewer_images_than_asked(cli, folder):
    ended = cli("score", folder, *RAW, "--samples", 121)
    assert ended.code == 2 and "holds 120 images and 121 were asked for" in ended.stderr
    found = json.loads(cli("score", folder, *RAW, "--samples", 100, "--json").stdout)
    assert {m["n_fake"] for m in found["metrics"]} == {100}


def test_score_stops_at_a_bad_file_by_name(cli, folder):
    (folder / "060.png").write_bytes((folder / "060.png").read_bytes()[:90])
    ended = cli("score", folder, *RAW)
    assert ended.code == 2 and ended.stdout == "" and "060.png cannot be read as an image" in ended.stderr


def test_score_says_what_it_changed(cli, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "grey").mkdir()
    for i in range(110):
        Image.fromarray(rng.integers(0, 256, (40, 48), np.uint8)).save(tmp_path / "grey" / f"{i}.png")
    text = " ".join(cli("score", tmp_path / "grey", *RAW).stderr.split())
    assert "grey images were turned into colour" in text and "images of 48x40 were resized to 32x32" in text


def test_a_scored_folder_joins_a_leaderboard(cli, folder, tmp_path):
    run = tmp_path / "run"
    arguments = ("--suite", "shapes", "--budget", "smoke", "--extractors", "raw", "--variants", "dcgan", "--detectors", "none")
    assert cli("run", *arguments, "--device", "cpu", "--out", run).code == 0
    assert cli("score", folder, *RAW, "--name", "somebody's GAN", "--run", run).code == 0
    ended = cli("leaderboard", run)
    assert (
        ended.code == 0
        and "somebody's GAN" in ended.stdout
        and "somebody&#39;s GAN" in next(run.glob("leaderboard/*/index.html")).read_text()
    )
    assert json.loads(cli("leaderboard", run, "--json").stdout)
    cell = run / "cells/shapes/dcgan/seed-0"
    assert cli("sample", cell, "-n", 5, "--out", tmp_path / "five.npz").code == 0
    assert load_samples(tmp_path / "five.npz").shape == (5, 3, 32, 32)
    assert cli("sample", cell, "-n", 3, "--start", 1, "--out", tmp_path / "files").code == 0
    assert sorted(f.name for f in (tmp_path / "files").iterdir()) == ["000001.png", "000002.png", "000003.png"]
    second = np.asarray(Image.open(tmp_path / "files" / "000001.png")).transpose(2, 0, 1)
    assert np.array_equal(second, load_samples(tmp_path / "five.npz")[1].numpy())


def test_a_conditional_variant_draws_the_class_asked_for(cli, tmp_path):
    spec = cell_spec(variant="cgan", settings=VARIANTS.get("cgan").default_settings(8))
    cell = tmp_path / "cell"
    assert run_cell(spec, cell, torch.device("cpu")).status == "done"
    one, other = tmp_path / "1.npz", tmp_path / "2.npz"
    name = DATASETS.create("shapes").class_names[2]
    assert cli("sample", cell, "-n", 4, "--label", 1, "--out", one).code == 0
    assert cli("sample", cell, "-n", 4, "--label", name, "--out", other).code == 0
    assert not torch.equal(load_samples(one), load_samples(other))
    assert "unknown class of shapes '99'" in cli("sample", cell, "--label", 99).stderr


def test_a_label_for_a_variant_without_classes_is_refused(cli, tmp_path):
    assert run_cell(cell_spec(), tmp_path / "cell", torch.device("cpu")).status == "done"
    ended = cli("sample", tmp_path / "cell", "--label", "1")
    assert ended.code == 2 and "dcgan is not class-conditional, so --label has no meaning for it." in ended.stderr


def test_pages_are_served_on_this_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the board")
    with server_of(tmp_path) as server, server_of(tmp_path) as other:
        host, port = server.server_address[:2]
        assert host == "127.0.0.1" and other.server_address[1] != port  # a port that is taken is no error
        Thread(target=server.serve_forever, daemon=True).start()
        with urlopen(f"http://{host}:{port}/") as answer:
            assert answer.read() == b"the board"
        with pytest.raises(HTTPError):
            urlopen(f"http://{host}:{port}/../secret")
        server.shutdown()


def test_open_shows_the_pages_that_were_built(cli, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    write_record(tmp_path / "run/cells/cifar10/dcgan/seed-0/record.json", cell("dcgan", metric(10.0)).record)
    assert cli("leaderboard", tmp_path / "run", "--open").code == 0
    assert opened == [(tmp_path / "run/leaderboard/index.html").as_uri()]


def test_a_long_plan_shows_its_ends(cli):
    ended = cli("run", "--suite", "shapes", "--variants", "dcgan", "--budget", "smoke", "--seeds", 200, "--dry-run")
    rows = [line for line in ended.stdout.splitlines() if line.startswith(("shapes", "..."))]
    assert ended.code == 0 and len(rows) == 41 and "... 160 more" in rows[20] and "200 cells" in ended.stdout


def test_attacks_without_their_package_are_refused_before_training(cli, monkeypatch):
    monkeypatch.setattr("gan_bench.plan.needs.find_spec", lambda name: None)
    ended = cli("run", "--suite", "shapes", "--variants", "dcgan", "--budget", "smoke", "--attacks", "--dry-run")
    assert ended.code == 2 and "--attacks needs the package secml-torch" in ended.stderr


def test_weights_of_detectors_are_fetched_before_training(cli, tmp_path, monkeypatch):
    def refused(*arguments: object, **options: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("timm.create_model", refused)
    arguments = ("--suite", "shapes", "--variants", "dcgan", "--budget", "smoke", "--detectors", "timm:resnet18")
    ended = cli("run", *arguments, "--out", tmp_path / "run")
    assert ended.code == 2 and "the weights of timm model 'resnet18' could not be fetched" in ended.stderr
    assert not list((tmp_path / "run").rglob("record.json"))
