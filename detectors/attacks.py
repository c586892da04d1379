"""Attacks: images changed by a few grey levels, so that fakes pass as real, or reals as fake.

Projected gradient descent in a box around each image (Madry et al. 2018, "Towards Deep Learning Models Resistant to
Adversarial Attacks"), by secml-torch. Each iterate is rounded to whole grey levels before it is judged, and of all of them
the one that deceives best is kept. So nothing is lost when the images are stored as uint8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.detectors.base import Detector
from gan_bench.detectors.evaluate import auroc
from gan_bench.detectors.masking import logits_and_gradients, reasons, scores
from gan_bench.records import Attack

Goal = Literal["evasion", "framing"]
GOALS: tuple[Goal, ...] = ("evasion", "framing")
TOWARDS: dict[Goal, int] = {"evasion": -1, "framing": 1}  # where the logit is to go
EPS = (1, 2, 4, 8)  # levels of 255
BATCH = 100
TRAVEL = 2.5  # the length of all steps together, in eps: enough to cross the box from side to side
CHECKED = 50  # images that `masked_gradients` looks at, at most


def attack(
    detector: Detector, images: Tensor, eps: int, goal: Goal, *, steps: int = 20, restarts: int = 2, seed: int = 0
) -> Tensor:
    """uint8 images (N, C, H, W) -> the same, each pixel changed by at most `eps` levels, to deceive the detector.

    An image never deceives less than before. With `eps` 0 it is unchanged. For the arguments, see `attack_all`.
    """
    return attack_all(detector, images, goal, (eps,), steps=steps, restarts=restarts, seed=seed)[eps]


def attack_all(
    detector: Detector,
    images: Tensor,
    goal: Goal,
    eps: Sequence[int] = EPS,
    *,
    steps: int = 20,
    restarts: int = 2,
    seed: int = 0,
) -> dict[int, Tensor]:
    """eps -> what `attack` gives, where an image never deceives less at a larger eps than at a smaller one.

    images    uint8 (N, C, H, W)
    eps       levels of 255, from 0 to 255
    restarts  how many searches for each eps. The first starts from the best image of the next smaller eps, or from the image
              itself where there is none; the others start from random images in the box

    Raises UserError where the detector has no gradients, or secml-torch is not installed.
    """
    check(detector, images, goal, eps, steps, restarts)
    best, found = images, {}
    for level in sorted(set(eps)):
        starts = [best.float(), *(random_start(images, level, seed, goal, n) for n in range(1, restarts))]
        for start in starts if level > 0 else []:
            best = better(detector, goal, best, descend(detector, images, start, level, goal, steps))
        found[level] = best.clone()
    return found


def check(detector: Detector, images: Tensor, goal: str, eps: Sequence[int], steps: int, restarts: int) -> None:
    """Raises UserError for a detector without gradients, and ValueError for other arguments that cannot be right."""
    if not detector.differentiable:
        raise UserError(
            f"the detector {detector.name!r} has no gradients to attack; attack another one, and show it the changed images."
        )
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(f"images must be uint8 (N, C, H, W), but are {images.dtype} of shape {tuple(images.shape)}.")
    if goal not in GOALS:
        raise ValueError(f"the goal must be one of {', '.join(GOALS)}, but is {goal!r}.")
    if not all(0 <= level <= 255 and level == int(level) for level in eps):
        raise ValueError(f"eps must be whole levels from 0 to 255, but is {tuple(eps)}.")
    if steps < 1 or restarts < 1:
        raise ValueError(f"steps and restarts must be at least 1, but are {steps} and {restarts}.")


def random_start(images: Tensor, eps: int, seed: int, goal: Goal, restart: int) -> Tensor:
    """float32 images drawn uniformly from the box of half width `eps` around each image; they may leave 0..255."""
    noise = torch.rand(images.shape, generator=stream(seed, "attack", goal, eps, restart))
    return images + eps * (2 * noise - 1)


def better(detector: Detector, goal: Goal, first: Tensor, second: Tensor) -> Tensor:
    """For each image, the one of two versions that deceives better; the first where they are equal."""
    gain = TOWARDS[goal] * (scores(detector, second) - scores(detector, first))
    return torch.where(torch.from_numpy(gain > 0).view(-1, 1, 1, 1), second, first)


def descend(detector: Detector, images: Tensor, start: Tensor, eps: int, goal: Goal, steps: int) -> Tensor:
    """One search: uint8 images, and float images to start from -> for each image the best iterate, uint8."""
    search, model = projected_gradients(detector, eps, goal, steps)
    found = []
    for part, begin in zip(images.float().split(BATCH), start.split(BATCH), strict=True):
        search.initializer = lambda samples, begin=begin: begin - samples
        [(changed, _)] = search(model, [(part, torch.zeros(len(part)))], stream=True)  # no labels: the loss needs none
        found.append(changed.to(torch.uint8))
    return torch.cat(found)


def projected_gradients(detector: Detector, eps: int, goal: Goal, steps: int) -> tuple[Any, Any]:
    """PGD of secml-torch on float images in 0..255, and the detector as a model of that library.

    Of the iterates, the library keeps the one of the highest loss. What is ours: iterates are rounded, the loss is the logit,
    steps shrink, and the search starts where it is told. The random start of secml-torch 1.5 is not used: it adds the image
    to the noise before it clips, so that nearly every pixel starts at +eps.
    """
    try:
        from secmlt.adv.backends import Backends
        from secmlt.adv.evasion.perturbation_models import LpPerturbationModels
        from secmlt.adv.evasion.pgd import PGD
        from secmlt.manipulations.manipulation import AdditiveManipulation
        from secmlt.models.pytorch.base_pytorch_nn import BasePyTorchClassifier
        from secmlt.optimization.scheduler_factory import LRSchedulerFactory
    except ModuleNotFoundError as error:
        raise UserError('attacks need secml-torch; install it with: pip install "gan-bench[attacks]"') from error

    class Rounded(AdditiveManipulation):
        """The changed images are rounded; the change is not, so that steps of less than half a level add up."""

        def __call__(self, x: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
            changed, delta = super().__call__(x, delta)
            changed.data = changed.data.round()  # in `data`: the gradient passes as if nothing was rounded
            return changed, delta

    class Judged(BasePyTorchClassifier):
        """The logits, with gradients for the images alone: those of the weights would take a third of the time."""

        def _decision_function(self, x: Tensor) -> Tensor:
            logits, gradients = logits_and_gradients(detector, x.detach())
            return logits + (gradients * (x - x.detach())).flatten(1).sum(1)  # the value and the slope at x

    first = 2 * TRAVEL * eps / steps  # of steps that shrink to nothing as a cosine does, so the mean is half of it
    # The last iterate is judged only where one more step follows.
    search = PGD(LpPerturbationModels.LINF, float(eps), steps + 1, first, lb=0.0, ub=255.0, backend=Backends.NATIVE)
    search.scheduler_cls = partial(LRSchedulerFactory.create_cosine_annealing(), T_max=steps)
    parts = search.manipulation_function
    search.manipulation_function = Rounded(parts.domain_constraints, parts.perturbation_constraints)
    search.loss_function = lambda logits, _: TOWARDS[goal] * logits
    return search, Judged(model=None)


def deceived(before: np.ndarray, after: np.ndarray, threshold: float, goal: Goal) -> float | None:
    """The share of the images on the right side of the threshold that are no longer there. None: there were none.

    before, after  logits (N,) of the images unchanged and changed. A logit above the threshold means fake
    """
    if goal == "evasion":
        right, wrong = before > threshold, after <= threshold
    else:
        right, wrong = before <= threshold, after > threshold
    return float(wrong[right].mean()) if right.any() else None


def masked_gradients(detector: Detector, images: Tensor, threshold: float, seed: int = 0) -> tuple[str, ...]:
    """Why the gradients may hide weaknesses, in plain words; empty where nothing is suspicious. See `masking.reasons`.

    images  uint8 (N, C, H, W), of which the first 50 are used. Each is pushed towards the other side of the threshold
    """
    images = images[:CHECKED]
    towards = np.where(scores(detector, images) > threshold, TOWARDS["evasion"], TOWARDS["framing"])
    changed = {}
    for eps in EPS:  # each for itself: in `attack_all`, a larger eps is never worse, whatever the gradients
        changed[eps] = images.clone()
        for goal in GOALS:
            side = torch.from_numpy(towards == TOWARDS[goal])
            if side.any():
                changed[eps][side] = attack(detector, images[side], eps, goal, restarts=1, seed=seed)
    return reasons(detector, images, changed, towards, threshold, seed)


def cross_attack(
    detectors: Mapping[str, tuple[Detector, float]],
    real: Tensor,
    fake: Tensor,
    *,
    eps: Sequence[int] = EPS,
    steps: int = 20,
    restarts: int = 2,
    seed: int = 0,
) -> tuple[list[Attack], dict[str, tuple[str, ...]]]:
    """Attack every detector that has gradients, and show the changed images to all: the transfer matrix, and the flags.

    detectors   name -> a fitted detector, and its threshold
    real, fake  uint8 images (N, C, H, W), neither empty. Fakes are changed for evasion, reals for framing

    The flags are those of `masked_gradients` on as many reals as fakes, for each detector that was attacked.
    """
    rows: list[Attack] = []
    flags: dict[str, tuple[str, ...]] = {}
    images: dict[Goal, Tensor] = {"evasion": fake, "framing": real}
    unchanged = {
        name: {goal: scores(detector, images[goal]) for goal in GOALS} for name, (detector, _) in detectors.items()
    }  # fmt: skip

    for attacked, (detector, threshold) in detectors.items():
        if not detector.differentiable:
            continue
        half = CHECKED // 2
        flags[attacked] = masked_gradients(detector, torch.cat([real[:half], fake[:half]]), threshold, seed)
        for goal in GOALS:
            found = attack_all(detector, images[goal], goal, eps, steps=steps, restarts=restarts, seed=seed)
            for shown_to, (judge, limit) in detectors.items():
                for level, changed in found.items():
                    after = scores(judge, changed)
                    figures = outcome(unchanged[shown_to], after, limit, goal)
                    rows.append(Attack(goal=goal, attacked=attacked, shown_to=shown_to, eps=level, **figures))
    return rows, flags


def outcome(unchanged: Mapping[Goal, np.ndarray], after: np.ndarray, threshold: float, goal: Goal) -> dict[str, Any]:
    """The figures of an `Attack`, from one detector's logits of all unchanged images, and of the changed ones of one class."""
    logits = {**unchanged, goal: after}
    return {
        "success": deceived(unchanged[goal], after, threshold, goal),
        "auroc": auroc(logits["framing"], logits["evasion"]),  # framing changes the reals, evasion the fakes
        "n": len(after),
    }
