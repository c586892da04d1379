"""`gan-bench score --generator` and `--run`: somebody's generator, or images, beside the entries of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from gan_bench.records import CellRecord, ExtractorInfo, write_record
from gan_bench.run_folder import RECORD
from tests.boards import build, cell, metric, reference, rows
from tests.conftest import Ended

Cli = Callable[..., Ended]
WITH = ("--dataset", "shapes", "--device", "cpu")
RAW = (*WITH, "--budget", "smoke", "--extractors", "raw", "--metrics", "fd", "-n", "100")
CODE = """
import torch
from torch import nn


def load(n, seed):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 150, (n, 3, 32, 32), generator=rng, dtype=torch.uint8)


def few(n, seed): return load(n - 1, seed)
def same(n, seed): return load(n, 0)
def wide(n, seed): return 3 * torch.randn(n, 3, 32, 32)
def nothing(n, seed): ...
def nan(n, seed): return torch.full((n, 3, 32, 32), float("nan"))
def flat(n, seed): return torch.zeros(n, 3 * 32 * 32)
def lacks_seed(n): return load(n, 0)


def raises(n, seed):
    missing = {}
    return missing["weights"]


class Net(nn.Module):
    def __init__(self, size=16):
        super().__init__()
        torch.manual_seed(0)
        self.z_dim = size
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 3 * 32 * 32), nn.Dropout(), nn.Tanh())

    def forward(self, z):
        return self.layers(z).view(-1, 3, 32, 32)


