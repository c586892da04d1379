"""Every registered extractor, the shipped classifiers' accuracy, and Inception's way in."""

from __future__ import annotations

import pytest
import timm
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gan_bench import extraction, scorer
from gan_bench.datasets import DATASETS
from gan_bench.extraction import extract, extract_cached
from gan_bench.features import EXTRACTORS, base, inception
from gan_bench.features.base import Unavailable
from gan_bench.pretrained import fold_norms
from gan_bench.scorer import SetScorer
from tests.conftest import CPU
from tests.factories import FULL_FLOAT32, noting_cudnn

BARS = {"mnist": 0.994, "cifar10": 0.93}
READY = [name for name in EXTRACTORS.names() if name not in ("inception", "own-classifier")]  # this one learns a dataset first


def random_images(n: int, channels: int, side: int = 32) -> torch.Tensor:
    return torch.randint(0, 256, (n, channels, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(n))


def loaded(name: str) -> base.Extractor:
    extractor = EXTRACTORS.create(name)
    extractor.load(CPU)
    return extractor


@pytest.mark.parametrize("name", READY)
def test_features_of_grey_and_colour_of_any_size(name):
    extractor = loaded(name)
    for channels, side in ((1, 32), (3, 32), (3, 40), (1, 28)):
        found = extract(extractor, random_images(7, channels, side), "test")
        assert found.features.shape[0] == 7 and found.features.dtype == torch.float32 and found.features.isfinite().all()
        assert (found.logits is not None) == (extractor.classifies is not None)
    assert extractor.digest and extractor.label(32)


@pytest.mark.parametrize("name", READY)
def test_features_do_not_depend_on_the_batch(name, monkeypatch):
    """Float noise of kernels chosen by batch size is all that may differ."""
    extractor, images = loaded(name), random_images(23, 3)
    whole = extract(extractor, images, "test").features
    monkeypatch.setattr(extraction, "inference_batch", lambda device: 5)
    parts = extract(extractor, images, "test").features
    assert torch.allclose(whole, parts, rtol=1e-3, atol=1e-3 * whole.abs().max().item())


@pytest.mark.parametrize("name", READY)
def test_grey_is_seen_as_colour_of_equal_channels(name):
    """And by an extractor of grey images the other way round: equal channels have their own level as luma."""
    grey = random_images(5, 1)
    alone, repeated = (extract(loaded(name), images, "test").features for images in (grey, grey.expand(-1, 3, -1, -1)))
    if name == "raw":  # the values themselves, of as many channels as there are
        assert torch.equal(alone.repeat(1, 3), repeated)
    else:
        assert torch.allclose(alone, repeated, rtol=1e-4, atol=1e-4 * alone.abs().max().item())


def test_an_extractor_of_digits_sees_the_luma_of_colours():
    """Red, green and blue of one level are not alike to it; a colour is like the grey of its luma (ITU-R BT.601)."""
    level = random_images(5, 1)
    red, green = (torch.cat([level * (c == k) for c in range(3)], dim=1) for k in range(2))
    found = [extract(loaded("mnist-cnn"), images, "test").features for images in (red, (level * 0.299).round().byte(), green)]
    assert torch.allclose(found[0], found[1], atol=1e-4) and not torch.allclose(found[0], found[2], atol=1e-2)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_factors_of_shapes_are_read_without_error(split):
    shapes = DATASETS.create("shapes").load(split)
    chosen = shapes.subset(1024, "read")
    assert torch.equal(extract(loaded("shapes-factors"), chosen.images, "test").logits.argmax(1), chosen.labels)


def test_features_are_extracted_in_full_float32_and_fixed_order_with_cudnn(monkeypatch):
    """`cudnn.flags` without `enabled` switches cuDNN off, and a GPU then convolves several times slower."""
    extractor, seen = loaded("raw"), []
    monkeypatch.setattr(type(extractor), "__call__", noting_cudnn(type(extractor).__call__, seen))
    extract(extractor, random_images(4, 3), "flags")
    assert seen == [FULL_FLOAT32]


def test_where_a_shape_is_and_how_large():
    """Of a disc drawn here: its radius to half a pixel, its place to one."""
    rows, columns = torch.meshgrid(torch.arange(32) + 0.5, torch.arange(32) + 0.5, indexing="ij")
    inside = (columns - 20).hypot(rows - 12) <= 6.5
    disc = torch.stack([30 + 0 * rows, 30 + 200 * inside, 30 + 0 * rows])[None].byte()
    found = extract(loaded("shapes-factors"), disc, "test")
    radius, row, column = found.features[0, -3:].tolist()
    assert found.logits.argmax().item() == 1  # green disc
    assert 5 + 3 * radius == pytest.approx(6.5, abs=0.5)
    assert (31 * row, 31 * column) == pytest.approx((12, 20), abs=1)


def test_a_generator_that_lacks_shapes_is_found_out():
    """Modes of `shapes`: all 16 in its test split; only the 4 discs where nothing else is made."""
    shapes = DATASETS.create("shapes").load("test")
    against = SetScorer(DATASETS.create("shapes"), 1024, ("shapes-factors",), ("modes",), CPU)
    for images, covered in ((shapes.images, 16), (shapes.images[shapes.labels < 4], 4)):
        values = {m.metric: m.value for m in against.score(images, "test")}
        assert values["classes_covered"] == covered


def test_stacked_digits_are_named_channel_by_channel(fetched):
    """The share of triples named right is about the cube of the digits' accuracy, .9971^3 = .991; sd of 1,000: .003."""
    split = DATASETS.create("stacked-mnist").load("test").subset(1000, "test")
    found = extract(loaded("stacked-mnist-cnn"), split.images, "test")
    assert found.features.shape == (1000, 3 * 128) and found.logits.exp().sum(1).allclose(torch.ones(1000), atol=1e-4)
    assert (found.logits.argmax(1) == split.labels).double().mean() > 0.98


def test_folding_norms_into_convolutions_changes_no_feature():
    """A network of the same kind with random weights and statistics, before and after."""
    torch.manual_seed(0)
    net = timm.create_model("tf_efficientnet_lite0").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = net(x)
        fold_norms(net)
        assert torch.allclose(net(x), before, rtol=1e-4, atol=1e-4 * before.abs().max().item())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())


