"""Detectors that are networks: how they are fitted, stopped and resumed, and what each of them sees."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from scipy.special import expit
from torch import Tensor, nn

from gan_bench.core.charts import save_figure
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import derive, stream
from gan_bench.detectors import DETECTORS, network, patch
from gan_bench.detectors.bootstrap import Logits
from gan_bench.detectors.evaluate import auroc
from gan_bench.detectors.network import PATIENCE, VALIDATIONS, NetworkDetector, least_loss, rate
from gan_bench.detectors.npr import SCALE, relations
from gan_bench.detectors.patch import Patch
from gan_bench.detectors.small_resnet import residual_network
from gan_bench.detectors.timm_tune import TimmTune, at_full_resolution, tuned_lite0
from tests.test_detectors import checkered, smooth_images

SMALL = ("npr", "patch", "small-resnet")
SIDE = 16


pytestmark = pytest.mark.usefixtures("one_thread")


class Tiny(NetworkDetector):
    """Has what a resumed fit may get wrong: the statistics of a batch norm, and the draws of a dropout."""

    name = "tiny"
    method = "a network for tests"

    def build(self, channels: int, side: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.2), nn.ReLU(), nn.Conv2d(4, 1, 3))


def noise(n: int, name: str, channels: int = 1, side: int = SIDE) -> Tensor:
    """uint8 (n, channels, side, side), each level equally likely."""
    return torch.randint(0, 256, (n, channels, side, side), generator=stream(0, name), dtype=torch.uint8)


def sets(fake: str = "fake") -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Reals, and fakes that are darker; then those of the validation."""
    return noise(40, "real"), noise(30, fake) // 2, noise(20, "validate real"), noise(20, "validate fake") // 2


def created(name: str, n_shown: int, seed: int = 0) -> NetworkDetector:
    detector = DETECTORS.create(name, n_shown=n_shown, seed=seed)
    assert isinstance(detector, NetworkDetector)
    return detector


def same_state(one: NetworkDetector, other: NetworkDetector) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state().values(), other.state().values(), strict=True))


