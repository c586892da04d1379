"""gan_bench.score and gan_bench.Scorer, as somebody's training loop would call them."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest
import torch

import gan_bench
from gan_bench import scorer as scoring
from gan_bench.datasets import DATASETS
from tests.boards import metric

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


# A scorer that is kept


@pytest.fixture
def scorer() -> gan_bench.Scorer:
    return gan_bench.Scorer("shapes", **RAW, value_range=(-1, 1))


def test_a_scorer_gives_what_score_gives_and_looks_at_the_reals_once(images, scorer, monkeypatch):
    first = scorer(images)
    assert dict(first) == dict(gan_bench.score(images, "shapes", **RAW))

    looked_at = []
    extract = scoring.extract_cached
    monkeypatch.setattr(scoring, "extract_cached", lambda *given: looked_at.append(len(given[1])) or extract(*given))
    assert dict(scorer.score(images)) == dict(first) and looked_at == [len(images)]


def test_a_list_is_its_images_whatever_its_parts(images, scorer):
    wanted = scorer(images)["fd_raw_300"]
    floats = (images.float() / 127.5 - 1).requires_grad_()
    for parts in (
        list(images.split(100)),
        list(images),
        tuple(part.numpy() for part in images.split(128)),
        list(images.permute(0, 2, 3, 1)),
        list(floats.split(150)),
        list(floats.bfloat16().split(150)),
    ):
        assert scorer(parts)["fd_raw_300"] == pytest.approx(wanted, rel=0.02)  # bfloat16 has three digits


def test_lists_of_points_are_points():
    points = DATASETS.create("ring8").load("test").images[:500].flatten(1)
    wanted = gan_bench.score(points, "ring8", device="cpu")
    for parts in (list(points), points.tolist(), list(points.split(100))):
        assert dict(gan_bench.score(parts, "ring8", device="cpu")) == dict(wanted)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda x: [], "found a list of nothing; expected images of one type"),
        (lambda x: [x[:5], x[5:].float()], "found a list of images of torch.uint8 and torch.float32"),
        (lambda x: [x[:5], x[5:, :, :16]], r"shapes \(5, 3, 32, 32\), \(295, 3, 16, 32\); expected single images or batches"),
        (lambda x: None, "found a value of type NoneType; expected a tensor or an array of images"),
        (lambda x: "fakes/", "found a value of type str"),
    ],
)
def test_what_is_no_list_of_images_is_said(images, scorer, spoil, sentence):
    with pytest.raises(ValueError, match=sentence):
        scorer(spoil(images))


def test_each_kind_of_remark_is_heard_once(images, scorer, caplog):
    """0 to 1 where -1 to 1 was declared; another size; too few images for a metric; the reals themselves."""
    for n in (300, 299):
        scorer(images[:n].float() / 255)
        scorer(images[:n, :, 4:-4, 4:-4])
        scorer(255 - images[:n])
    reals = DATASETS.create("shapes").load("train").subset(512, "shapes", "real", 512).images
    for _ in range(2):
        scorer(reals)

    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    kinds = [
        "were declared as -1 to 1",
        "24x24 were resized to 32x32",
        "inverted, or of another range",
        "no kid_raw_300",
        "the reals; are",
    ]
    assert len(told) == len(kinds) and all(sum(kind in sentence for sentence in told) == 1 for kind in kinds), told


def test_good_images_are_not_remarked_on(images, scorer, caplog):
    scorer(images.float() / 127.5 - 1)
    assert [record.getMessage() for record in caplog.records if "kid" not in record.getMessage()] == []


def test_images_stay_on_their_device(images, scorer, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "cpu", lambda _: pytest.fail("the images were moved"))
    assert scorer(images)["fd_raw_300"] > 0


def test_loggers_get_plain_numbers_with_names_that_they_accept():
    scores = gan_bench.Scores([metric(1.5), metric(0.25, "recall", "raw"), metric(None, "kid", unavailable="too few")])
    assert scores.to_dict() == {"fd_lite0-64_5k": 1.5, "recall_raw_5k": 0.25}
    named = scores.to_dict(prefix="eval/", counts=False)
    assert named == {"eval/fd_lite0-64": 1.5, "eval/recall_raw": 0.25}
    assert all(re.fullmatch(r"[/\w.\- ]+", name) for name in named)  # as MLflow's validation has it
    assert all(type(value) is float for value in named.values())


def test_names_without_counts_stay_when_the_number_of_images_changes(images, scorer):
    one, other = (scorer(images[:n]).to_dict(counts=False) for n in (300, 200))
    assert one.keys() == other.keys() and one != other


def test_a_scorer_for_what_does_not_exist_is_refused():
    for wrong, sentence in (
        ({"dataset": "shape"}, "did you mean 'shapes'"),
        ({"dataset": "shapes", "metrics": ["fid"]}, "did you mean 'fd'"),
        ({"dataset": "shapes", "budget": "quik"}, "did you mean 'quick'"),
        ({"dataset": "shapes", "extractors": ["inception"], "strict": True}, "extractor 'inception' is not available"),
    ):
        with pytest.raises(ValueError, match=sentence):
            gan_bench.Scorer(**wrong)
