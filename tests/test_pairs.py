"""What is shown beside samples: sources, ways back, reconstructions."""

from __future__ import annotations

import torch

from gan_bench import pairs
from gan_bench.datasets import DATASETS
from gan_bench.images import convert, tasks
from gan_bench.sample import draw
from tests.factories import small

SHAPES = DATASETS.create("shapes")


def test_the_cycle_of_a_translator_that_changes_nothing_is_perfect(monkeypatch):
    variant = small("cyclegan")
    monkeypatch.setattr(variant, "sampler", torch.nn.Identity())
    monkeypatch.setattr(variant, "way_back", torch.nn.Identity())
    drawn = draw(variant, SHAPES, 0, "score", 7)
    returned, sources = pairs.cycle_pair(variant, drawn)
    assert torch.equal(returned, sources) and torch.equal(sources, drawn.images)
    assert torch.equal(sources, convert.to_uint8(tasks.grey(convert.to_float(drawn.truth))))


def test_only_a_translator_has_a_way_back():
    for name in ("dcgan", "srgan"):
        variant = small(name)
        assert pairs.cycle_pair(variant, draw(variant, SHAPES, 0, "score", 3)) is None


def test_rows_show_what_was_given_what_was_made_and_the_truth():
    variant = small("srgan")
    drawn = draw(variant, SHAPES, 0, "score", 9)
    shown = pairs.rows(variant, SHAPES, drawn, 5)
    assert list(shown) == ["given", "made", "truth"] and all(row.shape == (5, 3, 32, 32) for row in shown.values())
    assert torch.equal(shown["given"][:, :, ::4, ::4], convert.to_uint8(tasks.shrunk(convert.to_float(drawn.truth[:5]))))
    assert torch.equal(shown["made"], drawn.images[:5]) and torch.equal(shown["truth"], drawn.truth[:5])
    translator = small("cyclegan")
    assert list(pairs.rows(translator, SHAPES, draw(translator, SHAPES, 0, "score", 9), 5)) == [
        "given", "made", "back again", "truth",
    ]  # fmt: skip


def test_rows_of_an_encoder_show_reconstructions_and_of_a_gan_nothing():
    variant = small("vae")
    shown = pairs.rows(variant, SHAPES, draw(variant, SHAPES, 0, "score", 3), 4)
    with torch.no_grad(), variant.evaluating():
        expected = convert.to_uint8(variant.reconstruct(convert.to_float(shown["real"])))
    assert list(shown) == ["real", "reconstructed"] and torch.equal(shown["reconstructed"], expected)
    assert pairs.rows(small("dcgan"), SHAPES, draw(small("dcgan"), SHAPES, 0, "score", 3), 4) == {}


def test_networks_train_again_after_a_look():
    variant = small("vae")
    pairs.rows(variant, SHAPES, draw(variant, SHAPES, 0, "score", 3), 4)
    assert variant.generator.training and variant.encoder.training
