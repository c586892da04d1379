"""The contract of a detector, which sees images and never a generator."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

Prepared = np.ndarray | Tensor  # the first axis is that of the images, so that they can be split into folds


class Detector(abc.ABC):
    """Is fitted on real and fake images, and then scores images: a higher score means more likely fake.

    name    what the command line calls it. One that ends in ":" takes an argument, as in `timm:convnext_atto`; the
            constructor gets it first
    method  one line for the leaderboard that says what is fitted
    """

    name: ClassVar[str]
    method: str

    def __init__(self, *args: Any, seed: int = 0, device: torch.device | None = None) -> None:
        if args:
            raise TypeError(f"{type(self).__name__} takes no argument after its name, but got {args}.")
        self.seed = seed
        self.device = device or torch.device("cpu")

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Raises UserError where what follows ":" in the name cannot be right. Called before a run begins, so it is quick."""

    @abc.abstractmethod
    def prepare(self, images: Tensor) -> Prepared:
        """uint8 images (N, C, H, W) -> (N, ...): the work that does not depend on a fit, done once for all folds.

        The row of an image does not depend on the other images.
        """

    @abc.abstractmethod
    def fit(self, real: Prepared, fake: Prepared, validate_real: Prepared, validate_fake: Prepared) -> None:
        """Learn from prepared images, and choose settings on the validation sets. The same `seed` gives the same fit.

        Reals and fakes have the same total weight, whatever their numbers, so that a score of 0.5 is a fair threshold.
        """

    @abc.abstractmethod
    def score(self, prepared: Prepared) -> np.ndarray:
        """Prepared images -> float64 (N,) in [0, 1], the probability of being fake if reals and fakes are equally common."""
