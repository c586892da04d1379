"""Samples of a trained cell: one for each source image, and exports that score as the cell did."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench import references
from gan_bench.budget import Budget
from gan_bench.cell import run_cell
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.images.files import open_images
from gan_bench.images.sets import in_memory
from gan_bench.records import CellRecord, ReferenceSpec
from gan_bench.sample import BLOCK, draw, originals
from tests.conftest import CPU
from tests.factories import cell_spec, load_samples, small

SHAPES = DATASETS.create("shapes")
N_TEST = 1024  # images of its test split


class Grey(Dataset):
    """Grey noise of two levels of contrast, one for each class."""

    name = "grey-noise"
    title = "Grey noise"
    image_shape = (1, 32, 32)
    n_classes = 2
    class_names = ("faint/flat", "strong")  # the first cannot be a folder's name

    def load(self, split: SplitName) -> Split:
        """1,200 images of either split."""
        rng, labels = np.random.default_rng(split == "test"), np.arange(1200) % 2
        pixels = 128 + rng.integers(-60, 60, (1200, 1, 32, 32)) * (1 + labels[:, None, None, None])
        return Split(torch.from_numpy(pixels.clip(0, 255).astype(np.uint8)), torch.from_numpy(labels))


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS._members, Grey.name, Grey)


def distinct(images: torch.Tensor) -> int:
    return len(images.flatten(1).unique(dim=0))


def tells_its_batch(monkeypatch: pytest.MonkeyPatch) -> Variant:
    """An upscaler whose pixels tell the place in the batch and the size of the batch, as kernels chosen by size may do."""
    variant = small("srresnet")

    def transform(sources: torch.Tensor) -> torch.Tensor:
        images = torch.zeros(len(sources), 3, 32, 32) - 1
        images[:, 0], images[:, 1] = len(sources) / 127.5 - 1, torch.arange(len(sources)).view(-1, 1, 1) / 127.5 - 1
        return images

    monkeypatch.setattr(variant, "transform", transform)
    return variant


def test_each_source_image_gives_one_sample():
    drawn = draw(small("cyclegan"), SHAPES, 0, "score", 1500)
    assert len(drawn.images) == len(drawn.labels) == len(drawn.truth) == distinct(drawn.truth) == N_TEST
    assert len(originals(SHAPES, "test", "score", 1500).images) == N_TEST
    last = originals(SHAPES, "test", "score", 50, start=1000)
    assert torch.equal(last.images, drawn.truth[1000:]) and torch.equal(last.labels, drawn.labels[1000:])


def test_the_last_samples_do_not_depend_on_how_many_are_drawn(monkeypatch):
    """The last block is a short one, and is so for any number and any start."""
    variant = tells_its_batch(monkeypatch)
    every = draw(variant, SHAPES, 0, "score", 5000).images
    assert every[:, 0, 0, 0].tolist() == 1000 * [BLOCK] + 24 * [24]
    for n, start in ((1, 0), (1010, 0), (1500, 0), (5, 1003), (30, 985), (50, 1020), (1, 1023)):
        assert torch.equal(draw(variant, SHAPES, 0, "score", n, start).images, every[start : start + n])


@pytest.mark.parametrize("start", [1024, 1030, 5000])
def test_samples_of_no_source_image_are_refused(start):
    sentence = f"srresnet makes one sample of each test image of shapes, and there are 1,024, so there is no sample {start:,}"
    with pytest.raises(UserError, match=sentence):
        draw(small("srresnet"), SHAPES, 0, "score", 10, start)


def test_latents_have_no_end():
    assert len(draw(small("dcgan"), SHAPES, 0, "score", 20, 3000).images) == 20


@pytest.mark.parametrize("name", ["untranslated", "bicubic"])
def test_reference_rows_hold_each_source_image_once(tmp_path, name):
    reference = references.REFERENCES[name](SHAPES, 5000)
    assert len(reference.images) == len(reference.labels) == len(reference.truth) == distinct(reference.truth) == N_TEST
    spec = ReferenceSpec(
        dataset="shapes", name=name, preset="smoke", n_fake=5000, n_real=200, extractors=("raw",), metrics=("fd", "truth")
    )
    record = references.run_reference(spec, tmp_path / name, CPU)
    assert {m.n_fake for m in record.metrics} == {N_TEST} and all(m.name.endswith("_1024") for m in record.metrics)
    assert "fd_raw_1024" in {m.name for m in record.metrics} and len(load_samples(tmp_path / name / "samples.npz")) == N_TEST


def test_a_translator_has_no_more_samples_than_sources(cli, tmp_path):
    spec = cell_spec(variant="cyclegan", settings=VARIANTS.get("cyclegan").default_settings(8), n_fake=1500)
    record = run_cell(spec, tmp_path / "cell", CPU)
    assert record.status == "done" and {m.name for m in record.metrics} == {"fd_raw_1024"}

    ended = cli("sample", tmp_path / "cell", "-n", 20_000, "--out", tmp_path / "all.npz", "--device", "cpu")
    told = "cyclegan makes one sample of each test image of shapes, and there are 1,024"
    assert ended.code == 0 and f"only 1,024 of 20,000: {told}." in " ".join(ended.stderr.split())
    assert ended.stdout.startswith("1024 images: ")
    assert torch.equal(load_samples(tmp_path / "all.npz"), load_samples(tmp_path / "cell/samples.npz"))

    ended = cli("sample", tmp_path / "cell", "--start", 1024, "--out", tmp_path / "none.npz", "--device", "cpu")
    assert ended.code == 2 and ended.stderr == f"gan-bench: {told}, so there is no sample 1,024.\n"
    assert cli("sample", tmp_path / "cell", "-n", 24, "--start", 1000, "--out", tmp_path / "n.npz").stderr == ""


def test_only_labels_that_were_asked_for_are_labels():
    assert draw(small("dcgan"), SHAPES, 0, "score", 20).labels is None
    assert draw(small("cgan"), SHAPES, 0, "score", 20).labels.tolist() == 2 * list(range(10))
    assert draw(small("cgan"), SHAPES, 0, "score", 3, label=7).labels.tolist() == [7, 7, 7]
    truth = originals(SHAPES, "test", "score", 20)
    assert torch.equal(draw(small("srresnet"), SHAPES, 0, "score", 20).labels, truth.labels)


def numbers(record: CellRecord | dict) -> dict[str, tuple]:
    plain = record if isinstance(record, dict) else record.model_dump(mode="json")
    return {m["name"]: (m["value"], m["interval"], m["unavailable"]) for m in plain["metrics"]}


def exported(cli, cell: Path, n: int, to: Path) -> Path:
    assert cli("sample", cell, "-n", n, "--out", to, "--device", "cpu").code == 0
    return to


def scored(cli, path: Path, record: CellRecord) -> dict[str, tuple]:
    spec = record.spec
    options = ("--extractors", ",".join(spec.extractors), "--metrics", ",".join(spec.metrics), "--device", "cpu", "--json")
    ended = cli("score", path, "--dataset", spec.dataset, "--budget", spec.preset, *options)
    assert ended.code == 0, ended.stderr
    return numbers(json.loads(ended.stdout))


ALL = ("fd", "kid", "is", "pr", "condition", "modes")
FACTORS = {"preset": "quick", "n_real": 10_000, "extractors": ("raw", "shapes-factors"), "metrics": ALL}


@pytest.mark.parametrize(("variant", "asked"), [("vae", False), ("cgan", True)])
def test_an_export_scores_as_the_cell_did(cli, tmp_path, caplog, variant, asked):
    settings = VARIANTS.get(variant).default_settings(8, short=True) | {"lr": 3e-3}  # soon dark enough to pass for shapes
    spec = cell_spec(variant=variant, settings=settings, budget=Budget(tflop=0.01), n_fake=1000, **FACTORS)
    record = run_cell(spec, tmp_path / "cell", CPU)
    of_cell = numbers(record)
    assert of_cell.keys() >= {"fd_raw_1k", "kid_raw_1k", "is_shapes-factors_1k", "classes_covered_shapes-factors_1k"}
    assert ("label_agreement_shapes-factors_1k" in of_cell) == asked
    assert all(value is not None for value, *_ in of_cell.values())

    caplog.clear()
    for to in ("export.npz", "export", "cell/samples.npz"):
        if to != "cell/samples.npz":
            exported(cli, tmp_path / "cell", 1000, tmp_path / to)
        assert scored(cli, tmp_path / to, record) == of_cell, to
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("variant", ["dcgan", "cgan"])
def test_grey_images_stay_grey(cli, tmp_path, caplog, grey, variant):
    """In sub-folders by number: one class has a name that no folder can have."""
    settings = VARIANTS.get(variant).default_settings(8)
    spec = cell_spec(
        dataset=Grey.name, variant=variant, settings=settings, preset="quick", n_fake=1000, n_real=10_000, metrics=("fd", "kid")
    )
    record = run_cell(spec, tmp_path / "cell", CPU)
    of_cell = numbers(record)
    assert of_cell.keys() == {"fd_raw_1k", "kid_raw_1k"} and all(value is not None for value, *_ in of_cell.values())

    caplog.clear()
    folder = exported(cli, tmp_path / "cell", 1000, tmp_path / "export")
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.png"))
    names = [f"{i:06d}.png" for i in range(1000)]
    assert files == (names if variant == "dcgan" else sorted(f"{i % 2}/{name}" for i, name in enumerate(names)))
    with Image.open(folder / files[0]) as first:
        assert first.mode == "L"
    assert torch.equal(in_memory(open_images(folder).images), load_samples(tmp_path / "cell/samples.npz"))

    assert scored(cli, folder, record) == of_cell
    assert scored(cli, exported(cli, tmp_path / "cell", 1000, tmp_path / "export.npz"), record) == of_cell
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert all("or the generator untrained?" in warning for warning in warnings)  # and it hardly is


@pytest.mark.parametrize(("variant", "extractors"), [("srgan", ("lite0",)), ("dcgan", ())])
def test_a_record_says_what_its_generator_was_trained_against(tmp_path, variant, extractors):
    settings = VARIANTS.get(variant).default_settings(8)
    record = run_cell(cell_spec(variant=variant, settings=settings), tmp_path / "cell", CPU)
    assert record.status == "done" and record.trained_against == extractors
