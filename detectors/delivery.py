"""The images that detectors see, and how they are delivered: as they are, or the way images travel (see `corruptions`).

Reals and fakes take the same path, with parameters from the same distribution. What was done once is kept for all detectors.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

import pandas as pd
from torch import Tensor

from gan_bench.core.seeds import derive
from gan_bench.detectors.augment import augmented
from gan_bench.detectors.base import Critic
from gan_bench.detectors.corruptions.base import corrupt
from gan_bench.detectors.corruptions.manifest import image_digests, manifest_of
from gan_bench.records import CLEAN

FIT, VALIDATE, TEST = "fit", "validate", "test"  # the folds
FOLDS = (FIT, VALIDATE, TEST)
TIMES = 4  # that an image is delivered again, to see whether a verdict holds
CALIBRATE = "calibrate"  # augmented reals of VALIDATE, on which an augmented detector's threshold is set
REAL = "real"  # as the maker of an image
CANONICAL = ("jpeg", 1)  # the corruption and the severity through which `re_encoded` sends all images
Folds = dict[str, Tensor]  # fold -> uint8 images (N, C, H, W)


class Material(NamedTuple):
    """What the detectors of one dataset and seed see.

    real            the reals by fold
    fakes           the fakes of each cell by fold, by the cell's key
    families        the key of each cell -> what it starts from
    others          the fakes of the cells of another seed, as many as reals to test
    other_seed      that seed; None: there is none
    train           reals of the train split, as many as there are to fit, to validate and to test, by fold
    matched         the reals of each fold as an autoencoder of the run reconstructs them; None: there is no such cell
    critics         the discriminator of each cell that has one
    dataset_digest  of the split of the reals
    """

    real: Folds
    fakes: dict[str, Folds]
    families: dict[str, str]
    others: dict[str, Tensor]
    other_seed: int | None
    train: Folds
    matched: Folds | None
    critics: dict[str, Critic]
    dataset_digest: str


class Delivery:
    """Hands out the images of a material as they arrive on a tier.

    A set is named by who made it (the key of a cell, or REAL) and its fold.

    manifests  what was done to each image of the sets that were handed out, by the name of the set; see `manifest`
    """

    def __init__(self, material: Material, seed: int) -> None:
        self.material, self.seed = material, seed
        self.manifests: dict[str, pd.DataFrame] = {}
        self._kept: dict[Hashable, Tensor] = {}
        self._digests: dict[tuple[str, str], list[str]] = {}

    def original(self, maker: str, fold: str) -> Tensor:
        """The images before delivery."""
        return (self.material.real if maker == REAL else self.material.fakes[maker])[fold]

    def digests(self, maker: str, fold: str) -> list[str]:
        """One for each image before delivery."""
        name = maker, fold
        if name not in self._digests:
            self._digests[name] = image_digests(self.original(maker, fold))
        return self._digests[name]

    def images(self, tier: str, maker: str, fold: str) -> Tensor:
        """A set as it arrives."""
        return self._once((tier, maker, fold), lambda: self.deliver(self.original(maker, fold), tier, maker, fold))

    def augmented(self, tier: str, maker: str, fold: str) -> Tensor:
        """A set as it arrives, blurred and compressed at random (see `augment`)."""
        name = ("augmented", tier, maker, fold)
        return self._once(name, lambda: augmented(self.images(tier, maker, fold), derive(self.seed, *name)))

    def re_encoded(self, maker: str, fold: str) -> Tensor:
        """A set before delivery, all of it through the same JPEG."""
        name = ("re-encoded", maker, fold)
        return self._once(
            name, lambda: self._corrupted(self.original(maker, fold), *CANONICAL, derive(self.seed, *name), *name)
        )

    def damaged(self, maker: str, n: int, corruption: str, severity: int) -> Tensor:
        """The first n images of the test fold as they are, after a corruption."""
        seed = derive(self.seed, "damaged", maker, corruption)  # for all severities, so that they differ in strength alone
        images, name = self.original(maker, TEST)[:n], ("damaged", maker, n, corruption, severity)
        return self._once(name, lambda: self._corrupted(images, corruption, severity, seed, *name))

    def again(self, tier: str, maker: str, n: int, time: int) -> Tensor:
        """The first n images of the test fold, which arrived on a tier and are delivered once more as a web site does it."""
        name = ("again", tier, maker, n, time)
        return self._once(name, lambda: self.deliver(self.images(tier, maker, TEST)[:n], "web", *name))

    def deliver(self, images: Tensor, tier: str, *names: str | int) -> Tensor:
        """uint8 images (N, C, H, W) as they arrive on a tier; `names` of the set make its random draws its own."""
        seed = derive(self.seed, "deliver", tier, *names)
        return images if tier == CLEAN else self._corrupted(images, tier, 1, seed, tier, *names)

    def _corrupted(self, images: Tensor, corruption: str, severity: int, seed: int, *names: str | int) -> Tensor:
        changed, parameters = corrupt(images, corruption, severity, seed)
        which = " ".join(map(str, names))
        self.manifests[which] = manifest_of(images, corruption, severity, parameters, which)
        return changed

    def _once(self, name: Hashable, make: Callable[[], Tensor]) -> Tensor:
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]
