"""Seeds, budgets, images, records."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench import records
from gan_bench.budget import PRESETS, Budget, Spent, parse_preset
from gan_bench.core.errors import UserError
from gan_bench.core.files import atomic_path, write_text
from gan_bench.core.seeds import derive, stream
from gan_bench.device import environment, pick
from gan_bench.images import convert
from gan_bench.images.files import save_samples
from gan_bench.images.pictures import grid, save_png
from tests.factories import cell_spec, load_samples


def test_streams_are_independent_of_each_other_and_of_use():
    first = torch.rand(3, generator=stream(0, "a", 1))
    stream(0, "b").manual_seed(5)
    assert torch.equal(first, torch.rand(3, generator=stream(0, "a", 1)))
    seeds = {derive(s, n, i) for s in range(5) for n in ("a", "b") for i in range(5)}
    assert len(seeds) == 50 and derive(0, "a", 1) != derive(0, "a1")


def test_a_record_says_which_instructions_and_libraries_computed_it():
    """They change the last digits of sums, and with them a training. torch names them in a text of its own."""
    found, config = environment(torch.device("cpu")), torch.__config__.show()
    assert found.instructions.split()[0] in config.upper() and found.threads == torch.get_num_threads()
    assert all(part.split()[-1] in config for part in found.kernels.split(", ")) and found.kernels != "of PyTorch"


def test_budget_share_is_that_of_the_tightest_limit():
    budget = Budget(tflop=2.0, kimg=10.0)
    assert budget.share(Spent(tflop=1.0, kimg=9.0)) == pytest.approx(0.9)
    assert budget.share(Spent(tflop=2.0)) >= 1


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("8tflop", Budget(tflop=8)),
        ("60s", Budget(seconds=60)),
        ("1.5m", Budget(seconds=90)),
        ("2kimg,5s", Budget(kimg=2, seconds=5)),
        ("400000steps", Budget(steps=400_000)),
    ],
)
def test_budgets_parse(text: str, budget: Budget):
    assert parse_preset(text).budget == budget


def test_a_preset_before_limits_gives_its_sizes():
    found = parse_preset("standard, 1000steps")
    assert found == replace(PRESETS["standard"], name="standard,1000steps", budget=Budget(steps=1000))


@pytest.mark.parametrize("text", ["1000steps,standard", "quik", "8", "-1s", "1s,", "8 flops", ""])
def test_wrong_budgets_are_refused(text: str):
    with pytest.raises(UserError, match="unknown budget"):
        parse_preset(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0s", "seconds are above 0"), ("9999999999h", "at most 31,622,400"), ("0.5steps", "whole numbers, from 1 on"),
        ("60s,1m", "limits seconds twice"),
    ],
)  # fmt: skip
def test_limits_that_no_training_can_have_are_refused(text: str, said: str):
    with pytest.raises(UserError, match=said):
        parse_preset(text)


def test_presets_grow():
    tflop = [PRESETS[name].budget.tflop for name in ("smoke", "quick", "standard", "full")]
    assert tflop == sorted(tflop)


def test_every_level_survives_the_border():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    x = convert.to_float(levels)
    assert x.min() == -1 and x.max() == 1 and torch.equal(convert.to_uint8(x), levels)
    assert convert.to_uint8(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]


def test_grey_and_colour():
    grey = torch.randint(0, 256, (2, 1, 4, 4), dtype=torch.uint8)
    colour = convert.to_channels(grey, 3)
    assert colour.shape == (2, 3, 4, 4) and torch.equal(convert.to_channels(colour, 1), grey)
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    assert convert.to_channels(red, 1).item() == round(0.299 * 255)


def test_grid_puts_image_i_where_a_reader_looks(tmp_path):
    pictures = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1).expand(6, 1, 8, 8) * 40
    save_png(grid(pictures, columns=3, scale=2, gap=2), tmp_path / "g.png")
    found = np.asarray(Image.open(tmp_path / "g.png"))
    assert found.shape == (2 * 18 + 2, 3 * 18 + 2, 3)
    assert [int(found[2 + 18 * r, 2 + 18 * c, 0]) for r in range(2) for c in range(3)] == [0, 40, 80, 120, 160, 200]


def test_samples_round_trip(tmp_path):
    pictures = torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8)
    save_samples(pictures, torch.arange(5), tmp_path / "s.npz")
    assert torch.equal(load_samples(tmp_path / "s.npz"), pictures)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "a.json"
    write_text(file, "old")
    with pytest.raises(RuntimeError), atomic_path(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_spec_hash_follows_every_field():
    spec = cell_spec()
    assert records.spec_hash(spec) == records.spec_hash(cell_spec())
    changes = [
        {"seed": 1},
        {"budget": Budget(tflop=3.0)},
        {"settings": {"width": 9}},
        {"benchmark_version": "9"},
        {"metrics": ("kid",)},
    ]
    hashes = {records.spec_hash(spec.model_copy(update=change)) for change in changes}
    assert len(hashes) == len(changes) and records.spec_hash(spec) not in hashes


def test_a_spoilt_record_is_named(tmp_path):
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"kind": "cell"}))
    with pytest.raises(UserError, match=r"record\.json is not a CellRecord"):
        records.read_record(file, records.CellRecord)
    assert records.finished(file, records.CellRecord, cell_spec()) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_record_refuses_what_json_cannot_hold(value):
    with pytest.raises(ValueError, match="finite number"):
        records.Interval(low=0.0, high=value, method="t")


@pytest.mark.parametrize(("name", "sentence"), [("gpu", "unknown device 'gpu'"), ("cpu:3", "'cpu:3' does not exist")])
def test_wrong_devices(name: str, sentence: str):
    with pytest.raises(UserError, match=sentence):
        pick(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_absent_cuda_is_said():
    with pytest.raises(UserError, match="'cuda' is not available on this machine"):
        pick("cuda")
