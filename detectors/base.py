"""The contract of a detector, which sees images and never a generator."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gan_bench.records import Cue

Critic = Callable[[Tensor], Tensor]  # images (B, C, H, W) in [-1, 1] -> (B,), higher for real; can be differentiated


class Detector(abc.ABC):
    """Is fitted on real and fake images, and then scores images: a higher score means more likely fake.

    name            what the command line calls it. One that ends in ":" takes an argument, as in `timm:convnext_atto`; the
                    constructor gets it first
    method          one line for the leaderboard that says what is fitted
    default         for a name that ends in ":", the argument that `--detectors all` gives it
    costly          whether a fit takes long; at small budgets such a detector is not fitted for every protocol
    random          whether `seed` changes its fit
    differentiable  whether `logits` can be differentiated with respect to the images
    needs_critics   whether it looks at images through the discriminators of the tested cells, see `use_critics`
    combines        whether it fits nothing, and its logit is made of those of the other detectors, see `detectors/ensemble.py`
    """

    name: ClassVar[str]
    method: str
    default: ClassVar[str] = ""
    costly: ClassVar[bool] = False
    random: ClassVar[bool] = False
    differentiable: ClassVar[bool] = False
    needs_critics: ClassVar[bool] = False
    combines: ClassVar[bool] = False

    def __init__(self, *args: Any, seed: int = 0, device: torch.device | None = None, n_shown: int = 50_000) -> None:
        """n_shown: how many images a network is shown in one fit, at most; what is fitted otherwise ignores it."""
        if args:
            raise TypeError(f"{type(self).__name__} takes no argument after its name, but got {args}.")
        self.seed, self.n_shown = seed, n_shown
        self.device = device or torch.device("cpu")

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Raises UserError where what follows ":" in the name cannot be right. Called before a run begins, so it is quick."""

    @classmethod
    def fetch(cls, argument: str) -> None:
        """Get what a detector of this name needs from elsewhere. Raises UserError where that fails. Called before training."""

    def use_critics(self, critics: Mapping[str, Critic]) -> None:
        """Called before `prepare`, with a discriminator for each cell that has one, by the cell's key."""

    def allow(self, keys: Iterable[str]) -> None:
        """Called before `fit`: the keys of the cells that this fit may know, so that no other critic is used in it."""

    @abc.abstractmethod
    def prepare(self, images: Tensor) -> Tensor:
        """uint8 images (N, C, H, W) -> (N, ...): the work that does not depend on a fit, done once for all of them.

        The row of an image does not depend on the other images.
        """

    @abc.abstractmethod
    def fit(
        self, real: Tensor, fake: Tensor, validate_real: Tensor, validate_fake: Tensor, checkpoint: Path | None = None
    ) -> None:
        """Learn from prepared images, and choose settings on the validation sets. The same `seed` gives the same fit.

        Reals and fakes have the same total weight, whatever their numbers, so that a logit of 0 is a fair threshold. An
        earlier fit is forgotten. A fit that takes long writes `checkpoint` as it goes on, and resumes from it.
        """

    @abc.abstractmethod
    def score(self, prepared: Tensor) -> np.ndarray:
        """Prepared images -> float64 (N,) logits: the log odds of being fake if reals and fakes are equally common."""

    @abc.abstractmethod
    def state(self) -> dict[str, Tensor]:
        """All that was fitted, as tensors by name."""

    @abc.abstractmethod
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Become the detector whose `state` this is. Raises ValueError where it cannot be that of such a detector."""

    def logits(self, images: Tensor) -> Tensor:
        """float32 images (N, C, H, W) in 0..255, on `device` -> logits (N,) as `score` gives them. Where `differentiable`."""
        raise NotImplementedError(f"{self.name} has no gradients.")

    def heat_map(self, images: Tensor) -> Tensor | None:
        """uint8 images (N, C, H, W) -> (N, H, W), the logit of the patch around each pixel. None: it sees no patches."""
        return None

    def explain(self, real: Tensor, fakes: Mapping[str, Tensor], path: Path) -> str:
        """Draw to `path` (PNG) what gives the fakes away, as this detector sees it; returns a caption. "": it draws nothing.

        real   uint8 images (N, C, H, W)
        fakes  the key of each cell -> its images, likewise
        """
        return ""

    def cues(self, n: int) -> tuple[Cue, ...]:
        """The `n` features with the largest weights, the largest first. Empty where it is not linear."""
        return ()


def in_batches(images: Tensor, size: int, function: Callable[[Tensor], Tensor]) -> Tensor:
    """What the function makes of images (N, ...), given at most `size` at a time, without gradients; on the CPU."""
    with torch.no_grad():  # not inference_mode: a constant that is cached here must still serve gradients later
        return torch.cat([function(batch).cpu() for batch in images.split(size)])
