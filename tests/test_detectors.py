"""Detectors: the numbers made from scores, the contract every registered detector keeps, and the packaged weights."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.stats import norm
from sklearn.datasets import load_sample_image
from sklearn.metrics import roc_auc_score
from torch import Tensor

from gan_bench import pretrained
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Detector, Prepared
from gan_bench.detectors.evaluate import accuracy_at, auroc, auroc_interval, average_precision, detection
from gan_bench.detectors.spectrum import azimuthal_spectrum
from gan_bench.detectors.timm_probe import downloaded_backbone


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The images here are few and small: on busy cores, threads that wait for each other take ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ---------------------------------------------------------------------------------------------------------- evaluate


def gaussian_scores(n_real: int, n_fake: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, n_real), rng.normal(shift, 1, n_fake)


def delong_error(real: np.ndarray, fake: np.ndarray) -> float:
    """Standard error of the AUROC, DeLong et al. 1988: the spread of each image's share of pairs won."""
    won = (fake[:, None] > real[None]).astype(float)  # (fakes, reals)
    return math.sqrt(won.mean(1).var(ddof=1) / len(fake) + won.mean(0).var(ddof=1) / len(real))


def test_auroc_is_one_when_apart_zero_when_reversed_and_half_when_tied():
    low, high = np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8])
    assert auroc(low, high) == 1
    assert auroc(high, low) == 0
    assert auroc(np.full(3, 0.4), np.full(7, 0.4)) == 0.5


def test_auroc_counts_a_tie_as_half_a_pair():
    assert auroc(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == 3.5 / 4  # pairs won: 1, 1/2, 1, 1


def test_auroc_agrees_with_sklearn_with_and_without_ties():
    rng = np.random.default_rng(0)
    for real, fake in [(rng.random(50), rng.random(80)), (rng.integers(0, 6, 50), rng.integers(1, 7, 80))]:
        expected = roc_auc_score(np.repeat([0, 1], [50, 80]), np.concatenate([real, fake]))
        assert auroc(real, fake) == pytest.approx(expected, abs=1e-12)


def test_average_precision_is_one_when_apart_and_one_half_when_tied_whatever_the_counts():
    assert average_precision(np.zeros(10), np.ones(3)) == 1
    assert average_precision(np.zeros(10), np.zeros(3)) == pytest.approx(0.5)


def test_average_precision_is_that_of_equally_common_classes():
    # One real of ten beats both fakes. At equal prevalence it weighs 0.1 against the fakes' 1, so precision at full recall
    # is 1 / 1.1; counting images instead would give 2 / 3.
    real, fake = np.array([1.0] + [0.0] * 9), np.array([0.5, 0.5])
    assert average_precision(real, fake) == pytest.approx(1 / 1.1)
    assert average_precision(np.repeat(real, 3), fake) == pytest.approx(1 / 1.1)


def test_accuracies_of_reals_and_fakes_are_apart_and_a_score_at_the_threshold_means_fake():
    real, fake = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0.5, 0.4])
    assert accuracy_at(real, fake) == (0.75, 0.5)
    assert accuracy_at(real, fake, threshold=0.3) == (0.5, 1.0)


def test_interval_has_the_width_of_the_delong_standard_error():
    real, fake = gaussian_scores(400, 300, shift=1.0, seed=1)
    interval = auroc_interval(real, fake, seed=0)
    # Quantiles at 2.5 and 97.5 % of 1000 draws have an error of sqrt(.025 * .975 / 1000) / phi(1.96) = 0.085 standard
    # errors each, so the width of 3.92 has one of 0.12, or 3 %; 10 % is three of those.
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * delong_error(real, fake), rel=0.1)
    assert interval.low < auroc(real, fake) < interval.high
    assert interval.method == "stratified bootstrap over images, 1000 draws, 95 %"


def test_interval_covers_the_true_value():
    truth = norm.cdf(1 / math.sqrt(2))  # P(N(1, 1) > N(0, 1))
    intervals = [auroc_interval(*gaussian_scores(60, 60, shift=1.0, seed=k), seed=k, draws=200) for k in range(100)]
    covered = sum(i.low <= truth <= i.high for i in intervals)
    # 95 expected, binomial deviation 2.2; four of them, and one point for the percentile method's small-sample bias
    assert covered >= 85


