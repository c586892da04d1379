"""The training loop: budgets, cost counting, resuming, divergence."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
import torch

from gan_bench import train as training
from gan_bench.budget import Budget
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Split
from gan_bench.generators import VARIANTS
from gan_bench.sample import BLOCK, draw
from gan_bench.train import Batches, step_tflop, train, write_history
from tests.conftest import CPU
from tests.factories import FULL_FLOAT32, REPEATABLE, cudnn_flags, noting_cudnn, small

CLOCKED = ("seconds", "images_per_second")
SHAPES = DATASETS.create("shapes")
SPLIT = Split(
    torch.randint(0, 256, (50, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 10
)


def test_an_epoch_shows_every_image_once_and_batches_are_addressed_by_number():
    batches = Batches(SPLIT, 10, seed=0, device=CPU)
    first = [batches[i] for i in range(5)]
    seen = torch.cat([images for images, _ in first]).add(1).mul(127.5).round().to(torch.uint8)
    assert sorted(map(hash, map(bytes, seen.numpy()))) == sorted(map(hash, map(bytes, SPLIT.images.numpy())))
    again = Batches(SPLIT, 10, seed=0, device=CPU)
    assert torch.equal(again[7][0], batches[7][0]) and torch.equal(again[2][0], first[2][0])
    assert not torch.equal(batches[5][0], first[0][0])


@pytest.mark.parametrize("name", VARIANTS.names())
def test_a_training_stops_at_the_first_step_past_its_budget(name):
    variant = small(name)
    costs = [step_tflop(variant, step) for step in range(3)]
    progress = train(variant, SPLIT, Budget(tflop=sum(costs) - 0.5 * costs[-1]), seed=0)
    assert progress.step == 3 and progress.tflop == pytest.approx(sum(costs))
    assert progress.batches == sum(variant.n_batches(step) for step in range(3))


def test_kimg_counts_real_images_shown():
    assert train(small("dcgan"), SPLIT, Budget(kimg=0.04), seed=0).step == 5  # batches of 8


def test_dcgan_cost_is_what_its_layers_say():
    """Multiply-adds of every convolution, twice; forward once in G, three times in D (real, fake, fake again for G);
    backward costs two forwards (weights and inputs), except at D's first layer on data (no input gradient) and in the G
    step (no weight gradients)."""
    width, n, channels = 8, 8, 3
    convs_d = [(channels, width, 16), (width, 2 * width, 8), (2 * width, 4 * width, 4)]
    d_layers = [2 * n * i * o * 16 * side**2 for i, o, side in convs_d] + [2 * n * 4 * width * 16]
    g_layers = [2 * n * 100 * 4 * width * 16] + [2 * n * i * o * 16 * (side // 2) ** 2 for o, i, side in
                [(2 * width, 4 * width, 8), (width, 2 * width, 16), (channels, width, 32)]]  # fmt: skip
    d, g = sum(d_layers), sum(g_layers)
    d_update = 2 * (3 * d - d_layers[0])
    g_update = g + 2 * d + (2 * g - g_layers[0])
    assert step_tflop(small("dcgan"), 0) * 1e12 == pytest.approx(d_update + g_update, rel=1e-9)


def test_counting_leaves_the_variant_and_the_global_stream_alone():
    variant = small("vanilla")
    before = {k: v.clone() for k, v in variant.generator.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    assert step_tflop(variant, 0) > 0
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[k], v) for k, v in variant.generator.state_dict().items())


@pytest.mark.parametrize("name", VARIANTS.names())
def test_a_resumed_training_ends_as_an_undisturbed_one(name, tmp_path, monkeypatch):
    """Stopped after a checkpoint at step 4 of 10: same samples, same history, to the byte."""
    monkeypatch.setattr(training, "HISTORY_EVERY", 2)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    cost = step_tflop(small(name), 0)
    straight = small(name)
    whole = train(straight, SPLIT, Budget(tflop=9.5 * cost), seed=0, snapshot=lambda: torch.zeros(1))

    class Killed(Exception): ...

    def kill(share, spent, losses):
        if spent.tflop > 5 * cost:
            raise Killed

    file = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        train(
            small(name), SPLIT, Budget(tflop=9.5 * cost), seed=0, checkpoint=file, report=kill, snapshot=lambda: torch.zeros(1)
        )
    resumed = small(name, seed=7)  # whatever it is built with, the checkpoint decides
    rest = train(resumed, SPLIT, Budget(tflop=9.5 * cost), seed=0, checkpoint=file, snapshot=lambda: torch.zeros(1))
    assert rest.step == whole.step == 10 and rest.moments == whole.moments
    assert torch.equal(draw(resumed, SHAPES, 0, "score", 20)[0], draw(straight, SHAPES, 0, "score", 20)[0])
    for ours, theirs in zip(rest.history, whole.history, strict=True):
        assert {k: v for k, v in ours.items() if k not in CLOCKED} == {k: v for k, v in theirs.items() if k not in CLOCKED}
    again = train(small(name), SPLIT, Budget(tflop=9.5 * cost), seed=0, checkpoint=file)
    assert again.step == 10 and again.finished  # a finished training is not trained again


def test_a_loss_that_is_not_finite_ends_the_training():
    """Weights spoilt after the first stretch: the second one is the last, and the losses are told."""
    variant = small("dcgan")

    def spoil(share, spent, losses):
        next(variant.generator.parameters()).data.fill_(float("nan"))

    progress = train(variant, SPLIT, Budget(kimg=0.8), seed=0, report=spoil)  # 100 steps of 8
    assert progress.step == 40 and progress.finished
    assert progress.diverged.startswith("a loss was not finite at or before step 40: ")
    assert "d_loss" in progress.diverged and "g_loss nan" in progress.diverged


def test_a_loss_that_explodes_ends_the_training():
    variant = small("vae")

    def spoil(share, spent, losses):
        variant.encoder[-2].bias.data.fill_(1e7)  # its mean, whose square the KL has

    progress = train(variant, SPLIT, Budget(kimg=0.8), seed=0, report=spoil)
    assert progress.diverged.startswith("a loss exploded at or before step 40: ") and "kl " in progress.diverged
    assert progress.finished and progress.step == 40


def test_learning_rates_fall_to_zero_over_the_last_part_of_the_budget(monkeypatch):
    """10 steps with a decay of half the budget: full until step 5, then a fifth less each; D's rate keeps its ratio."""
    variant, rates = small("wgan-gp", lr=0.01, d_lr_ratio=3.0, n_critic=1, decay=0.5), []
    step = variant.train_step

    def watched(*args):
        rates.append([variant.optimisers[name].param_groups[0]["lr"] for name in ("g_optimiser", "d_optimiser")])
        return step(*args)

    monkeypatch.setattr(variant, "train_step", watched)
    train(variant, SPLIT, Budget(kimg=0.08), seed=0)
    expected = [0.01 * min(1.0, (1 - i / 10) / 0.5) for i in range(10)]
    assert rates == [pytest.approx([rate, 3 * rate]) for rate in expected]


