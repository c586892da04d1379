"""Attacks on detectors, and the signs of gradients that hide weaknesses."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.detectors import attacks
from gan_bench.detectors.attacks import Goal, attack, attack_all, cross_attack, deceived, masked_gradients
from gan_bench.detectors.base import Detector
from gan_bench.detectors.masking import scores, sides, square

SHAPE = (3, 12, 12)
N = 40


class Toy(Detector):
    """A detector made of one function: float images (N, C, H, W) in 0..255 -> logits (N,)."""

    name, method, differentiable = "toy", "a function", True

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def prepare(self, images: Tensor) -> Tensor:
        return images

    def fit(self, *arguments: Any, **options: Any) -> None:
        raise AssertionError("an attack fits nothing")

    def score(self, prepared: Tensor) -> np.ndarray:
        with torch.no_grad():
            return self.logits(prepared.float()).double().numpy()

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: Any) -> None: ...

    def logits(self, images: Tensor) -> Tensor:
        return self.function(images)


class Blind(Toy):
    """One that cannot be differentiated."""

    name, differentiable = "blind", False

    def logits(self, images: Tensor) -> Tensor:
        return super().logits(images).detach()


pytestmark = pytest.mark.usefixtures("one_thread")


def textured(n: int, strength: float, *names: str) -> Tensor:
    """uint8 images (n, 3, 12, 12): smooth noise, with a chessboard of +-`strength` levels planted in it."""
    noise = torch.randn(n, 3, 3, 3, generator=stream(0, "smooth", *names))
    fine = torch.randn(n, *SHAPE, generator=stream(0, "fine", *names))
    board = (torch.arange(12)[:, None] + torch.arange(12)) % 2 * 2 - 1
    images = 128 + 40 * F.interpolate(noise, size=12, mode="bilinear") + 8 * fine + strength * board
    return images.round().clamp(0, 255).to(torch.uint8)


REAL, FAKE = textured(N, 0, "real"), textured(N, 6, "fake")
WEIGHTS = torch.randn(SHAPE, generator=stream(0, "weights")) * (torch.rand(SHAPE, generator=stream(0, "zeros")) > 0.2)
LINEAR = Toy(lambda images: ((images - 128) * WEIGHTS).flatten(1).sum(1) / 100)


@pytest.fixture(scope="module")
def net() -> nn.Module:
    """A small convolutional network, trained to tell the planted texture."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.SiLU(), nn.Conv2d(8, 8, 3), nn.SiLU(), nn.Flatten(), nn.Linear(512, 1)
        )  # fmt: skip
    images = torch.cat([textured(200, 0, "fit"), textured(200, 6, "fit fakes")]).float() / 128 - 1
    labels = torch.arange(400).ge(200).float()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(net(images)[:, 0], labels).backward()
        optimizer.step()
    net.zero_grad()
    return net


@pytest.fixture(scope="module")
def conv(net: nn.Module) -> Toy:
    return Toy(lambda images: net(images / 128 - 1)[:, 0])


def auroc(real: np.ndarray, fake: np.ndarray) -> float:
    return float(roc_auc_score(np.repeat([0, 1], [len(real), len(fake)]), np.concatenate([real, fake])))


# ------------------------------------------------------------------------------------------------------------- attack


@pytest.mark.parametrize("goal", ["evasion", "framing"])
@pytest.mark.parametrize("eps", [1, 2, 8, 255])
def test_against_a_linear_detector_the_attack_is_the_closed_form(goal: Goal, eps: int):
    """The sign of the weights times eps, clipped. Pixels of weight 0 stay. At eps 1 a step is an eighth of a level."""
    sign = 1 if goal == "framing" else -1
    expected = (REAL + sign * eps * WEIGHTS.sign()).clamp(0, 255).to(torch.uint8)
    assert torch.equal(attack(LINEAR, REAL, eps, goal), expected)


def test_the_image_after_the_last_step_is_judged_too():
    expected = (REAL + 8 * WEIGHTS.sign()).clamp(0, 255).to(torch.uint8)
    assert torch.equal(attack(LINEAR, REAL, 8, "framing", steps=1, restarts=1), expected)


@pytest.mark.parametrize("goal", ["evasion", "framing"])
def test_eps_0_changes_nothing(conv: Toy, goal: Goal):
    assert torch.equal(attack(conv, REAL, 0, goal), REAL)


def test_evasion_with_8_levels_takes_the_auroc_under_a_half_and_without_a_bound_to_0(conv: Toy):
    real, fake = scores(conv, REAL), scores(conv, FAKE)
    assert auroc(real, fake) > 0.95
    found = attack_all(conv, FAKE, "evasion", (8, 255))
    assert auroc(real, scores(conv, found[8])) < 0.5
    assert auroc(real, scores(conv, found[255])) == 0