net, shaped, unknown = Net(), Net((16, 1, 1)), Net(None)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with my_gan.py, in which the command is started."""
    (tmp_path / "my_gan.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(text: str) -> str:
    return " ".join(text.split())


def found_in(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


def records_in(run: Path) -> list[str]:
    return sorted(str(file.parent.relative_to(run / "references" / "shapes")) for file in run.rglob(RECORD))


def table(run: Path) -> list[dict[str, Any]]:
    [track] = json.loads((run / "leaderboard" / "leaderboard.json").read_text())["tracks"]
    return track["generators"]


# A generator


def test_a_generator_becomes_an_entry_with_an_interval_in_a_folder_of_its_own(here: Path, cli: Cli) -> None:
    run = here / "new"
    ended = cli("score", "--generator", "my_gan.py:load", *RAW, "--seeds", "3", "--name", "my GAN", "--run", run, "--json")
    found = found_in(ended)
    each = [record["metrics"][0]["value"] for record in found["seeds"]]
    assert found["values"] == {"fd_raw_100": pytest.approx(fmean(each))} and len(set(each)) == 3
    assert f"entry 'my GAN' of shapes is on the leaderboard: {run / 'leaderboard' / 'index.html'}" in ended.stderr

    [row] = table(run)
    shown = row["metrics"][0]
    assert row["entry"] == "my GAN" and row["status"] == "external" and sorted(shown["values"]) == sorted(each)
    assert shown["low"] < shown["value"] < shown["high"] and shown["low"] == found["metrics"][0]["interval"]["low"]
    assert "the seeds are draws from one generator, not trainings" in (run / "leaderboard" / "leaderboard.md").read_text()
    assert cli("verify", run).code == 0

    [folder] = (run / "references" / "shapes").iterdir()
    folder.rename(folder.with_name("external-my-GAN"))  # as earlier versions called it
    assert cli("verify", run).code == 0
    found_in(cli("score", "--generator", "my_gan.py:load", *RAW, "--name", "my GAN", "--run", run, "--json"))
    assert records_in(run) == [f"{folder.name}/seed-0"]  # nothing of the earlier entry is left


def test_the_table_of_a_generator_has_means_and_limits_hold_for_them(here: Path, cli: Cli) -> None:
    limits = ("--fail-if", "fd_raw < 1", "--fail-if", "fd_raw_100 > 1")
    ended = cli("score", "--generator", "my_gan.py:load", *RAW, "--seeds", "2", *limits)
    assert ended.code == 1 and "fd_raw_100" in ended.stdout and "100 fakes against 512 reals" in ended.stdout
    assert "means over 2 seeds" in ended.stderr and ended.stderr.count("and > 1 fails") == 1


def test_a_module_is_drawn_from_in_evaluation_mode_by_its_size_or_by_latent(here: Path, cli: Cli) -> None:
    draws = ("score", *RAW, "--value-range=-1,1", "--json")
    values = [
        found_in(cli(*draws, "--generator", f"my_gan.py:{name}", *latent))["values"]
        for name, latent in (("net", ()), ("shaped", ()), ("unknown", ("--latent", "16")), ("unknown", ("--latent", "4,4")))
    ]
    assert values[0]["fd_raw_100"] > 0 and values == [values[0]] * 4  # dropout would make each its own


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("raises", "my_gan.py:raises(100, 0) fails: my_gan.py:22: KeyError: 'weights'"),
        ("lacks_seed", "my_gan.py:lacks_seed(100, 0) fails: TypeError: lacks_seed() takes 1 positional argument but 2"),
        ("few", "my_gan.py:few(100, 0): it returns 99 images, not 100."),
        ("same", "my_gan.py:same returns the same images for seeds 0 and 1; let them depend on its seed."),
        ("wide", "outside the range of values -1 to 1; clamp them or say another range."),
        ("nothing", "my_gan.py:nothing(100, 0): found a value of type NoneType; expected a tensor or an array of images"),
        ("nan", "my_gan.py:nan(100, 0): found 307,200 values that are not finite"),
        ("flat", "my_gan.py:flat(100, 0): found an array of shape (100, 3072); expected images (N, C, H, W)"),
        ("Net", "my_gan.py:Net is a class; name a function (n, seed) -> images, or an object of the class"),
        ("unknown", "my_gan.py:unknown is an nn.Module; say the size of its latents: --latent 128, or as its attribute z_dim."),
        ("absent", "my_gan.py has no function 'absent'"),
    ],
)
def test_what_a_generator_does_wrong_is_one_sentence(here: Path, cli: Cli, name: str, sentence: str) -> None:
    run = here / "new"
    draws = ("--generator", f"my_gan.py:{name}", "--seeds", "2", "--value-range=-1,1")
    ended = cli("score", *RAW, *draws, "--name", "x", "--run", run)
    last = ended.stderr.splitlines()[-1]
    assert ended.code == 2 and last.startswith("gan-bench: ") and sentence in last and not run.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give either images or --generator FILE:NAME"),
        (("a.npy", "--generator", "my_gan.py:load"), "give either images or --generator FILE:NAME"),
        (("a.npy", "--seeds", "2"), "--seeds is for --generator"),
        (("a.npy", "--latent", "2"), "--latent is for --generator"),
        (("--generator", "my_gan.py:load", "--latent", "16"), "--latent is for an nn.Module, and my_gan.py:load is a function"),
        (("--generator", "my_gan.py:net", "--latent", "16x2"), "--latent '16x2' is no size of a latent, such as 128"),
        (("--generator", "your_gan.py:load"), "is not FILE:FUNCTION with a file that exists"),
    ],
)
def test_arguments_that_do_not_fit_are_said(here: Path, cli: Cli, arguments: tuple[str, ...], sentence: str) -> None:
    ended = cli("score", *RAW, *arguments)
    assert ended.code == 2 and sentence in words(ended.stderr) and ended.stderr.count("\n") == 1


# Beside other entries


@pytest.fixture
def run(here: Path) -> Path:
    """A run folder with a trained entry, which was scored when the weights of `inception` were not there."""
    known = {"raw": ExtractorInfo(digest="d"), "inception": ExtractorInfo(digest=None, unavailable="no weights")}
    where = {"dataset": "shapes", "preset": "smoke", "n_fake": 120, "n_real": 512, "extractors": ["raw", "inception"]}
    numbers = [metric(value, name, "raw", name=f"{name}_raw_120", n_fake=120, n_real=512) for name, value in (("fd", 9.0),)]
    record = cell("dcgan", *numbers, **where).record
    assert isinstance(record, CellRecord)
    folder = here / "run"
    write_record(folder / "cells/shapes/dcgan/seed-0" / RECORD, record.model_copy(update={"extractors": known}))
    return folder


def test_an_entry_is_scored_as_the_others_are_so_that_no_column_is_its_own(run: Path, cli: Cli) -> None:
    ended = cli("score", "--generator", "my_gan.py:load", *WITH, "--name", "mine", "--run", run)
    assert ended.code == 0 and "budget smoke, 120 images, extractors raw, metrics fd" in ended.stderr
    by_name = {row["entry"]: [m["name"] for m in row["metrics"]] for row in table(run)}
    assert by_name == {"dcgan": ["fd_raw_120"], "mine": ["fd_raw_120"]}

    ended = cli("score", "--generator", "my_gan.py:load", *WITH, "--name", "mine", "--run", run, "-n", "50", "--json")
    assert found_in(ended)["values"].keys() == {"fd_raw_50"}  # what is said counts


@pytest.mark.parametrize(
    ("n", "name", "told"),
    [
        (150, "fd_raw_120", "120 of its 150 images are scored, as many as other entries have"),
        (
            90,
            "fd_raw_90",
            "it holds 90 images, and other entries have 120; numbers of other counts stand in columns of their own",
        ),
    ],
)
def test_images_on_disk_are_as_many_as_the_others_if_there_are(run: Path, cli: Cli, n: int, name: str, told: str) -> None:
    np.save("a.npy", np.random.default_rng(0).integers(0, 150, (n, 3, 32, 32), np.uint8))
    ended = cli("score", "a.npy", *WITH, "--name", "mine", "--run", run, "--json")
    assert found_in(ended)["values"].keys() == {name} and told in words(ended.stderr)


def test_a_folder_of_other_things_is_no_run_folder(here: Path, cli: Cli) -> None:
    (here / "photos").mkdir()
    (here / "photos" / "cat.txt").write_text("a cat")
    for place in ("photos", "my_gan.py", "my_gan.py/run"):
        ended = cli("score", "--generator", "my_gan.py:load", *RAW, "--name", "mine", "--run", place)
        assert ended.code == 2 and f"--run {place} is no run folder, or is not writable" in ended.stderr
    assert [file.name for file in (here / "photos").iterdir()] == ["cat.txt"]


def test_draws_of_one_name_are_one_entry_also_from_two_runs(tmp_path: Path) -> None:
    draws = [reference("mine", metric(value), external=True, seed=seed) for seed, value in enumerate((1.0, 2.0, 3.0))]
    again = reference("mine", metric(1.0), external=True, seed=0, run="other")  # the same samples
    board = build(tmp_path, *draws, again)
    [row] = rows(board).values()
    assert row["entry"] == "mine" and row["metrics"][0]["values"] == (1.0, 2.0, 3.0)
