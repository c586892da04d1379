"""The leakage audit: fits that should find nothing, and fits that find only what a trivial cause explains.

HALVES     reals against reals: two halves of the test split. Chance, or the folds are not alike
SPLITS     reals of the test split against reals of the train split. Chance, or the splits are not alike
SHUFFLED   reals and fakes mixed at random, in every fold. Chance, or an image that was fitted on is tested again
RE_ENCODED all images through the same JPEG first. What is lost against SEEN was in how pixels are stored
MATCHED    reals against the same reals from an autoencoder: both show the same things, so that only traces tell them apart
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gan_bench.core.seeds import stream
from gan_bench.detectors.corruptions.manifest import image_digests
from gan_bench.detectors.delivery import FIT, FOLDS, REAL, TEST, VALIDATE, Folds
from gan_bench.detectors.examine import Examination, Sets, Shown
from gan_bench.detectors.protocols import Trial
from gan_bench.records import CLEAN, EVERY, HALVES, MATCHED, RE_ENCODED, SHUFFLED, SPLITS, TIERS


class Side(NamedTuple):
    """Images of one fold that stand for reals or for fakes: prepared (N, ...), and the digest of each."""

    prepared: Tensor
    digests: list[str]

    def pick(self, chosen: Tensor) -> Side:
        """Those at these positions."""
        return Side(self.prepared[chosen], [self.digests[i] for i in chosen.tolist()])

    def half(self, which: int) -> Side:
        """The first (0) or the second (1) half."""
        return self.pick(torch.arange(len(self.digests)).chunk(2)[which])


class Control(NamedTuple):
    """One fit of the audit: both sides by fold, and whose the second one is."""

    protocol: str
    negatives: dict[str, Side]
    positives: dict[str, Side]
    variant: str = REAL


def audit(examination: Examination, tier: str) -> None:
    """Add the scores of all controls on the tier that is prepared.

    None on the last tier, nor for a detector that is only SEEN, nor for one whose plain twin has the same controls.
    """
    if not examination.is_full or examination.augments or tier == TIERS[-1]:
        return

    for control in controls(examination, tier):
        sides, trial = (control.negatives, control.positives), Trial(control.protocol, examination.keys, ())
        examination.fit(tier, trial, Sets(*(side[fold].prepared for fold in (FIT, VALIDATE) for side in sides)))
        for label, (variant, side) in enumerate(zip((REAL, control.variant), sides, strict=True)):
            examination.score(tier, trial, [Shown(fold, variant, *side[fold], label) for fold in (VALIDATE, TEST)])


def controls(examination: Examination, tier: str) -> Iterator[Control]:
    """The controls on the tier that is prepared."""
    material = examination.delivery.material
    real = {fold: _own(examination, [REAL], fold) for fold in FOLDS}
    fake = {fold: _own(examination, examination.keys, fold, len(real[fold].digests)) for fold in FOLDS}

    first, second = ({fold: side.half(i) for fold, side in real.items()} for i in (0, 1))
    yield Control(HALVES, first, second)

    mixed = {fold: _shuffled(real[fold], fake[fold], tier, fold) for fold in FOLDS}
    first, second = ({fold: sides[i] for fold, sides in mixed.items()} for i in (0, 1))
    yield Control(SHUFFLED, first, second)

    yield Control(SPLITS, real, _arriving(examination, tier, SPLITS, material.train))
    if material.matched is not None:
        yield Control(MATCHED, real, _arriving(examination, tier, MATCHED, material.matched), MATCHED)
    if tier == CLEAN:
        yield Control(RE_ENCODED, _re_encoded(examination, [REAL]), _re_encoded(examination, examination.keys), EVERY)


def _own(examination: Examination, makers: Sequence[str], fold: str, n: int | None = None) -> Side:
    """Prepared images of these makers; with `n`, about so many in all, of each as many."""
    each = None if n is None else max(1, n // len(makers))
    parts = [examination.own(maker, fold) for maker in makers]
    return Side(torch.cat([p.prepared[:each] for p in parts]), [digest for p in parts for digest in p.digests[:each]])


def _shuffled(real: Side, fake: Side, tier: str, fold: str) -> tuple[Side, Side]:
    """Both mixed at random, and cut into sides of the same sizes."""
    both = Side(torch.cat([real.prepared, fake.prepared]), real.digests + fake.digests)
    order = torch.randperm(len(both.digests), generator=stream(0, SHUFFLED, tier, fold))
    first, second = order.split([len(real.digests), len(fake.digests)])
    return both.pick(first), both.pick(second)


def _arriving(examination: Examination, tier: str, name: str, folds: Folds) -> dict[str, Side]:
    """Images from elsewhere as they arrive on a tier."""
    return {
        fold: Side(examination.detector.prepare(examination.delivery.deliver(images, tier, name, fold)), image_digests(images))
        for fold, images in folds.items()
    }


def _re_encoded(examination: Examination, makers: Sequence[str]) -> dict[str, Side]:
    """Images as they were drawn, all through one JPEG; of each maker an equal part of as many as there are reals."""
    delivery, sides = examination.delivery, {}
    for fold in FOLDS:
        each = len(delivery.original(REAL, fold)) // len(makers)
        images = torch.cat([delivery.re_encoded(maker, fold)[:each] for maker in makers])
        digests = [digest for maker in makers for digest in delivery.digests(maker, fold)[:each]]
        sides[fold] = Side(examination.detector.prepare(images), digests)
    return sides