@pytest.mark.parametrize("goal", ["evasion", "framing"])
def test_the_images_at_rest_keep_to_eps_and_to_their_range_and_deceive(conv: Toy, goal: Goal):
    extreme = torch.stack([torch.zeros(SHAPE), torch.full(SHAPE, 255.0)]).to(torch.uint8)
    images = torch.cat([FAKE, REAL, extreme])
    for eps, found in attack_all(conv, images, goal).items():
        assert found.dtype == torch.uint8
        assert (found.int() - images.int()).abs().max() == eps
        gain = scores(conv, found) - scores(conv, images)
        assert (gain < 0).all() if goal == "evasion" else (gain > 0).all()


def test_no_image_deceives_less_at_a_larger_eps(conv: Toy):
    found = [scores(conv, images) for images in attack_all(conv, FAKE, "evasion", (8, 0, 1, 2, 4), steps=3).values()]
    for smaller, larger in itertools.pairwise(found):
        assert (larger <= smaller).all()
    assert found[-1].mean() < found[0].mean()


def test_the_search_at_a_larger_eps_starts_from_the_best_image_of_the_smaller_one(conv: Toy):
    judged = []

    def spied(images: Tensor) -> Tensor:
        judged.extend([images.detach().clone()] if images.requires_grad else [])
        return conv.logits(images)

    found = attack_all(Toy(spied), FAKE, "evasion", (2, 4), steps=5, restarts=1)
    assert len(judged) == 2 * 6
    assert torch.equal(judged[0], FAKE.float())
    assert torch.equal(judged[6], found[2].float())


def test_a_plain_search_that_rounds_its_last_image_deceives_less(conv: Toy):
    """Madry et al. 2018 by hand: signs of gradients, the same number and size of steps, one start, no choice of the iterate."""
    origin = FAKE.float()
    images = origin
    for _ in range(20):
        (gradient,) = torch.autograd.grad(conv.logits(leaf := images.clone().requires_grad_()).sum(), leaf)
        images = (images - 0.25 * gradient.sign()).clamp(origin - 2, origin + 2).clamp(0, 255)
    ours = scores(conv, attack(conv, FAKE, 2, "evasion"))
    assert ours.mean() <= scores(conv, images.round().to(torch.uint8)).mean()


def test_of_all_iterates_the_one_that_deceives_best_is_kept():
    """All slopes lead up, to 108 in the end, but the logit is highest at 104, which the second step of 2 levels reaches."""
    seen = []

    def bump(images: Tensor) -> Tensor:
        level = images.flatten(1).mean(1)
        logits = torch.where(level == 104, 999.0, level)
        if images.requires_grad:
            seen.append(float(logits.detach()[0]))
        return logits.detach() + level - level.detach()

    flat = torch.full((2, *SHAPE), 100, dtype=torch.uint8)
    found = attack(Toy(bump), flat, 8, "framing", restarts=1)
    assert torch.equal(found, flat + 4)
    assert len(seen) == 21
    assert seen[-1] == 108


def test_another_start_is_used_where_it_deceives_better():
    """From 100 the slope leads to a small peak at 99; only images that start above 100.5 find the large one at 104."""

    def peaks(images: Tensor) -> Tensor:
        level = images.flatten(1)
        return torch.where(level <= 100.5, -(level - 99).abs(), 5 - (level - 104).abs()).mean(1)

    flat = torch.full((4, *SHAPE), 100, dtype=torch.uint8)
    one, two = (scores(Toy(peaks), attack(Toy(peaks), flat, 8, "framing", restarts=n)) for n in (1, 2))
    assert (two > one).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(conv: Toy):
    """A stair has no slopes, so the best image is a random start."""
    stair = Toy(lambda images: conv.logits((images / 4).round() * 4))
    first, again, other = (attack(stair, FAKE, 4, "evasion", seed=seed, steps=3) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_attack_leaves_the_weights_and_the_global_random_state_alone(conv: Toy, net: nn.Module):
    before, images = torch.get_rng_state(), FAKE.clone()
    masked_gradients(conv, images, 0)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(images, FAKE)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_where_one_pixel_has_no_slope_the_others_are_attacked():
    """The square root has an infinite slope at 0, which times 0 is NaN."""

    def root(images: Tensor) -> Tensor:
        return images.mean((1, 2, 3)) + (0 * images[:, :, 0, 0]).sqrt().sum(1)

    expected = (REAL.int() + 4).clamp(0, 255).to(torch.uint8)
    expected[:, :, 0, 0] = REAL[:, :, 0, 0]
    assert torch.equal(attack(Toy(root), REAL, 4, "framing", restarts=1), expected)


# ------------------------------------------------------------------------------------------------------------ refusals


def test_a_detector_without_gradients_is_refused():
    with pytest.raises(UserError, match="'blind' has no gradients to attack; attack another one, and show it"):
        attack(Blind(LINEAR.function), REAL, 8, "evasion")


def test_without_the_library_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "secmlt"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "secmlt", None)
    with pytest.raises(UserError, match=r'attacks need .*pip install "gan-bench\[attacks\]"'):
        attack(LINEAR, REAL, 8, "evasion")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"images": REAL.float()}, r"images must be uint8 \(N, C, H, W\), but are torch.float32"),
        ({"images": REAL[0]}, r"of shape \(3, 12, 12\)"),
        ({"eps": 256}, "whole levels from 0 to 255"),
        ({"eps": -1}, "whole levels from 0 to 255"),
        ({"eps": 0.5}, "whole levels from 0 to 255"),
        ({"goal": "escape"}, "evasion, framing, but is 'escape'"),
        ({"steps": 0}, "at least 1, but are 0 and 2"),
        ({"restarts": 0}, "at least 1, but are 20 and 0"),
    ],
)
def test_arguments_that_cannot_be_right_are_refused(changed: dict[str, Any], sentence: str):
    arguments: dict[str, Any] = {"images": REAL, "eps": 8, "goal": "evasion"} | changed
    with pytest.raises(ValueError, match=sentence):
        attack(LINEAR, **arguments)


