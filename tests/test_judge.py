"""Splits and protocols of detection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gan_bench import judge as judges
from gan_bench.datasets import DATASETS
from gan_bench.device import environment
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.judge import fake_folds, protocols, real_folds
from gan_bench.records import CellRecord, CellSpec, spec_hash, write_record
from gan_bench.sample import Drawn, build_variant, draw, save_generator
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


def untrained(folder: Path, spec: CellSpec) -> Variant:
    """The variant of a cell as a finished cell in `folder`, without its training."""
    variant = build_variant(spec, CPU)
    save_generator(variant, spec, folder / "generator.safetensors")
    record = CellRecord(environment=environment(CPU), spec=spec, spec_hash=spec_hash(spec), status="done")
    write_record(folder / "record.json", record)
    return variant


def test_fakes_of_the_folds_share_no_image_with_each_other_or_with_scoring(tmp_path):
    spec = cell_spec()
    variant = untrained(tmp_path, spec)
    folds = fake_folds({"a": tmp_path, "b": tmp_path}, {"fit": 60, "validate": 20, "test": 30}, CPU)
    assert {name: len(part) for name, part in folds["a"].items()} == {"fit": 30, "validate": 10, "test": 30}
    sets = [*folds["a"].values(), draw(variant, DATASETS.create(spec.dataset), spec.seed, "score", 50).images]
    images = [bytes(image.numpy()) for part in sets for image in part]
    assert len(set(images)) == len(images)


def translator(folder: Path) -> Variant:
    """An untrained CycleGAN as a finished cell: equal sources give equal images."""
    return untrained(folder, cell_spec(variant="cyclegan", settings=VARIANTS.get("cyclegan").default_settings(8)))


def test_no_two_folds_start_from_one_image(tmp_path):
    """Two draws of 400 and of 1,000 among 4,096 sources: separate draws for each fold shared 7 and 54 of them."""
    translator(tmp_path)
    for counts in ({"fit": 240, "validate": 40, "test": 120}, {"fit": 600, "validate": 100, "test": 300}):
        folds = fake_folds({"a": tmp_path}, counts, CPU)["a"]
        assert {fold: len(part) for fold, part in folds.items()} == counts
        images = [bytes(image.numpy()) for part in folds.values() for image in part]
        assert len(set(images)) == len(images)


def test_where_sources_are_few_all_folds_shrink_alike(tmp_path, monkeypatch):
    whole = translator(tmp_path)

    def at_most_90(*arguments: Any, **options: Any) -> Drawn:
        drawn = draw(*arguments, **options)
        return drawn._replace(images=drawn.images[:90])

    monkeypatch.setattr(judges, "draw", at_most_90)
    folds = fake_folds({"a": tmp_path}, {"fit": 120, "validate": 20, "test": 60}, CPU)["a"]
    assert {fold: len(part) for fold, part in folds.items()} == {"fit": 54, "validate": 9, "test": 27}
    drawn = draw(whole, DATASETS.create("shapes"), 0, "judge", 90, split="train").images
    assert torch.equal(torch.cat(list(folds.values())), drawn)
