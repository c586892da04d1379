"""Splits and protocols of detection."""

from __future__ import annotations

import torch

from gan_bench.datasets import DATASETS
from gan_bench.device import environment
from gan_bench.judge import fake_folds, protocols, real_folds
from gan_bench.records import CellRecord, spec_hash, write_record
from gan_bench.sample import build_variant, draw, save_generator
from tests.conftest import CPU
from tests.factories import cell_spec

NUMBERED = torch.arange(1000).view(-1, 1, 1, 1)


def test_folds_of_reals_are_disjoint_and_keep_their_images():
    large, small = real_folds(NUMBERED, 1000), real_folds(NUMBERED, 200)
    assert {name: len(part) for name, part in large.items()} == {"fit": 600, "validate": 100, "test": 300}
    assert {name: len(part) for name, part in small.items()} == {"fit": 120, "validate": 20, "test": 60}
    assert len(torch.cat(list(large.values())).unique()) == 1000
    for name, part in small.items():
        assert set(part.flatten().tolist()) <= set(large[name].flatten().tolist())


def test_leave_one_out_never_fits_on_the_tested_variant():
    found = protocols(["a", "b", "c"])
    assert found[0] == ("seen", ["a", "b", "c"], ["a", "b", "c"])
    assert sorted(tested for _, _, (tested,) in found[1:]) == ["a", "b", "c"]
    assert all(not set(fitted) & set(tested) and len(fitted) == 2 for name, fitted, tested in found if name == "leave-one-out")
    assert protocols(["a"]) == [("seen", ["a"], ["a"])]


def test_fakes_of_the_folds_share_no_image_with_each_other_or_with_scoring(tmp_path):
    spec = cell_spec()
    variant = build_variant(spec, CPU)
    save_generator(variant, spec, tmp_path / "generator.safetensors")
    record = CellRecord(environment=environment(CPU), spec=spec, spec_hash=spec_hash(spec), status="done")
    write_record(tmp_path / "record.json", record)
    folds = fake_folds({"a": tmp_path, "b": tmp_path}, {"fit": 60, "validate": 20, "test": 30}, CPU)
    assert {name: len(part) for name, part in folds["a"].items()} == {"fit": 30, "validate": 10, "test": 30}
    sets = [*folds["a"].values(), draw(variant, DATASETS.create(spec.dataset), spec.seed, "score", 50).images]
    images = [bytes(image.numpy()) for part in sets for image in part]
    assert len(set(images)) == len(images)