def test_lite0_says_at_which_size_it_looks():
    lite0 = EXTRACTORS.create("lite0")
    assert lite0.label(32) == "lite0@64" and lite0.label(128) == "lite0@224"


@pytest.mark.parametrize("name", [n for n in READY if issubclass(EXTRACTORS.get(n), base.ClassifierExtractor)])
def test_shipped_classifiers_reach_their_bar(name, fetched):
    """On the whole official test split, from the shipped float16 file."""
    extractor = loaded(name)
    test = fetched[extractor.classifies].load("test")
    found = extract(extractor, test.images, name)
    accuracy = (found.logits.argmax(1) == test.labels).double().mean().item()
    assert accuracy >= BARS[extractor.classifies]
    card = (base.WEIGHTS / f"{name}.md").read_text()
    assert extractor.digest in card and f"{accuracy:.2%}" in card
    assert (base.WEIGHTS / f"{name}.safetensors").stat().st_size <= 6_000_000


def test_other_weights_than_the_pinned_are_refused(monkeypatch):
    kind = EXTRACTORS.get("mnist-cnn")
    monkeypatch.setattr(kind, "digest", "0" * 64)
    with pytest.raises(ValueError, match=r"mnist-cnn\.safetensors has SHA-256 .* not the pinned 0000"):
        kind().load(CPU)