def test_interval_is_repeatable_and_narrows_with_more_images():
    few, many = gaussian_scores(100, 100, 1.0, seed=2), gaussian_scores(1600, 1600, 1.0, seed=2)
    assert auroc_interval(*few, seed=3) == auroc_interval(*few, seed=3)
    assert auroc_interval(*few, seed=3) != auroc_interval(*few, seed=4)
    widths = [i.high - i.low for i in (auroc_interval(*few, seed=3), auroc_interval(*many, seed=3))]
    assert 0.15 < widths[1] / widths[0] < 0.4  # 16 times the images: a quarter of the width


def test_detection_holds_every_number():
    real, fake = gaussian_scores(40, 60, shift=2.0, seed=5)
    found = detection("seen", "dcgan", real, fake, seed=0)
    assert (found.protocol, found.variant, found.n_real, found.n_fake) == ("seen", "dcgan", 40, 60)
    assert (found.real_accuracy, found.fake_accuracy) == accuracy_at(real, fake)
    assert (found.auroc, found.ap) == (auroc(real, fake), average_precision(real, fake))
    assert found.auroc_interval == auroc_interval(real, fake, seed=0)


@pytest.mark.parametrize("measure", [auroc, average_precision, accuracy_at, functools.partial(auroc_interval, seed=0)])
def test_scores_that_are_no_numbers_are_refused(measure):
    with pytest.raises(ValueError, match="1 of 2 fake scores are NaN or infinite"):
        measure(np.array([0.1, 0.2]), np.array([0.3, np.nan]))
    with pytest.raises(ValueError, match="real scores must be a non-empty list"):
        measure(np.array([]), np.array([0.3]))


# ------------------------------------------------------------------------------------------- every registered detector

NAMES = [name + "tf_efficientnet_lite0" if name.endswith(":") else name for name in DETECTORS.names()]
over_detectors = pytest.mark.parametrize("name", NAMES)
over_channels = pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])


def smooth_images(n: int, channels: int, purpose: str) -> Tensor:
    """uint8 (n, channels, 32, 32): random blobs, and a little noise so that no frequency is empty."""
    generator = stream(0, "smooth", purpose)
    blobs = 80 + 100 * torch.rand(n, channels, 4, 4, generator=generator)
    images = F.interpolate(blobs, size=(32, 32), mode="bilinear") + 3 * torch.randn(n, channels, 32, 32, generator=generator)
    return images.round().clamp(0, 255).to(torch.uint8)


def checkered(images: Tensor) -> Tensor:
    """The images with the trace of a bad up-sampling layer: a checkerboard of +-12 grey levels."""
    board = 24 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2) - 12
    return (images.int() + board).clamp(0, 255).to(torch.uint8)


def fitted(name: str, channels: int) -> Detector:
    """Fitted on 64 smooth images against 64 checkered ones, validated on 24 of each."""
    detector = DETECTORS.create(name, seed=7)
    real, fake = smooth_images(88, channels, "fit"), checkered(smooth_images(88, channels, "fit fake"))
    detector.fit(*(detector.prepare(images) for images in (real[:64], fake[:64], real[64:], fake[64:])))
    return detector


fitted_once = functools.cache(fitted)


@functools.cache
def prepared_tests(name: str, channels: int) -> tuple[Prepared, Prepared]:
    detector = fitted_once(name, channels)
    real, fake = smooth_images(64, channels, "test"), checkered(smooth_images(64, channels, "test fake"))
    return detector.prepare(real), detector.prepare(fake)


@over_detectors
@over_channels
def test_scores_are_probabilities_and_higher_for_fakes(name, channels):
    detector, (real, fake) = fitted_once(name, channels), prepared_tests(name, channels)
    scores = detector.score(real), detector.score(fake)
    for score in scores:
        assert score.shape == (64,) and score.dtype == np.float64
        assert score.min() >= 0 and score.max() <= 1
    assert auroc(*scores) > 0.98
    assert min(accuracy_at(*scores)) > 0.8


@over_detectors
@over_channels
def test_same_seed_same_scores(name, channels):
    real, fake = prepared_tests(name, channels)
    once, again = fitted_once(name, channels), fitted(name, channels)
    assert np.array_equal(once.score(real), again.score(real))
    assert np.array_equal(once.score(fake), again.score(fake))


