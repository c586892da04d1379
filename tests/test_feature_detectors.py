"""Detectors that are a logistic regression on fixed features: what they see, and how they are fitted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dctn
from scipy.stats import norm
from torch import Tensor

from gan_bench.core.charts import COLOURS
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import derive, stream
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Detector
from gan_bench.detectors.dct import dct
from gan_bench.detectors.dgrad import Dgrad, answer
from gan_bench.detectors.ensemble import LIMIT, Ensemble, mean_logits
from gan_bench.detectors.evaluate import auroc
from gan_bench.detectors.logistic import PANEL, LogisticDetector, heads
from gan_bench.detectors.pixels import PixelStatistics, histogram
from gan_bench.detectors.spectrum import Spectrum, planes
from gan_bench.images.convert import to_channels
from gan_bench.images.spectra import FLOOR, log_power
from tests.test_detectors import checkered, smooth_images, tiny_critic

NAMES = ("dct", "dgrad", "pixels", "spectrum")


def created(name: str, channels: int = 3) -> LogisticDetector:
    detector = DETECTORS.create(name)
    assert isinstance(detector, LogisticDetector)
    detector.use_critics({key: tiny_critic(channels, seed=k) for k, key in enumerate(("dcgan", "wgan"))})
    return detector


def named(detector: LogisticDetector, images: Tensor) -> dict[str, np.ndarray]:
    """Each feature of uint8 images (N, C, H, W) by its name: (N,)."""
    prepared = detector.prepare(images)
    return dict(zip(detector.feature_names(prepared.shape[1]), prepared.T.numpy(), strict=True))


def fit_and_test(detector: Detector, real: Tensor, fake: Tensor) -> float:
    """Test AUROC on the last quarter of uint8 images, after a fit on the first half, validated on the third quarter."""
    (r, f), n = (detector.prepare(images) for images in (real, fake)), len(real) // 4
    detector.fit(r[: 2 * n], f[: 2 * n], r[2 * n : 3 * n], f[2 * n : 3 * n])
    return auroc(detector.score(r[3 * n :]), detector.score(f[3 * n :]))


def wave(y: float, x: float, amplitude: float = 100) -> Tensor:
    """float (32, 32): y cycles down the height, x along the width."""
    steps = torch.arange(32)
    return amplitude * torch.cos(2 * math.pi * (y * steps[:, None] + x * steps) / 32)


# ----------------------------------------------------------------------------------------------- logistic regression


def test_a_logit_of_zero_is_the_fair_threshold_for_unequal_counts():
    def features(n: int, mean: float, purpose: str) -> Tensor:
        return torch.from_numpy(np.random.default_rng(derive(0, purpose)).normal(mean, 1, (n, 1)).astype(np.float32))

    detector = DETECTORS.create("spectrum")
    detector.fit(features(4000, 0, "a"), features(400, 1, "b"), features(400, 0, "c"), features(40, 1, "d"))
    real, fake = detector.score(features(2000, 0, "e")), detector.score(features(2000, 1, "f"))
    # Best for N(0, 1) against N(1, 1): Phi(1/2) = 0.691 each. The fakes' mean is known to 1/sqrt(400), so the threshold to
    # half of that and an accuracy to 0.025 * phi(1/2) = 0.009; counting 2000 adds 0.010. Four times their sum of squares.
    # Without balanced classes the fakes' accuracy would be near zero.
    assert ((real < 0).mean(), (fake > 0).mean()) == pytest.approx((norm.cdf(0.5), norm.cdf(0.5)), abs=0.055)


def test_of_equally_good_strengths_the_strongest_is_kept():
    rng = np.random.default_rng(0)
    real, fake = (torch.from_numpy(rng.normal(mean, 0.1, (40, 3)).astype(np.float32)) for mean in (0, 5))
    detector = DETECTORS.create("spectrum")
    detector.fit(real, fake, real, fake)  # every strength tells all of them apart
    strongest, *weaker = heads(torch.cat([real, fake]).numpy(), np.repeat([0, 1], 40))
    assert isinstance(detector, Spectrum) and torch.equal(detector.head.weight, strongest.weight)
    assert all(head.weight.norm() > strongest.weight.norm() for head in weaker)


def test_a_feature_that_was_constant_has_no_say():
    rng = np.random.default_rng(0)
    features = rng.normal(np.repeat([0, 2], 50)[:, None], 1, (100, 3)).astype(np.float32)
    features[:, 1] = np.float32(math.log(1e-4))  # its float32 mean differs from it by rounding
    detector = DETECTORS.create("spectrum")
    real, fake = torch.from_numpy(features[:50]), torch.from_numpy(features[50:])
    detector.fit(real, fake, real, fake)
    other = real.clone()
    other[:, 1] = 3  # rounding alone, as a deviation, would make this a million deviations
    np.testing.assert_allclose(detector.score(other), detector.score(real), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 48)], ids=["grey", "wide"])
def test_every_feature_has_a_name_of_its_own_and_a_flat_image_is_finite(name, shape):
    flat = torch.tensor([0, 90, 255], dtype=torch.uint8).view(3, 1, 1, 1).expand(3, *shape)
    detector = created(name, shape[0])
    detector.fit(*(detector.prepare(smooth_images(8, shape[0], str(k))) for k in range(4)))  # dgrad names what a fit uses
    found = named(detector, flat)
    assert np.isfinite(list(found.values())).all()
    assert len(found) == detector.prepare(flat).shape[1]  # no two of them have the same name


def test_a_state_for_another_number_of_features_is_refused():
    detector = DETECTORS.create("dct")
    fit_and_test(detector, smooth_images(40, 1, "real"), checkered(smooth_images(40, 1, "fake")))
    with pytest.raises(ValueError, match="1024 weights, but spectrum has 47 features of images of 1 x 32 x 32"):
        DETECTORS.create("spectrum").load_state(detector.state())


# ------------------------------------------------------------------------------------------------------------- pixels


@pytest.mark.parametrize(("channels", "name"), [(1, "grey"), (3, "green")])
def test_pixels_find_a_level_that_is_missing_and_name_it(channels, name):
    real, fake = smooth_images(400, channels, "real"), smooth_images(400, channels, "fake")
    fake[fake == 100] = 101
    detector = DETECTORS.create("pixels")
    # A few images are too bright to have any pixel at level 100, so it is not exactly 1.
    assert fit_and_test(detector, real, fake) > 0.98
    weights = {cue.feature: cue.weight for cue in detector.cues(2 * channels)}
    assert weights[f"level 100 of {name}"] < 0 < weights[f"level 101 of {name}"]  # positive speaks for fake


def test_histogram_agrees_with_numpy():
    images = torch.randint(0, 256, (3, 2, 7, 5), generator=stream(0, "levels"), dtype=torch.uint8)
    for image, shares in zip(images, histogram(images.float()), strict=True):
        for channel, found in zip(image, shares, strict=True):
            expected = np.histogram(channel, np.arange(257))[0] / 35
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_statistics_of_the_border_and_of_dark_pixels():
    image = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    image[:, :, 0], image[:, :, -1], image[..., 0], image[..., -1] = (255,) * 4
    image[..., 3, 1:4] = torch.tensor([1, 8, 9], dtype=torch.uint8)
    found = named(PixelStatistics(), image)
    assert found["white pixels of the border of 1 px of grey"] == 1
    assert found["white pixels of the border of 2 px of grey"] == pytest.approx(28 / 48)  # 64 - 16 pixels, of which 28 white
    assert found["black pixels of the border of 2 px of grey"] == pytest.approx(19 / 48)  # one of the 20 others has level 1
    assert found["mean of the border of 1 px of grey"] == 255
    assert found["nearly black pixels of grey"] == pytest.approx(2 / 64)  # levels 1 and 8, not 9


def test_pairs_of_channels_are_compared():
    image = torch.randint(40, 200, (1, 3, 32, 32), generator=stream(0, "pairs"), dtype=torch.uint8)
    image[:, 1] = image[:, 0] + 7
    found = named(PixelStatistics(), image)
    assert found["difference 7 of red and green"] == pytest.approx(math.log(1 + 1e-4), abs=1e-6)  # the share is 1
    assert found["spread of red - green"] == pytest.approx(math.log(0.5))
    assert found["1 - correlation of red and green"] < -5
    # Independent: a correlation of 0 +- 1/sqrt(1024); four of them.
    assert found["1 - correlation of red and blue"] == pytest.approx(0, abs=4 / 32)


# ----------------------------------------------------------------------------------------------------------- spectrum


def test_fine_detail_is_that_of_one_diagonal_against_the_other_in_each_plane():
    checkers = 20.0 * (1 - 2 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2))
    flat = torch.full((3, 32, 32), 100.0)
    grey, colour = flat + checkers, flat + torch.tensor([1.0, -1.0, 0.0])[:, None, None] * checkers
    found = named(PixelStatistics(), torch.stack([flat, grey, colour]).to(torch.uint8))
    floor = math.log(1 / 12)
    # a checkerboard of +-20 has a diagonal difference of 80, half of which is 40; the axes of the planes have length 1
    energy = {"brightness": 3 * 40**2, "red - green": 2 * 40**2}
    for plane, place in (("brightness", 1), ("red - green", 2)):
        expected = [floor] * 3
        expected[place] = math.log(energy[plane] + 1 / 12)
        np.testing.assert_allclose(found[f"fine detail of {plane}"], expected, atol=1e-4)


def test_colour_that_was_kept_at_half_the_resolution_has_no_fine_detail():
    colours = 60 * torch.rand(4, 3, 16, 16, generator=stream(0, "half")) + 90
    halved = colours.repeat_interleave(2, 2).repeat_interleave(2, 3)
    found = named(PixelStatistics(), halved.to(torch.uint8))
    np.testing.assert_allclose(found["fine detail of red - green"], math.log(1 / 12), atol=1e-6)
    assert (named(PixelStatistics(), smooth_images(4, 3, "whole"))["fine detail of red - green"] > 1).all()


@pytest.mark.parametrize(("y", "x", "ring", "angle"), [(0, 8, 8, 0), (8, 0, 8, 90), (6, 6, 8, 45), (6, -6, 8, 135)])
def test_spectrum_finds_a_wave_in_its_ring_and_in_its_sector(y, x, ring, angle):
    noise = 127 + 3 * torch.randn(64, 1, 32, 32, generator=stream(0, "noise"))
    plain, waved = (named(Spectrum(), images.round().to(torch.uint8)) for images in (noise, noise + wave(y, x, 1.5)))
    gains = {feature: (waved[feature] - plain[feature]).mean() for feature in plain}
    rings, sectors = ({k: gain for k, gain in gains.items() if k.startswith(what)} for what in ("ring", "sector"))
    assert len(rings) == 23  # frequencies 1 to 16 * sqrt(2) = 22.6
    assert max(rings, key=rings.__getitem__) == f"ring {ring} of grey"
    assert max(sectors, key=sectors.__getitem__) == f"sector {angle}° in the middle band of grey"


def test_spectrum_of_a_flat_image_has_no_brightness():
    flat = torch.tensor([0, 90, 255], dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 3, 28, 28)
    # every power is that of the rounding, 1/12; a transform of float32 levels leaves errors far below 1e-3 of it
    np.testing.assert_allclose(Spectrum().prepare(flat).numpy(), math.log(1 / 12), atol=1e-3)


def test_white_noise_keeps_its_power_under_the_window_and_in_every_plane():
    noise = 20 * torch.randn(32, 3, 32, 32, generator=stream(0, "white"))
    power = (log_power(planes(noise)).exp() - FLOOR).mean((0, 2, 3))
    # 32,768 coefficients a plane, each with a deviation as large as its mean; under a Hann window about 2 of 4 are
    # independent: 1/sqrt(16,384 / 2) = 0.011, four of them
    np.testing.assert_allclose(power, 400, rtol=0.044)


def test_spectrum_finds_a_wave_that_the_luma_does_not_see():
    def coloured(purpose: str) -> Tensor:
        grey = smooth_images(160, 1, purpose).float().expand(-1, 3, -1, -1)
        return grey + torch.randn(160, 3, 32, 32, generator=stream(0, "colour", purpose))

    hidden = torch.stack([wave(0, 8, 0.587 * 4), wave(0, 8, -0.299 * 4), torch.zeros(32, 32)])  # weights of BT.601
    real, fake = (images.round().to(torch.uint8) for images in (coloured("real"), coloured("fake") + hidden))
    assert fit_and_test(Spectrum(), real, fake) > 0.99
    # chance: 40 against 40 have a standard error of sqrt(81 / (12 * 40 * 40)) = 0.065; four of them
    assert fit_and_test(Spectrum(), to_channels(real, 1), to_channels(fake, 1)) == pytest.approx(0.5, abs=0.26)


# ---------------------------------------------------------------------------------------------------------------- dct


def test_dct_agrees_with_scipy():
    images = 255 * torch.rand(2, 3, 24, 40, generator=stream(0, "dct"))
    expected = dctn(images.double().numpy(), type=2, axes=(2, 3), norm="ortho")
    # float32 sums of 64 terms up to 255
    np.testing.assert_allclose(dct(images), expected, atol=2e-2)
    np.testing.assert_allclose(dct(images.double()), expected, atol=1e-9)


def test_a_coefficient_is_named_by_its_half_waves():
    steps = torch.arange(32) + 0.5
    image = 127 + 100 * torch.cos(math.pi * 3 * steps / 32)[:, None] * torch.cos(math.pi * 10 * steps / 32)
    found = named(created("dct"), image.round().to(torch.uint8).expand(1, 1, 32, 32))
    assert sorted(found, key=found.__getitem__)[-2:] == ["coefficient (3, 10) of grey", "coefficient (0, 0) of grey"]


# -------------------------------------------------------------------------------------------------------------- dgrad


def looking_through(**seeds: int) -> Dgrad:
    """A new detector with a critic for each key."""
    detector = Dgrad()
    detector.use_critics({key: tiny_critic(3, seed=seed) for key, seed in seeds.items()})
    return detector


def dgrad_logits(detector: Dgrad) -> np.ndarray:
    """Of test images, after a fit."""
    fit_and_test(detector, smooth_images(80, 3, "real"), checkered(smooth_images(80, 3, "fake")))
    return detector.score(detector.prepare(smooth_images(10, 3, "test")))


def test_a_gradient_is_that_of_each_image_alone():
    images = torch.rand(4, 3, 8, 8, generator=stream(0, "gradients"))
    weights = torch.randn(3, 8, 8, generator=stream(0, "weights"))
    outputs, gradients = answer(lambda x: (weights * x.square()).sum((1, 2, 3)), images)
    torch.testing.assert_close(outputs, (weights * images.square()).sum((1, 2, 3)))
    torch.testing.assert_close(gradients, 2 * weights * images)


def test_a_critic_that_is_not_allowed_changes_nothing():
    logits = {}
    for name, seed in (("one", 1), ("other", 2)):
        for allowed in (("dcgan",), ("dcgan", "wgan")):
            detector = looking_through(dcgan=0, wgan=seed)
            detector.allow(allowed)
            logits[name, allowed] = dgrad_logits(detector)
    assert np.array_equal(logits["one", ("dcgan",)], logits["other", ("dcgan",)])
    assert not np.allclose(logits["one", ("dcgan", "wgan")], logits["other", ("dcgan", "wgan")])


def test_a_state_needs_the_critics_that_were_used_in_any_order():
    fitted = looking_through(dcgan=0, wgan=1, lsgan=2)
    fitted.allow(["lsgan", "dcgan"])
    expected = dgrad_logits(fitted)
    assert all(cue.feature.endswith((" of dcgan", " of lsgan")) for cue in fitted.cues(100))

    loaded = looking_through(lsgan=2, dcgan=0)
    loaded.load_state(fitted.state())
    found = loaded.score(loaded.prepare(smooth_images(10, 3, "test")))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    with pytest.raises(ValueError, match="the discriminator of lsgan, which is not there"):
        looking_through(dcgan=0, wgan=1).load_state(fitted.state())


def test_without_a_discriminator_it_says_so_and_with_none_allowed_it_knows_nothing():
    with pytest.raises(UserError, match="no cell of this run keeps a discriminator"):
        dgrad_logits(Dgrad())
    detector = looking_through(dcgan=0)
    detector.allow(["vae"])
    assert np.array_equal(dgrad_logits(detector), np.zeros(10))
    loaded = looking_through(dcgan=0)
    loaded.load_state(detector.state())
    assert loaded.used == ()


# ----------------------------------------------------------------------------------------------------------- ensemble


def test_mean_logits_is_the_mean_of_logits_that_are_cut():
    np.testing.assert_allclose(mean_logits(np.array([[1.0, -2.0], [3.0, 0.0]])), [2, -1])
    assert mean_logits(np.array([[40.0], [-5.0], [-5.0], [-5.0]])) == (LIMIT - 15) / 4  # three overrule one that is too sure


def test_an_ensemble_without_members_or_with_logits_that_are_no_numbers_is_refused():
    with pytest.raises(ValueError, match=r"have shape \(0, 5\)"):
        mean_logits(np.zeros((0, 5)))
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="member 2 of 2 has logits that are NaN or infinite"):
            mean_logits(np.array([[0.0, 1.0], [0.0, bad]]))


def test_an_ensemble_scores_by_its_fitted_members():
    real, fake = smooth_images(80, 1, "real"), checkered(smooth_images(80, 1, "fake"))
    members = [DETECTORS.create(name) for name in ("pixels", "spectrum")]
    for member in members:
        fit_and_test(member, real, fake)
    ensemble = Ensemble()
    ensemble.use_members(members)
    expected = mean_logits(np.stack([member.score(member.prepare(fake[:9])) for member in members]))
    assert np.array_equal(ensemble.score(ensemble.prepare(fake[:9])), expected)
    ensemble.load_state(ensemble.state())
    with pytest.raises(ValueError, match="holds weight, but an ensemble keeps nothing"):
        ensemble.load_state({"weight": torch.zeros(1)})


# ------------------------------------------------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("name", "channels", "panels"), [("pixels", 3, (3, 2)), ("spectrum", 1, (3, 2)), ("spectrum", 3, (3, 4))]
)
def test_an_explanation_is_a_picture_with_a_panel_for_each_cell(name, channels, panels, tmp_path):
    fakes = {key: checkered(smooth_images(8, channels, key)) for key in ("dcgan", "wgan", "vae", "srgan")}
    path: Path = tmp_path / "explained.png"
    caption = DETECTORS.create(name).explain(smooth_images(8, channels, "real"), fakes, path)
    assert "fakes of each variant" in caption and "\n" not in caption

    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGB"))
    columns, rows = panels
    expected = np.array([PANEL[1] * rows + 0.7, PANEL[0] * columns + 0.4]) * 130  # inches, dots per inch
    np.testing.assert_allclose(pixels.shape[:2], expected, atol=1)
    for colour in COLOURS[:2]:  # both curves are there, in more than the legend
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(pixels.astype(int) - rgb).max(2) < 40).sum() > 200