# ------------------------------------------------------------------------------------------------------------- success


def test_success_counts_only_images_that_were_on_the_right_side():
    before, after = np.array([-1.0, 0.5, 1.0, 2.0, 3.0]), np.array([-2.0, -3.0, 0.5, 0.6, -1.0])
    assert deceived(before, after, 0.5, "evasion") == 2 / 3  # of 1, 2 and 3; a logit of exactly 0.5 is real
    assert deceived(after, before, 0.5, "framing") == 2 / 4  # of all but 0.6


def test_success_is_none_where_no_image_was_on_the_right_side():
    low, high = np.array([-1.0, 0.0]), np.array([1.0, 2.0])
    assert deceived(low, low, 0, "evasion") is None
    assert deceived(high, low, 0, "framing") is None


# ------------------------------------------------------------------------------------------------------------- masking


def fair(detector: Detector) -> float:
    """A threshold in the middle of the images."""
    return float(np.median(scores(detector, torch.cat([REAL[:20], FAKE[:20]]))))


def flags(detector: Detector) -> str:
    return "; ".join(masked_gradients(detector, torch.cat([REAL[:20], FAKE[:20]]), fair(detector)))


def test_honest_gradients_are_not_suspicious(conv: Toy):
    assert flags(conv) == ""
    assert flags(LINEAR) == ""


def test_a_stair_has_no_gradient_and_falls_to_a_search_without(conv: Toy):
    found = flags(Toy(lambda images: conv.logits((images / 4).round() * 4)))
    assert "the gradient is zero for 40 of 40 images (100 %)" in found
    assert "eps 1 moves the logits no further than one with eps 0" in found
    assert "a search without gradients takes" in found


def test_gradients_that_point_the_wrong_way_are_found_though_none_is_zero(conv: Toy):
    def misleading(images: Tensor) -> Tensor:
        return 2 * (logits := conv.logits(images)).detach() - logits

    found = flags(Toy(misleading))
    assert "gradient is zero" not in found
    assert "moves the logits no further" in found
    assert "a search without gradients takes" in found


def test_a_logit_that_changes_between_passes_is_found(conv: Toy):
    noise = stream(0, "noise")
    shaky = Toy(lambda images: conv.logits(images) + 0.01 * torch.randn(len(images), generator=noise))
    assert "the logit of one image differs by up to" in flags(shaky)


def test_probabilities_in_place_of_logits_are_found(conv: Toy):
    assert "all logits lie from 0 to 1, as probabilities do" in flags(Toy(lambda images: conv.logits(images).sigmoid()))


def test_an_attack_that_is_no_stronger_at_a_larger_eps_is_found():
    """The logit is at rest from 3 levels up or down, so eps 8 moves it as far as eps 4."""
    wall = Toy(lambda images: (images - 100).clamp(-3, 3).mean((1, 2, 3)))
    flat = torch.full((4, *SHAPE), 100, dtype=torch.uint8)
    assert masked_gradients(wall, flat, -1) == ("an attack with eps 8 moves the logits no further than one with eps 4",)


def test_images_that_lack_a_gradient_are_counted():
    dark = REAL[:10].clone()
    dark[:4] = 0
    relu = Toy(lambda images: (images - 20).relu().mean((1, 2, 3)))
    assert "the gradient is zero for 4 of 10 images (40 %)" in masked_gradients(relu, dark, 1e3)