@over_detectors
@over_channels
def test_a_score_does_not_depend_on_the_images_beside_it(name, channels):
    detector, images = fitted_once(name, channels), smooth_images(70, channels, "order")  # more than one batch of a probe
    together = detector.score(detector.prepare(images))
    order = torch.randperm(70, generator=stream(0, "order"))
    shuffled = detector.score(detector.prepare(images[order]))
    alone = np.concatenate([detector.score(detector.prepare(image[None])) for image in images[:4]])
    # float32 sums of about a thousand terms in another order: relative errors near 1e-5, some tens of them in a logit
    np.testing.assert_allclose(shuffled, together[order.numpy()], atol=1e-3)
    np.testing.assert_allclose(alone, together[:4], atol=1e-3)


@over_detectors
def test_chance_when_fakes_are_real(name):
    detector = DETECTORS.create(name, seed=7)
    sets = (64, "fit"), (64, "other fit"), (24, "validate"), (24, "other validate")
    detector.fit(*(detector.prepare(smooth_images(n, 3, purpose)) for n, purpose in sets))
    real, other = (detector.score(detector.prepare(smooth_images(150, 3, p))) for p in ("null test", "other null test"))
    # under the null the AUROC of 150 against 150 has a standard error of sqrt(301 / (12 * 150 * 150)) = 0.033; four of them
    assert auroc(real, other) == pytest.approx(0.5, abs=0.134)


@over_detectors
def test_method_is_one_line(name):
    method = DETECTORS.create(name).method
    assert method and "\n" not in method


def test_a_half_is_the_fair_threshold_for_unequal_counts():
    def features(n: int, mean: float, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(mean, 1, (n, 1))

    detector = DETECTORS.create("spectrum")
    detector.fit(features(4000, 0, 0), features(400, 1, 1), features(400, 0, 2), features(40, 1, 3))
    accuracies = accuracy_at(detector.score(features(2000, 0, 4)), detector.score(features(2000, 1, 5)))
    # Best for N(0, 1) against N(1, 1): Phi(1/2) = 0.691 each. The fakes' mean is known to 1/sqrt(400), so the threshold to
    # half of that and an accuracy to 0.025 * phi(1/2) = 0.009; counting 2000 adds 0.010. Four times their sum of squares.
    # Without balanced classes the fakes' accuracy would be near zero.
    assert accuracies == pytest.approx((norm.cdf(0.5), norm.cdf(0.5)), abs=0.055)


def test_spectrum_finds_a_wave_in_its_ring():
    wave = 127 + 100 * torch.cos(2 * math.pi * 5 * torch.arange(32) / 32)  # five cycles across the image
    spectrum = azimuthal_spectrum(wave.round().to(torch.uint8).expand(1, 3, 32, 32))
    assert spectrum.shape == (1, 23)  # frequencies 1 to 16 * sqrt(2) = 22.6
    assert spectrum.argmax() == 5 - 1  # the first ring is frequency 1


def test_spectrum_of_a_flat_image_is_finite_and_has_no_brightness():
    flat = torch.tensor([0, 90, 255], dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 1, 28, 28)
    # every power is that of the rounding, 1/12; a transform of float32 levels leaves errors far below 1e-3 of it
    np.testing.assert_allclose(azimuthal_spectrum(flat).numpy(), math.log(1 / 12), atol=1e-3)


def test_unknown_detector_names_the_nearest():
    with pytest.raises(UserError, match="unknown detector 'spectrm'; did you mean 'spectrum'"):
        DETECTORS.create("spectrm")


def test_unknown_timm_model_names_the_nearest_of_a_few():
    with pytest.raises(UserError, match="unknown timm model 'convnext_ato'; did you mean 'convnext_atto'") as caught:
        DETECTORS.create("timm:convnext_ato")
    assert "tf_efficientnet_lite0" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_weights_that_cannot_be_fetched_are_said_so(monkeypatch):
    asked = []

    def unreachable(name: str, pretrained: bool) -> None:
        asked.append((name, pretrained))
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(UserError, match="weights of timm model 'convnext_atto' could not be fetched") as caught:
        DETECTORS.create("timm:convnext_atto")
    assert "timm:tf_efficientnet_lite0 needs no download" in str(caught.value)
    assert asked == [("convnext_atto", True)]  # and no second try with random weights


def test_a_downloaded_backbone_gets_its_own_size_and_normalisation(monkeypatch):
    build = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: build(name, pretrained=False))
    backbone = downloaded_backbone("test_vit")  # 160 pixels; ImageNet's mean and deviation are in its configuration
    config = timm.data.resolve_model_data_config(backbone.net)
    white = backbone.to_input(torch.full((2, 1, 32, 32), 255, dtype=torch.uint8))
    assert white.shape == (2, 3, 160, 160)
    expected = (1 - np.array(config["mean"])) / np.array(config["std"])
    np.testing.assert_allclose(white.mean((0, 2, 3)).numpy(), expected, rtol=1e-5)
    features = DETECTORS.create("timm:test_vit").prepare(torch.zeros(3, 1, 32, 32, dtype=torch.uint8))
    assert features.shape == (3, backbone.net.num_features)


