"""gan_bench.score, as somebody's training loop would call it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gan_bench
from gan_bench.datasets import DATASETS

RAW = {"extractors": ["raw"], "metrics": ["fd", "pr", "kid"], "budget": "smoke", "device": "cpu"}


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return DATASETS.create("shapes").load("test").images[:300]


def test_scores_are_a_mapping_and_a_frame(images):
    scores = gan_bench.score(images, "shapes", **RAW)
    assert set(scores) == {"fd_raw_300", "precision_raw_300", "recall_raw_300"} and scores["fd_raw_300"] > 0
    frame = scores.to_frame()
    assert frame.loc["fd_raw_300", "low"] < scores["fd_raw_300"] < frame.loc["fd_raw_300", "high"]
    assert "at least 1,000 images" in frame.loc["kid_raw_300", "unavailable"] and "fd_raw_300=" in repr(scores)


def test_every_form_of_the_same_images_scores_the_same(images):
    forms = [
        (images, None), (images.numpy(), None), (images.permute(0, 2, 3, 1), None), (images.float() / 255, (0, 1)),
        (np.asarray(images, np.float64) / 127.5 - 1, (-1, 1)),
    ]  # fmt: skip
    found = [gan_bench.score(form, "shapes", value_range=value_range, **RAW)["fd_raw_300"] for form, value_range in forms]
    assert found == pytest.approx([found[0]] * len(forms), rel=1e-9)


def test_points_are_scored_as_rows():
    points = DATASETS.create("ring8").load("test").images[:500].flatten(1)
    assert gan_bench.score(points, "ring8", device="cpu")["modes_covered_raw_500"] == 8


def test_labels_are_those_asked_for(fetched):
    test = fetched["mnist"].load("test")
    options = {**RAW, "extractors": ["mnist-cnn"], "metrics": ["condition"]}
    right, wrong = (
        gan_bench.score(test.images[:300], "mnist", labels=(test.labels[:300] + shift) % 10, **options) for shift in (0, 1)
    )
    name = "label_agreement_mnist-cnn_300"
    assert right[name] > 0.98 and wrong[name] < 0.02


MISTAKES = [
    (lambda x: x[0], {}, r"found an array of shape \(3, 32, 32\); expected images \(N, C, H, W\)"),
    (lambda x: x[:0], {}, "N at least 1"),
    (lambda x: x[:, :2], {}, "C 1 or 3"),
    (lambda x: x.float(), {}, "found float images; say what is black and what is white"),
    (lambda x: x.float() / 100, {"value_range": (0, 1)}, "outside the range of values 0 to 1; clamp them or say another"),
    (lambda x: x.float() * float("nan"), {"value_range": (0, 1)}, "values that are not finite"),
    (lambda x: x.int(), {}, "found images of torch.int32; expected uint8"),
    (lambda x: x[:1], {}, "no metric can be computed of 1 image: Frechet distance needs at least 2 images a side and got 1"),
    (
        lambda x: x,
        {"labels": torch.zeros(7)},
        r"found labels of shape \(7,\) for 300 images; expected one class number an image",
    ),
    (lambda x: x, {"labels": torch.full((300,), 16)}, "expected whole numbers below 16"),
]


@pytest.mark.parametrize(("spoil", "options", "sentence"), MISTAKES)
def test_wrong_images_are_said(images, spoil, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        gan_bench.score(spoil(images), "shapes", **RAW, **options)


def test_an_unknown_dataset_is_said(images):
    with pytest.raises(ValueError, match="did you mean 'shapes'"):
        gan_bench.score(images, "shape", **RAW)
