"""What a detector is. It sees images, never a generator."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

Prepared = np.ndarray | Tensor  # first axis: images, so that a judge can cut it into folds


class Detector(abc.ABC):
    """Fitted on real and fake images, scores images: higher = more likely fake.

    A subclass has a `name` to be registered by, and a `method`: one line for the leaderboard that says what is fitted.
    A name that ends in ":" takes an argument, passed to the constructor first, as in `timm:convnext_atto`.
    """

    name: ClassVar[str]
    method: str

    def __init__(self, *args: Any, seed: int = 0, device: torch.device | None = None) -> None:
        if args:
            raise TypeError(f"{type(self).__name__} takes no argument after its name, but got {args}.")
        self.seed = seed
        self.device = device or torch.device("cpu")

    @abc.abstractmethod
    def prepare(self, images: Tensor) -> Prepared:
        """uint8 images (N, C, H, W) -> (N, ...): all that does not depend on a fit, so one preparation serves every fold.

        An image's row does not depend on the images beside it.
        """

    @abc.abstractmethod
    def fit(self, real: Prepared, fake: Prepared, validate_real: Prepared, validate_fake: Prepared) -> None:
        """Learn from prepared images; settings are chosen on the validation sets. Deterministic given `seed`.

        Real and fake weigh the same however many there are of each, so that a score of 0.5 is a fair threshold.
        """

    @abc.abstractmethod
    def score(self, prepared: Prepared) -> np.ndarray:
        """Prepared images -> float64 (N,) in [0, 1], the probability of being fake where both are equally common."""