def spy_on_training(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The images of each training step from now on, float (B, C, H, W) in [-1, 1]."""
    seen, output = [], NetworkDetector.output

    def spied(self: NetworkDetector, images: Tensor) -> Tensor:
        if self.net.training:
            seen.append(images)
        return output(self, images)

    monkeypatch.setattr(NetworkDetector, "output", spied)
    return seen


def script_losses(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> None:
    """The results of the validations to come; the temperature of the k-th, from 0, is k + 1."""
    script = zip(losses, itertools.count(1.0), strict=False)
    monkeypatch.setattr(network, "least_loss", lambda logits: next(script))


# -------------------------------------------------------------------------------------------------- one fit, step by step


def test_half_of_a_batch_are_reals_and_each_image_is_shown_equally_often(monkeypatch):
    seen = spy_on_training(monkeypatch)
    script_losses(monkeypatch, [1 / (k + 1) for k in range(2 * VALIDATIONS)])
    levels = torch.arange(200, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)  # an image of each level
    Tiny(n_shown=640).fit(levels[:40], levels[100:107], *sets()[2:])

    shown = torch.stack([images[:, 0, 0, 0].add(1).mul(255 / 2).round().int() for images in seen])  # (steps, batch)
    assert shown.shape == (20, 32)
    reals, fakes = (half.flatten().bincount() for half in shown.split(16, dim=1))
    assert reals.tolist() == [8] * 40  # 320 = 8 * 40
    assert sorted(fakes[100:].tolist()) == [45] * 2 + [46] * 5  # 320 = 45 * 7 + 5


def test_the_learning_rate_rises_shortly_and_falls_to_zero():
    rates = [rate(share) for share in np.linspace(0, 1, 101)]
    top = int(np.argmax(rates))
    assert 1 <= top <= 6 and 0.98 < rates[top] <= 1 and rates[0] < 0.02
    assert rates[100] == 0 and all(np.diff(rates[top:]) < 0)


def test_the_weights_and_the_temperature_of_the_least_validation_loss_are_kept(monkeypatch):
    detector, scored, score = Tiny(n_shown=16_000), [], NetworkDetector.score

    def spied(self: NetworkDetector, images: Tensor) -> np.ndarray:
        scored.append(self.net.state_dict()["0.weight"].clone())
        return score(self, images)

    monkeypatch.setattr(NetworkDetector, "score", spied)
    script_losses(monkeypatch, [0.9, 0.5, 0.8, 0.7, 0.6, 0.5, 0.9, 0.1])
    detector.fit(*sets())
    assert len(scored) == 2 * (2 + PATIENCE)  # reals and fakes; the second validation was the best
    assert torch.equal(detector.net.state_dict()["0.weight"], scored[2])
    assert not torch.equal(scored[2], scored[-1])
    assert detector.temperature == 2


def test_a_fit_whose_validation_improves_goes_on_to_its_last_step(monkeypatch):
    seen = spy_on_training(monkeypatch)
    script_losses(monkeypatch, [1 / (k + 1) for k in range(2 * VALIDATIONS)])
    detector = Tiny(n_shown=32 * 50 + 31)
    detector.fit(*sets())
    assert len(seen) == 50
    assert detector.temperature == VALIDATIONS - 2  # one after each 5 steps: 10, of which the last is the best


def test_batch_norms_are_given_the_statistics_of_the_weights_that_are_kept():
    real, fake, *validation = noise(40, "real"), noise(40, "fake") // 2, *sets()[2:]
    detector = Tiny(n_shown=320)
    detector.fit(real, fake, *validation)
    conv, norm, *_ = detector.net
    with torch.no_grad():
        mean = conv(torch.cat([real, fake]).float() * (2 / 255) - 1).mean((0, 2, 3))
    # all 80 images in one batch, so only float32 rounds, to about 1e-6; averages that lag behind are off by far more
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-4, atol=1e-5)


def test_an_earlier_fit_is_forgotten():
    detector = Tiny(n_shown=320)
    real, fake, validate_real, validate_fake = sets()
    detector.fit(fake, real, validate_fake, validate_real)
    detector.fit(*sets())
    fresh = Tiny(n_shown=320)
    fresh.fit(*sets())
    assert same_state(detector, fresh)


def test_a_fit_neither_uses_nor_moves_the_global_random_states():
    def states() -> tuple[Any, ...]:
        return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()  # noqa: NPY002

    torch.manual_seed(1)
    before = states()
    one, other = Tiny(n_shown=320), Tiny(n_shown=320)
    one.fit(*sets())
    assert states() == before
    torch.manual_seed(2)
    other.fit(*sets())
    assert same_state(one, other)


def test_another_seed_is_another_fit():
    one, other = Tiny(n_shown=320, seed=0), Tiny(n_shown=320, seed=1)
    for detector in (one, other):
        detector.fit(*sets())
    assert not same_state(one, other)


@pytest.mark.parametrize("factor", [0.7, 1.0, 3.0])
def test_the_temperature_undoes_what_logits_were_multiplied_by(factor):
    rng = np.random.default_rng(derive(0, "temperature"))
    logits = rng.normal(0, 2, 40_000)
    is_fake = rng.random(40_000) < expit(logits)
    loss, temperature = least_loss(Logits(factor * logits[~is_fake], factor * logits[is_fake]))
    # the grid has steps of 4.4 %, so it is within 2.2 %; the standard error of the slope of 40,000 images is below 1 %
    assert temperature == pytest.approx(factor, rel=0.06)
    assert loss < np.log(2)


# -------------------------------------------------------------------------------------------------------------- resuming


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.fixture
def kill_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Call it with the number of steps that fits take before they are killed. A checkpoint is written about each 7 steps."""
    seconds = itertools.count(0.0, 3.0)
    monkeypatch.setattr(network, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(network, "fast_precision", lambda kind: torch.float32)

    def set_steps(n: int | None) -> None:
        @contextlib.contextmanager
        def bar(title: str, total: float | None, unit: str = "") -> Iterator[Callable[[float], None]]:
            calls = itertools.count()

            def advance(amount: float) -> None:
                if next(calls) == n:
                    raise Killed

            yield advance

        monkeypatch.setattr(network, "bar", bar)

    return set_steps


def test_a_fit_that_was_killed_twice_ends_as_an_undisturbed_one(tmp_path, monkeypatch, kill_after):
    kill_after(None)
    undisturbed = Tiny(n_shown=32 * 60)
    undisturbed.fit(*sets())

    seen = spy_on_training(monkeypatch)
    kill_after(25)
    for _ in range(2):
        with pytest.raises(Killed):
            Tiny(n_shown=32 * 60).fit(*sets(), checkpoint=tmp_path / "fit.pt")
    kill_after(None)
    resumed = Tiny(n_shown=32 * 60)
    resumed.fit(*sets(), checkpoint=tmp_path / "fit.pt")
    assert 60 < len(seen) < 60 + 2 * 10  # what was done after a checkpoint is done again, and no more
    assert same_state(resumed, undisturbed)


def test_a_finished_fit_is_loaded_from_its_checkpoint(tmp_path, monkeypatch):
    first, again = Tiny(n_shown=320), Tiny(n_shown=320)
    first.fit(*sets(), checkpoint=tmp_path / "fit.pt")
    seen = spy_on_training(monkeypatch)
    again.fit(*sets(), checkpoint=tmp_path / "fit.pt")
    assert not seen
    assert same_state(first, again)


@pytest.mark.parametrize(("options", "fake"), [({}, "other fake"), ({"seed": 1}, "fake"), ({"n_shown": 640}, "fake")])
def test_the_checkpoint_of_another_fit_is_ignored(tmp_path, kill_after, options, fake):
    kill_after(15)
    with pytest.raises(Killed):
        Tiny(n_shown=960).fit(*sets(), checkpoint=tmp_path / "fit.pt")
    assert (tmp_path / "fit.pt").exists()
    kill_after(None)
    fresh, beside = (Tiny(**{"n_shown": 960, **options}) for _ in range(2))
    fresh.fit(*sets(fake))
    beside.fit(*sets(fake), checkpoint=tmp_path / "fit.pt")
    assert same_state(fresh, beside)


# ------------------------------------------------------------------------------------------------------ the small networks


def before_pooling(net: nn.Module, images: Tensor) -> tuple[int, ...]:
    """The sides of the feature map that the network's only pooling gets."""
    (pool,) = (module for module in net.modules() if isinstance(module, nn.AdaptiveAvgPool2d))
    sides: list[tuple[int, ...]] = []
    pool.register_forward_pre_hook(lambda module, inputs: sides.append(tuple(inputs[0].shape[2:])))
    net.eval()(images)
    return sides[0]


def test_the_small_resnet_is_small_and_keeps_the_resolution():
    net = residual_network(3)
    assert 0.2e6 < sum(parameter.numel() for parameter in net.parameters()) < 0.4e6
    assert before_pooling(net, torch.zeros(1, 3, 32, 32)) == (8, 8)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(("channels", "side"), [(1, 16), (3, 17), (1, 31)])
def test_odd_and_small_sides_are_fitted_and_scored(name, channels, side):
    images = noise(40, "odd", channels, side)
    detector = created(name, 64)
    detector.fit(images[:16], images[16:32] // 2, images[32:36], images[36:] // 2)
    assert np.isfinite(detector.score(images)).all()
    heat = detector.heat_map(images[:2])
    assert heat is None or heat.shape == (2, side, side)


def test_relations_of_an_image_that_was_enlarged_from_half_its_size_are_zero():
    small = torch.rand(2, 3, 8, 8, generator=stream(0, "small"))
    assert not relations(small.repeat_interleave(2, -1).repeat_interleave(2, -2)).any()
    assert relations(torch.rand(2, 3, 16, 16, generator=stream(0, "large"))).abs().mean() > 0.1


@pytest.mark.parametrize("side", [16, 17])
def test_relations_are_those_to_an_image_halved_and_doubled_again(side):
    images = torch.rand(2, 3, side, side, generator=stream(0, "halved"))
    even = images[..., :16, :16]
    again = F.interpolate(F.interpolate(even, scale_factor=0.5, mode="nearest"), scale_factor=2, mode="nearest")
    assert torch.equal(relations(images), SCALE * (even - again))


# ------------------------------------------------------------------------------------------------------------ the patches


@pytest.fixture(scope="module")
def fitted_patch() -> Patch:
    """Fitted on smooth images against checkered ones."""
    detector = created("patch", 3_000)
    assert isinstance(detector, Patch)
    real, fake = smooth_images(120, 3, "patch"), checkered(smooth_images(120, 3, "patch fake"))
    detector.fit(real[:80], fake[:80], real[80:], fake[80:])
    return detector


@pytest.mark.parametrize(("bottom", "right"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_heat_map_is_hottest_where_a_checkerboard_was_planted(fitted_patch, bottom, right):
    images = smooth_images(8, 3, "planted")
    corner = (..., slice(16, 32) if bottom else slice(0, 16), slice(16, 32) if right else slice(0, 16))
    images[corner] = checkered(images)[corner]
    quarters = F.avg_pool2d(fitted_patch.heat_map(images)[:, None], 16).flatten(1)  # (8, 4)
    assert (quarters.argmax(1) == 2 * bottom + right).all()


def test_the_mean_of_a_heat_map_is_the_logit(fitted_patch):
    images = torch.cat([smooth_images(4, 3, "mean"), checkered(smooth_images(4, 3, "mean fake"))])
    # float32 sums of about a thousand terms in another order: relative errors near 1e-6
    np.testing.assert_allclose(fitted_patch.heat_map(images).mean((1, 2)), fitted_patch.score(images), rtol=1e-4, atol=1e-4)


def test_a_patch_has_13_pixels_on_a_side(fitted_patch):
    images = torch.zeros(1, 3, 33, 33, requires_grad=True)
    logits = fitted_patch.output(images)  # (1, 1, 17, 17)
    (seen,) = torch.autograd.grad(logits[0, 0, 8, 8], images)
    rows, columns = seen[0].abs().sum(0).nonzero().T
    assert [(int(of.min()), int(of.max())) for of in (rows, columns)] == [(10, 22), (10, 22)]  # around pixel 16
    assert fitted_patch.method.count("13x13") == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_has_two_labelled_rows_for_the_reals_and_each_cell(tmp_path, monkeypatch, channels):
    figures: list[Figure] = []

    def save(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save_figure(figure, path)

    monkeypatch.setattr(patch, "save_figure", save)
    detector, images = Patch(n_shown=64), noise(8, "picture", channels)
    detector.fit(images[:4], images[:4] // 2, images[4:], images[4:] // 2)
    caption = detector.explain(images, {"dcgan": images // 2, "wgan": images[:3]}, tmp_path / "explained.png")

    assert (tmp_path / "explained.png").read_bytes().startswith(b"\x89PNG") and "red" in caption
    grid = np.array(figures[0].axes[:36]).reshape(6, 6)
    assert [axes.get_title(loc="left") for axes in grid[:, 0]] == ["real", "", "dcgan", "", "wgan", ""]
    assert [sum(bool(axes.images) for axes in row) for row in grid] == [6, 6, 6, 6, 3, 3]
    assert np.array_equal(grid[2, 1].images[0].get_array()[..., 0], images[1, 0] // 2)
    heat = grid[3, 1].images[0]
    # the same sums, in another order for another number of images: float32 rounds to 1e-7
    np.testing.assert_allclose(heat.get_array(), detector.heat_map(images[1:2] // 2)[0], rtol=1e-4, atol=1e-6)
    assert {axes.images[0].get_clim() for axes in grid[1::2, 0]} == {heat.get_clim()}  # one scale, with 0 in its middle
    assert heat.get_clim()[0] == -heat.get_clim()[1]


# ------------------------------------------------------------------------------------------------------------ timm models


@pytest.mark.parametrize("model", ["test_resnet", "test_convnext", "test_vit"])
@pytest.mark.parametrize(("channels", "side", "least"), [(3, 32, 4), (1, 32, 4), (1, 64, 8), (1, 28, 3)])
def test_a_tuned_model_keeps_small_images_large_inside(model, channels, side, least):
    net: Any = at_full_resolution(model, channels, side)
    images = torch.zeros(2, channels, side, side)
    with torch.no_grad():
        features, logits = net.forward_features(images), net(images)
    if features.ndim == 3:  # tokens (B, N, D), of which some stand for no patch
        rows = columns = int((features.shape[1] - net.num_prefix_tokens) ** 0.5)
    else:
        rows, columns = features.shape[2:]
    assert min(rows, columns) >= least
    assert logits.shape == (2, 1)


def test_large_images_see_the_model_as_it_is():
    net: Any = at_full_resolution("test_resnet", 3, 96)
    assert net.conv1[0].stride == (2, 2) and isinstance(net.maxpool, nn.MaxPool2d)


def test_another_timm_model_learns_from_random_weights_and_says_so():
    detector = created("timm-tune:test_resnet", 4 * 640)
    assert detector.method == "test_resnet, trained as a whole from random weights"
    real, fake = smooth_images(64, 1, "tune"), checkered(smooth_images(64, 1, "tune fake"))
    detector.fit(real[:32], fake[:32], real[32:], fake[32:])
    assert auroc(detector.score(real[32:]), detector.score(fake[32:])) > 0.9


def test_the_tuned_lite0_starts_as_the_network_of_the_probe():
    probe, images = DETECTORS.create("timm:tf_efficientnet_lite0"), smooth_images(4, 3, "lite0")
    both: Any = tuned_lite0().eval()
    enlarge, net = both
    with torch.no_grad():
        features = net.forward_head(net.forward_features(enlarge(images.float() * (2 / 255) - 1)), pre_logits=True)
    # the same sums in another order, from inputs that float32 rounds in another way: about 1e-5 of a feature
    np.testing.assert_allclose(features, probe.prepare(images), rtol=1e-3, atol=1e-4)
    assert "ImageNet" in created("timm-tune:tf_efficientnet_lite0", 1).method
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_an_unknown_model_to_tune_names_the_nearest():
    with pytest.raises(UserError, match="unknown timm model 'convnext_ato'; did you mean 'convnext_atto'"):
        DETECTORS.create("timm-tune:convnext_ato")
    with pytest.raises(UserError, match="unknown timm model"):
        TimmTune.check_argument("resnet_18")


def test_a_model_that_cannot_take_such_images_says_what_can(monkeypatch):
    monkeypatch.setattr("timm.create_model", lambda *_, **__: nn.Conv2d(1, 1, 99))
    with pytest.raises(UserError, match=r"'test_vit' cannot take images of 28 pixels .*tf_efficientnet_lite0 takes any size"):
        at_full_resolution("test_vit", 1, 28)


def test_checkpoints_of_two_models_are_told_apart(tmp_path):
    images = noise(16, "two", 1, 28)
    two = images[:4], images[4:8] // 2, images[8:12], images[12:] // 2
    for model in ("test_resnet", "test_vit"):
        detector = created(f"timm-tune:{model}", 128)
        detector.fit(*two, checkpoint=tmp_path / "fit.pt")
        assert np.isfinite(detector.score(images)).all()