@pytest.mark.parametrize(("name", "settings"), [("dcgan", {}), ("wgan-gp", {"n_critic": 1}), ("cyclegan", {})])
def test_compiled_networks_train_as_well(name, settings):
    """By torch.compile's tracer without its code generator: what it cannot trace, or must leave out, shows here."""
    plain, compiled = small(name, **settings), small(name, **settings)
    compiled.compile(backend="eager")
    ends = [train(variant, SPLIT, Budget(kimg=0.032), seed=0).history[-1] for variant in (plain, compiled)]
    losses = [{k: v for k, v in end.items() if k not in CLOCKED} for end in ends]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_history_has_a_row_for_each_stretch(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "HISTORY_EVERY", 4)
    progress = train(small("wgan-gp"), SPLIT, Budget(kimg=0.4), seed=0)  # 10 steps of 5 batches of 8
    write_history(progress, tmp_path / "h.csv")
    table = pd.read_csv(tmp_path / "h.csv")
    assert table["step"].tolist() == [4, 8, 10] and table["kimg"].tolist() == pytest.approx([0.16, 0.32, 0.4])
    assert {"d_loss", "g_loss", "d_penalty", "seconds", "tflop", "d_gradient", "g_gradient"} <= set(table.columns)
    elapsed = table["seconds"].diff().fillna(table["seconds"])
    assert (table["images_per_second"] * elapsed).tolist() == pytest.approx([160, 160, 80])


