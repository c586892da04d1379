"""Detectors: the contract every registered detector keeps, and the packaged weights."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

from gan_bench import pretrained
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Critic, Detector
from gan_bench.detectors.evaluate import auroc
from tests.factories import FULL_FLOAT32, noting_cudnn

pytestmark = pytest.mark.usefixtures("one_thread")


# ------------------------------------------------------------------------------------------- every registered detector

MEMBERS = {member["name"]: member for member in DETECTORS.describe()[0]}
FITTED = [name for name, member in MEMBERS.items() if not member["combines"]]
over_detectors = pytest.mark.parametrize("name", FITTED)
over_channels = pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
N_SHOWN = 4_000


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


def tiny_critic(channels: int, seed: int) -> Critic:
    """A small random network: images (B, C, H, W) in [-1, 1] -> (B,)."""
    generator = stream(seed, "tiny critic")
    net = nn.Sequential(nn.Conv2d(channels, 8, 4, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, stride=2))
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator).requires_grad_(False)
    return lambda images: net(images).flatten(1).mean(1)


def created(name: str, channels: int, seed: int = 7) -> Detector:
    """Not fitted; with its default argument, and with critics where it needs them."""
    detector = DETECTORS.create(name + MEMBERS[name]["default"], seed=seed, n_shown=N_SHOWN)
    detector.use_critics({key: tiny_critic(channels, seed=k) for k, key in enumerate(("dcgan", "wgan"))})
    return detector


def fitted(name: str, channels: int) -> Detector:
    """Fitted on 64 smooth images against 64 checkered ones, validated on 24 of each."""
    detector = created(name, channels)
    real, fake = smooth_images(88, channels, "fit"), checkered(smooth_images(88, channels, "fit fake"))
    detector.fit(*(detector.prepare(images) for images in (real[:64], fake[:64], real[64:], fake[64:])))
    return detector


fitted_once = functools.cache(fitted)


@functools.cache
def prepared_tests(name: str, channels: int) -> tuple[Tensor, Tensor]:
    detector = fitted_once(name, channels)
    real, fake = smooth_images(64, channels, "test"), checkered(smooth_images(64, channels, "test fake"))
    return detector.prepare(real), detector.prepare(fake)


@over_detectors
@over_channels
def test_logits_are_finite_and_higher_for_fakes(name, channels):
    detector, (real, fake) = fitted_once(name, channels), prepared_tests(name, channels)
    logits = detector.score(real), detector.score(fake)
    for found in logits:
        assert found.shape == (64,) and found.dtype == np.float64
        assert np.isfinite(found).all()
    assert auroc(*logits) > 0.98
    assert min((logits[0] < 0).mean(), (logits[1] > 0).mean()) > 0.8  # 0 is the fair threshold


@over_detectors
def test_same_seed_same_logits(name):
    once, again = fitted_once(name, 3), fitted(name, 3)
    for prepared in prepared_tests(name, 3):
        assert np.array_equal(once.score(prepared), again.score(prepared))


@over_detectors
@over_channels
def test_a_logit_does_not_depend_on_the_images_beside_it(name, channels):
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
    detector = created(name, 3)
    sets = (64, "fit"), (64, "other fit"), (24, "validate"), (24, "other validate")
    detector.fit(*(detector.prepare(smooth_images(n, 3, purpose)) for n, purpose in sets))
    real, other = (detector.score(detector.prepare(smooth_images(150, 3, p))) for p in ("null test", "other null test"))
    # under the null the AUROC of 150 against 150 has a standard error of sqrt(301 / (12 * 150 * 150)) = 0.033; four of them
    assert auroc(real, other) == pytest.approx(0.5, abs=0.134)


@over_detectors
@over_channels
def test_a_state_makes_another_object_the_same_detector(name, channels):
    state = fitted_once(name, channels).state()
    assert state and all(isinstance(value, Tensor) for value in state.values())
    loaded = created(name, channels, seed=8)
    loaded.load_state(state)
    for prepared in prepared_tests(name, channels):
        assert np.array_equal(loaded.score(prepared), fitted_once(name, channels).score(prepared))


@over_detectors
def test_a_state_of_something_else_is_refused(name):
    state = fitted_once(name, 3).state()
    first = next(iter(state))
    for wrong in (
        {},
        {"something": torch.zeros(3)},
        {key: value for key, value in state.items() if key != first},
        {**state, first: torch.cat([state[first], state[first]])},
    ):
        with pytest.raises(ValueError):
            created(name, 3).load_state(wrong)


@over_detectors
@over_channels
def test_logits_can_be_differentiated_and_are_those_of_score(name, channels):
    detector = fitted_once(name, channels)
    images = checkered(smooth_images(6, channels, "test fake")).float().requires_grad_()
    if not MEMBERS[name]["differentiable"]:
        with pytest.raises(NotImplementedError, match="has no gradients"):
            detector.logits(images)
        return

    logits = detector.logits(images)
    expected = detector.score(detector.prepare(images.detach().to(torch.uint8)))
    # the same sums, here all in float32: see above
    np.testing.assert_allclose(logits.detach().numpy(), expected, atol=1e-3, rtol=1e-4)
    (gradients,) = torch.autograd.grad(logits.sum(), images)
    assert gradients.isfinite().all()
    assert (gradients.abs().amax((1, 2, 3)) > 0).all()


@over_detectors
def test_cues_are_sorted_and_heat_maps_have_the_size_of_the_images(name):
    detector, images = fitted_once(name, 3), smooth_images(4, 3, "test")
    sizes = [abs(cue.weight) for cue in detector.cues(5)]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) in (0, 5)  # 0: it is not linear
    heat = detector.heat_map(images)
    assert heat is None or (heat.shape == (4, 32, 32) and heat.isfinite().all())


@over_detectors
def test_method_is_one_line(name):
    method = created(name, 3).method
    assert method and "\n" not in method


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
    from gan_bench.detectors import timm_probe

    build = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: build(name, pretrained=False))
    backbone = timm_probe.downloaded_backbone("test_vit")  # 160 pixels; ImageNet's mean and deviation are in its configuration
    config = timm.data.resolve_model_data_config(backbone.net)
    white = backbone.to_input(torch.full((2, 1, 32, 32), 255, dtype=torch.uint8))
    assert white.shape == (2, 3, 160, 160)
    expected = (1 - np.array(config["mean"])) / np.array(config["std"])
    np.testing.assert_allclose(white.mean((0, 2, 3)).numpy(), expected, rtol=1e-5)
    features = DETECTORS.create("timm:test_vit").prepare(torch.zeros(3, 1, 32, 32, dtype=torch.uint8))
    assert features.shape == (3, backbone.net.num_features)


# --------------------------------------------------------------------------------------------------- packaged weights


def test_the_probe_looks_in_full_float32_and_fixed_order_with_cudnn(monkeypatch):
    """`cudnn.flags` without `enabled` switches cuDNN off, and a GPU then convolves several times slower."""
    probe, seen = DETECTORS.create("timm:tf_efficientnet_lite0"), []
    monkeypatch.setattr(type(probe), "features", noting_cudnn(type(probe).features, seen))
    probe.prepare(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert seen == [FULL_FLOAT32]


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