def test_the_square_search_keeps_to_eps_and_never_moves_back():
    towards = np.repeat([1, -1], N // 2)
    start, found = (square(LINEAR, REAL, 8, towards, towards * np.inf, 0, n) for n in (0, 200))
    assert found.dtype == torch.uint8
    assert (found.int() - REAL.int()).abs().max() == 8
    assert (towards * scores(LINEAR, found) >= towards * scores(LINEAR, start)).all()
    assert torch.equal(found, square(LINEAR, REAL, 8, towards, towards * np.inf, 0, 200))


def test_the_square_search_ends_when_every_image_has_crossed():
    seen = []
    counted = Toy(lambda images: seen.append(len(images)) or LINEAR.logits(images))
    square(counted, REAL, 8, np.ones(N), -1e6, 0)
    assert seen == [N]


def test_squares_shrink_on_the_schedule_of_the_paper():
    """Sides for 10,000 queries from the shares .8, .4, .2 ... of the area, with the bounds of the authors' code."""
    found = list(sides(100, 100, 10_000))
    bounds = [0, 10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000, 9999]
    for k, (first, last) in enumerate(itertools.pairwise(bounds)):
        assert set(found[first + 1 : last + 1]) == {round((0.8 / 2**k * 100 * 100) ** 0.5)}
    assert set(sides(1, 30, 5)) == {1}


# ------------------------------------------------------------------------------------------------------------ transfer


@pytest.fixture(scope="module")
def matrix(conv: Toy) -> tuple[dict[str, tuple[Toy, float]], list[Any], dict[str, tuple[str, ...]]]:
    blind = Blind(lambda images: conv.logits(images) + LINEAR.logits(images) / 10)
    detectors: dict[str, tuple[Detector, float]] = {
        "conv": (conv, 0.0),
        "blind": (blind, 0.1),
        "linear": (LINEAR, fair(LINEAR)),
    }
    return detectors, *cross_attack(detectors, REAL, FAKE[:30], eps=(0, 2, 8), steps=5, seed=3)


def test_every_attack_is_shown_to_every_detector_and_none_is_made_without_gradients(matrix: Any):
    detectors, rows, found = matrix
    assert {(row.goal, row.attacked, row.shown_to, row.eps) for row in rows} == {
        (goal, attacked, shown_to, eps)
        for goal in ("evasion", "framing") for attacked in ("conv", "linear") for shown_to in detectors for eps in (0, 2, 8)
    }  # fmt: skip
    assert len(rows) == 2 * 2 * 3 * 3
    assert all(row.n == (30 if row.goal == "evasion" else N) for row in rows)
    assert found == {"conv": (), "linear": ()}


def test_the_rows_hold_what_the_changed_images_do_to_the_detector_they_are_shown_to(matrix: Any):
    detectors, rows, _ = matrix
    judge, threshold = detectors["blind"]
    real, fake = scores(judge, REAL), scores(judge, FAKE[:30])
    for goal, images in (("evasion", FAKE[:30]), ("framing", REAL)):
        changed = attack_all(detectors["conv"][0], images, goal, (0, 2, 8), steps=5, seed=3)
        for row in (row for row in rows if (row.goal, row.attacked, row.shown_to) == (goal, "conv", "blind")):
            after = scores(judge, changed[row.eps])
            assert row.success == deceived(fake if goal == "evasion" else real, after, threshold, goal)
            expected = auroc(real, after) if goal == "evasion" else auroc(after, fake)
            assert row.auroc == pytest.approx(expected, abs=1e-12)  # both are ratios of whole numbers under 10^4


def test_the_attacked_detector_is_deceived_most_and_by_eps_0_not_at_all(matrix: Any):
    _, rows, _ = matrix
    conv = {(row.goal, row.shown_to, row.eps): row for row in rows if row.attacked == "conv"}
    for goal in ("evasion", "framing"):
        assert conv[goal, "conv", 0].success == 0
        assert conv[goal, "conv", 8].success > conv[goal, "linear", 8].success
        assert conv[goal, "conv", 8].auroc < conv[goal, "conv", 2].auroc <= conv[goal, "conv", 0].auroc


def test_half_of_the_checked_images_are_reals(conv: Toy, monkeypatch: pytest.MonkeyPatch):
    seen = []
    monkeypatch.setattr(attacks, "masked_gradients", lambda detector, images, threshold, seed: seen.append(images) or ("x",))
    _, found = cross_attack({"a": (conv, 0.0)}, REAL, FAKE, eps=(0,))
    assert torch.equal(seen[0], torch.cat([REAL[:25], FAKE[:25]]))
    assert found == {"a": ("x",)}
