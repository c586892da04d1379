"""Suites that are not of gan-bench: a file of the user, and files of another distribution."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_bench import suites
from gan_bench.budget import PRESETS
from gan_bench.core.errors import UserError
from gan_bench.features import own_classifier
from gan_bench.gate.baseline import read_baseline
from gan_bench.generators.own import read_sources
from gan_bench.plan import RunRequest, make_plan
from gan_bench.records import Plan, read_record
from gan_bench.run_folder import rules_in
from tests.conftest import ROOT
from tests.test_folder_suite import put

pytestmark = pytest.mark.usefixtures("one_thread")
SHAPES = """
title = "Mine"
datasets = ["shapes"]
variants = ["dcgan"]
extractors = ["raw"]
metrics = ["fd", "pr"]
detectors = []
headline = "recall_raw"
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))


def write(file: Path, text: str = SHAPES, **changed: str) -> Path:
    """A suite file with other values, as TOML has them; "": without the attribute."""
    lines = text.strip().splitlines()
    for attribute, value in changed.items():
        lines = [line for line in lines if not line.startswith(f"{attribute} =")]
        lines += [f"{attribute} = {value}"] * bool(value)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_example_runs_beside_its_folder_from_anywhere(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(own_classifier, "SHOWN", 0)  # few passes
    shutil.copy(ROOT / "examples/my.toml", tmp_path)
    put(tmp_path / "photos", 1010, height=16, width=16)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ended = cli("run", "--suite", "../my.toml", "--budget", "smoke,2steps", "--side", "16", "--device", "cpu", "--jobs", "1")
    assert ended.code == 0, ended.stderr
    (folder,) = Path("runs/smoke,2steps/cells").iterdir()
    assert folder.name.startswith("photos-16-") and {path.name for path in folder.iterdir()} == {"dcgan", "cgan"}
    assert len(list(Path("runs/smoke,2steps/detectors").rglob("record.json"))) == 2


def test_the_headline_of_a_file_ranks_its_table_also_later(cli, tmp_path):
    """The rule is kept with the run; a later command with another suite does not lose it."""
    file, out = write(tmp_path / "my.toml"), tmp_path / "out"
    run = ("run", "--budget", "smoke,2steps", "--device", "cpu", "--jobs", "1", "--out", out, "--detectors", "none")
    assert cli(*run, "--suite", file).code == 0
    assert "recall" in cli("leaderboard", out, "--json").stdout.split('"headline": ')[1].split(",")[0]
    assert cli(*run, "--suite", "modes", "--variants", "vanilla").code == 0
    assert rules_in([out])["shapes"].headline == "recall_raw" and set(rules_in([out])) == {"shapes"}
    assert read_record(out / "plan.json", Plan).content_digest is not None


def test_a_file_with_a_name_of_ours_is_the_file(tmp_path, monkeypatch):
    write(tmp_path / "mnist.toml")
    monkeypatch.chdir(tmp_path)
    assert suites.load("mnist.toml").title == "Mine" and suites.load("mnist").title == "MNIST"


def test_folders_in_a_file_are_relative_to_it_and_a_home_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    file = write(tmp_path / "my.toml", datasets='["folder:photos", "folder:~/a", "folder:/b.npz", "shapes"]')
    assert suites.load(str(file)).datasets == (f"folder:{tmp_path / 'photos'}", "folder:/home/me/a", "folder:/b.npz", "shapes")


def test_python_files_in_a_file_are_relative_to_it(tmp_path, monkeypatch):
    (tmp_path / "at/home").mkdir(parents=True)
    file = write(tmp_path / "at/home/my.toml", variants='["my_gan.py:MyGAN", "dcgan"]')
    shutil.copy(ROOT / "examples/my_gan.py", file.parent)
    monkeypatch.chdir(tmp_path)
    (mine, ours) = suites.load("at/home/my.toml").variants
    assert (mine, ours) == ("at/home/my_gan.py:MyGAN", "dcgan") and read_sources([mine])[mine].kind.name == "mygan"


def test_a_gate_holds_what_the_file_ranks_by(cli, tmp_path):
    file, out = write(tmp_path / "my.toml"), tmp_path / "out"
    assert cli("run", "--suite", file, "--budget", "smoke,2steps", "--device", "cpu", "--jobs", "1", "--out", out).code == 0
    assert cli("baseline", out, "-o", tmp_path / "baseline.json").code == 0
    assert read_baseline(tmp_path / "baseline.json").primary == {"shapes dcgan": "recall_raw"}


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a variant": ({"variants": '["dcgam"]'}, "my.toml:7: unknown variant 'dcgam'; did you mean 'dcgan'?"),
    "a dataset": ({"datasets": '["shape"]'}, "my.toml:7: unknown dataset 'shape'; did you mean 'shapes'?"),
    "an extractor": ({"extractors": '["rw"]'}, "my.toml:7: unknown extractor 'rw'; did you mean 'raw'?"),
    "a metric": ({"metrics": '["fid"]'}, "my.toml:7: unknown metric 'fid'"),
    "a detector": ({"detectors": '["pixel"]'}, "my.toml:7: unknown detector 'pixel'; did you mean 'pixels'?"),
    "an attribute": ({"datset": '["shapes"]'}, "my.toml:8: unknown attribute 'datset'; did you mean 'datasets'?"),
    "no attribute": ({"headline": ""}, "my.toml: suite 'my' has a wrong or no attribute `headline`"),
    "nothing in it": ({"datasets": "[]"}, "my.toml:7: suite 'my' has a wrong or no attribute `datasets`"),
    "a headline": ({"headline": '"fid_raw"'}, "my.toml:7: headline = 'fid_raw' is no number of its metrics, which are fd, "),
    "no TOML": ({"title": "Mine"}, "my.toml: not a TOML file (Invalid value (at line"),
    "points": ({"datasets": '["ring8"]', "metrics": '["fd", "pr"]'}, "'dcgan' draws images, and 'ring8' holds points"),
    "judged points": ({"datasets": '["ring8"]', "variants": '["vanilla"]', "detectors": '["pixels"]'}, "look at images"),
    "twice": ({"datasets": '["shapes", "shapes"]'}, "the dataset shapes is there twice, in "),
    "no folder": ({"datasets": '["folder:absent"]'}, "absent does not exist; give a folder of images"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_one_sentence(cli, tmp_path, what: str):
    changed, sentence = WRONG[what]
    file = write(tmp_path / "my.toml", **changed)
    ended = cli("run", "--suite", file, "--budget", "smoke", "--dry-run")
    (line,) = (line for line in ended.stderr.splitlines() if line.startswith("gan-bench: "))
    assert ended.code == 2 and sentence in line


def test_two_suites_with_one_dataset_are_refused(tmp_path):
    file = write(tmp_path / "my.toml")
    with pytest.raises(UserError, match=r"the dataset shapes is there twice, in shapes and .*my\.toml; give one suite"):
        make_plan(RunRequest(["shapes", str(file)], PRESETS["smoke"]))


def test_what_somebody_meant_is_said(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "photos", 2)
    write(tmp_path / "my.toml")
    for given, sentence in {
        "photos/": "to train on the images there, give --suite folder:photos/.",
        "photos.npz": "give --suite folder:photos.npz.",
        "my": "for the file of that name, give --suite my.toml.",
        "your.toml": "--suite your.toml is no file; give the path of a TOML file, or a name: cifar10, mnist,",
        "mnits": "unknown suite 'mnits'; did you mean 'mnist'?",
    }.items():
        ended = cli("run", "--suite", given, "--dry-run")
        assert ended.code == 2 and sentence in ended.stderr.replace("\n", " "), given


# ---------------------------------------------------------------------------------------------- another distribution


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """distribution(module) -> where its package lies: an installed distribution with one entry point for suites."""

    def install(module: str = "strange_suites") -> Path:
        site = tmp_path / "site"
        info = site / "stranger-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[gan_bench.suites]\nstranger = {module}\n")
        monkeypatch.syspath_prepend(str(site))
        return site / "strange_suites"

    return install


def test_suites_of_another_distribution_have_names(distribution, cli, tmp_path):
    write(distribution() / "stranger.toml")
    assert "stranger" in suites.names() and suites.load("stranger").title == "Mine" and not suites.is_ours("stranger")
    assert "stranger" in cli("list", "suites").stdout
    assert suites.table_rules()["shapes"].headline == "fd_shapes-factors"  # ours, but in the stranger's own runs
    assert make_plan(RunRequest(["stranger"], PRESETS["smoke"])).rules["shapes"].headline == "recall_raw"
    assert suites.measures_of("shapes")[0] == suites.load("shapes").extractors


def test_another_distribution_takes_no_name_of_ours(distribution, cli):
    write(distribution() / "mnist.toml")
    listed = cli("list", "suites")
    assert suites.load("mnist").title == "MNIST" and "suite 'mnist' has the name of another, in " in listed.stderr
    assert listed.stdout.count("dcgan") >= 4


def test_an_entry_point_without_suites_is_named(distribution, cli):
    distribution("absent_package")
    assert "'stranger' of gan_bench.suites: absent_package is no package with TOML files." in cli("list", "suites").stderr