# --------------------------------------------------------------------------------------------------- packaged weights


def test_the_probe_looks_in_full_float32_with_cudnn(monkeypatch):
    """`cudnn.flags` without `enabled` switches cuDNN off, and a GPU then convolves several times slower."""
    probe, seen = DETECTORS.create("timm:tf_efficientnet_lite0"), []
    look = type(probe)._features
    flags = lambda: (torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32)  # noqa: E731
    monkeypatch.setattr(type(probe), "_features", lambda self, images: (seen.append(flags()), look(self, images))[1])
    probe.prepare(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert seen == [(True, False)]


def test_lite0_recognises_a_photograph():
    photograph = Image.fromarray(load_sample_image("china.jpg")).crop((107, 0, 533, 426))  # a palace; comes with sklearn
    images = torch.from_numpy(np.array(photograph)).permute(2, 0, 1)[None]
    probability = pretrained.efficientnet_lite0()(pretrained.lite0_input(images, 224)).softmax(1)[0]
    assert "palace" in timm.data.ImageNetInfo().index_to_description(int(probability.argmax()))


def test_lite0_is_frozen_in_eval_mode_and_draws_no_random_numbers():
    before = torch.get_rng_state()
    net = pretrained.efficientnet_lite0()
    assert torch.equal(torch.get_rng_state(), before)
    assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_lite0_weights_other_than_the_pinned_ones_are_refused():
    with pytest.raises(UserError, match="reinstall"):
        pretrained.check_sha256(b"other weights")


def test_pairing_refuses_other_shapes_and_other_counts():
    have = {"a": torch.zeros(2, 3), "b": torch.zeros(4)}
    paired = pretrained.pair_in_order(have, {"x": torch.ones(2, 3), "y": torch.ones(4)})
    assert paired["x"] is have["a"] and paired["y"] is have["b"]
    with pytest.raises(ValueError, match=r"a has shape \(2, 3\), but x needs \(3, 2\)"):
        pretrained.pair_in_order(have, {"x": torch.ones(3, 2), "y": torch.ones(4)})
    with pytest.raises(ValueError, match="hold 2 tensors and the network has 1"):
        pretrained.pair_in_order(have, {"x": torch.ones(2, 3)})


def test_lite0_input_is_normalised_repeated_and_resized():
    grey = torch.tensor([0, 127, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    for size in (64, 28):  # at its size, and resized: bicubic weights sum to one, so flat images stay flat
        inputs = pretrained.lite0_input(grey.expand(3, 1, size, size), 64)
        assert inputs.shape == (3, 3, 64, 64) and inputs.dtype == torch.float32
        np.testing.assert_allclose(inputs, ((grey.float() - 127) / 128).expand(3, 3, 64, 64), atol=1e-5)


def test_lite0_input_shrinks_with_antialiasing():
    stripes = (255 * (torch.arange(256) % 4 == 1)).to(torch.uint8).expand(1, 3, 256, 256)  # a quarter is white
    inputs = pretrained.lite0_input(stripes, 64)[..., 4:-4]
    # finer than 64 pixels can show, so their mean remains; the nearest four pixels alone would give 0.59 * 255
    np.testing.assert_allclose(inputs, (255 / 4 - 127) / 128, atol=0.05)


def test_lite0_side_depends_on_the_data():
    sides = [pretrained.lite0_side(n) for n in (28, 32, 33, 256)]
    assert sides == [64, 64, 224, 224]