def test_cached_features_follow_images_and_weights(cache, monkeypatch):
    split = DATASETS.create("shapes").load("test").subset(20, "features")
    extractor = loaded("raw")
    first = extract_cached(extractor, split.images, split.digest, "test")
    monkeypatch.setattr(extraction, "extract", lambda *_: pytest.fail("features were extracted again"))
    assert torch.equal(extract_cached(extractor, split.images, split.digest, "test").features, first.features)
    monkeypatch.undo()
    others = DATASETS.create("shapes").load("test").subset(20, "others")
    other = extract_cached(extractor, others.images, others.digest, "test")
    assert not torch.equal(other.features, first.features)


def test_a_damaged_feature_cache_is_made_again(cache):
    split = DATASETS.create("shapes").load("test").subset(21, "damaged")
    first = extract_cached(loaded("raw"), split.images, split.digest, "test")
    newest = max((cache / "features").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:50])
    assert torch.equal(extract_cached(loaded("raw"), split.images, split.digest, "test").features, first.features)


@pytest.fixture(scope="module")
def random_inception(tmp_path_factory) -> str:
    """A weights file in the right format, its values random."""
    file = tmp_path_factory.mktemp("inception") / "weights.pth"
    hollow = FeatureExtractorInceptionV3.__new__(FeatureExtractorInceptionV3)
    original, FeatureExtractorInceptionV3.load_state_dict = FeatureExtractorInceptionV3.load_state_dict, lambda *_: None
    original_load, torch.load = torch.load, lambda *_, **__: {}
    try:
        hollow.__init__("inception", ["2048"], feature_extractor_weights_path="unused")
    finally:
        FeatureExtractorInceptionV3.load_state_dict, torch.load = original, original_load
    torch.save(hollow.state_dict(), file)
    return str(file)


def test_inception_through_torch_fidelity(random_inception, monkeypatch):
    monkeypatch.setenv("GAN_BENCH_INCEPTION", random_inception)
    extractor = loaded("inception")
    found = extract(extractor, random_images(2, 1), "test")
    assert found.features.shape == (2, 2048) and found.logits.shape == (2, 1008)
    assert extractor.label(32) == f"inception-{extractor.digest[:8]}"  # not the reference weights, so not called FID


def test_inception_without_weights_is_said_once_and_recorded(caplog, monkeypatch):
    """No weights on the machine: a visible warning, a reason in the records, an empty column; an error with strict."""
    scorer.warn_once.cache_clear()
    shapes = DATASETS.create("shapes")
    against = SetScorer(shapes, 200, ("raw", "inception"), ("fd",), CPU)
    values = [m for title in ("a", "b") for m in against.score(random_images(150, 3), title)]
    missing = [m for m in values if m.extractor == "inception"]
    assert len(missing) == 2 and all(m.value is None and "weights are not on this machine" in m.unavailable for m in missing)
    assert sum("extractor 'inception' is not available" in r.message for r in caplog.records) == 1
    assert against.info["inception"].unavailable and against.info["raw"].digest
    assert all(m.value is not None for m in values if m.extractor == "raw")
    with pytest.raises(ValueError, match="extractor 'inception' is not available"):
        SetScorer(shapes, 200, ("inception",), ("fd",), CPU, strict=True)


def test_an_inception_file_that_is_none_is_unavailable(tmp_path, monkeypatch):
    file = tmp_path / "weights.pth"
    torch.save({"fc.weight": torch.zeros(3)}, file)
    monkeypatch.setenv("GAN_BENCH_INCEPTION", str(file))
    with pytest.raises(Unavailable, match="is no Inception-v3 state dict"):
        loaded("inception")
    monkeypatch.setenv("GAN_BENCH_INCEPTION", str(tmp_path / "absent.pth"))
    with pytest.raises(Unavailable, match=r"GAN_BENCH_INCEPTION names .*absent\.pth, which is no file"):
        EXTRACTORS.create("inception").fetch()


def test_inception_that_cannot_be_fetched_says_why(monkeypatch):
    monkeypatch.setattr(inception, "URL_INCEPTION_V3", "http://127.0.0.1:9/none.pth")
    with pytest.raises(Unavailable, match=r"could not be fetched \(.*refused"):
        EXTRACTORS.create("inception").fetch()