def test_the_mean_of_a_loss_is_over_the_steps_that_had_it(monkeypatch):
    """A phase of 6 steps ends within the second stretch of 4: its loss has 2 steps there, and so has that of the next phase.
    Once both were divided by 4."""
    monkeypatch.setattr(training, "HISTORY_EVERY", 4)
    variant = small("dcgan")
    losses = lambda step, *_: {"d_loss" if step < 6 else "g_loss": torch.tensor(3.0)}  # noqa: E731
    monkeypatch.setattr(variant, "train_step", losses)
    rows = train(variant, SPLIT, Budget(steps=12), seed=0).history
    assert [(row.get("d_loss"), row.get("g_loss")) for row in rows] == [(3, None), (3, 3), (None, 3)]


def test_snapshots_are_taken_at_the_start_and_after_each_eighth():
    variant = small("dcgan")
    moments = itertools.count()
    progress = train(variant, SPLIT, Budget(kimg=2.56), seed=0, snapshot=lambda: torch.tensor(next(moments)))
    assert progress.step == 320  # of 8 images: an eighth of the budget is 40 steps, and the history has a row every 20
    assert [int(t) for t in progress.strip] == list(range(9))
    assert progress.moments == pytest.approx([0.32 * i for i in range(9)])  # kimg


def test_accuracies_and_gradient_norms_are_those_of_the_last_step():
    variant = small("dcgan")
    progress = train(variant, SPLIT, Budget(kimg=0.008), seed=0)
    (row,) = progress.history
    squares = [p.grad.square().sum() for p in variant.discriminator.parameters()]
    assert row["d_gradient"] == pytest.approx(float(sum(squares).sqrt()), rel=1e-5)
    assert 0 <= row["real_accuracy"] <= 1 and 0 <= row["fake_accuracy"] <= 1


def test_convolutions_add_in_a_fixed_order_and_those_of_samples_in_full_float32(monkeypatch):
    """On a GPU, cuDNN would choose other kernels, and samples of one generator would differ from draw to draw."""
    variant, before, seen = small("dcgan"), cudnn_flags(), []
    monkeypatch.setattr(type(variant.generator), "forward", noting_cudnn(type(variant.generator).forward, seen))
    train(variant, SPLIT, Budget(steps=1), seed=0, snapshot=lambda: draw(variant, SHAPES, 0, "strip", 1).images)
    assert (seen[0], set(seen[1:-1]), seen[-1]) == (FULL_FLOAT32, {REPEATABLE}, FULL_FLOAT32) and cudnn_flags() == before


@pytest.mark.parametrize("name", VARIANTS.names())
def test_sample_i_does_not_depend_on_how_many_are_drawn(name):
    variant = small(name)
    all_images, labels, _ = draw(variant, SHAPES, 0, "score", 2 * BLOCK + 30)
    part, part_labels, _ = draw(variant, SHAPES, 0, "score", 25, start=BLOCK - 5)
    assert torch.equal(part, all_images[BLOCK - 5 : BLOCK + 20])
    assert labels is part_labels is None or torch.equal(part_labels, labels[BLOCK - 5 : BLOCK + 20])
    other, *_ = draw(variant, SHAPES, 0, "judge test", 25)
    assert not torch.equal(other, all_images[:25])
    assert variant.generator.training  # as it was
