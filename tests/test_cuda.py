"""What a GPU must do as a CPU does. Skipped where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_bench import train as training
from gan_bench.budget import Budget
from gan_bench.cell import run_cell
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Split
from gan_bench.detectors import DETECTORS
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.sample import draw
from gan_bench.train import train
from tests.factories import cell_spec, load_samples, small

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
CUDA = torch.device("cuda")
SHAPES = DATASETS.create("shapes")
IMAGES = SHAPES.load("test").images
SPLIT = Split(IMAGES, torch.arange(len(IMAGES)) % 10)
STEPS = 12


def tensors_in(state: dict, above: str = "") -> dict[str, Tensor]:
    """All weights, buffers and moments of a variant's state, by name."""
    found = {}
    for name, value in state.items():
        if isinstance(value, Tensor):
            found[f"{above}{name}"] = value
        elif isinstance(value, dict):
            found |= tensors_in(value, f"{above}{name} ")
    return found


def assert_same(one: Variant, other: Variant) -> None:
    """Two trainings ended with the same weights, to the bit."""
    ours, theirs = tensors_in(one.state()), tensors_in(other.state())
    assert [name for name, value in ours.items() if not torch.equal(value, theirs[name])] == []


@pytest.mark.parametrize("name", VARIANTS.names())
def test_the_same_seed_trains_the_same_weights_and_draws_the_same_samples(name: str):
    variants = [small(name, device="cuda") for _ in "ab"]
    for variant in variants:
        train(variant, SPLIT, Budget(steps=STEPS), seed=0)
    assert_same(*variants)

    whole = draw(variants[0], SHAPES, 0, "score", 150).images
    assert all(torch.equal(draw(variant, SHAPES, 0, "score", 150).images, whole) for variant in variants)
    assert torch.equal(draw(variants[1], SHAPES, 0, "score", 20, start=90).images, whole[90:110])


@pytest.mark.parametrize("name", VARIANTS.names())
def test_a_resumed_training_ends_as_an_undisturbed_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "HISTORY_EVERY", 2)
    whole, resumed, file = small(name, device="cuda"), small(name, seed=7, device="cuda"), tmp_path / "checkpoint.pt"
    train(whole, SPLIT, Budget(steps=STEPS), seed=0)

    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    with pytest.raises(KeyboardInterrupt):
        train(small(name, device="cuda"), SPLIT, Budget(steps=STEPS), seed=0, checkpoint=file, report=interrupt)
    train(resumed, SPLIT, Budget(steps=STEPS), seed=0, checkpoint=file)
    assert_same(whole, resumed)


def interrupt(share: float, spent: training.Spent, losses: dict[str, float]) -> None:
    """Ctrl-C at about the middle."""
    if spent.steps > STEPS / 2:
        raise KeyboardInterrupt


def test_lost_samples_are_drawn_again_and_a_lost_record_is_made_again(tmp_path: Path):
    spec = cell_spec(budget=Budget(steps=STEPS))
    record = run_cell(spec, tmp_path, CUDA)
    images = load_samples(tmp_path / "samples.npz")
    assert record.environment.device == "cuda"

    (tmp_path / "samples.npz").unlink()
    assert run_cell(spec, tmp_path, CUDA).cost == record.cost  # it was not trained again
    assert torch.equal(load_samples(tmp_path / "samples.npz"), images)

    (tmp_path / "record.json").unlink()
    again = run_cell(spec, tmp_path, CUDA)
    assert (again.samples_digest, again.weights, again.metrics) == (record.samples_digest, record.weights, record.metrics)


def test_the_same_seed_fits_the_same_detector():
    real, fake = IMAGES[:400], IMAGES[400:800].roll(1, 2)
    scores = []
    for _ in range(2):
        detector = DETECTORS.create("small-resnet", seed=0, device=CUDA, n_shown=2_000)
        detector.fit(real[:300], fake[:300], real[300:], fake[300:])
        scores.append(detector.score(real))
    assert (scores[0] == scores[1]).all()
