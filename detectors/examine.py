"""Fit one detector under every protocol, and score every image that it is tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from gan_bench.core.digests import json_digest
from gan_bench.core.progress import bar, spinner
from gan_bench.core.seeds import derive
from gan_bench.detectors import AUGMENTED, DETECTORS, plain
from gan_bench.detectors.base import Detector
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.manifest import image_digests
from gan_bench.detectors.delivery import CALIBRATE, FIT, FOLDS, REAL, TEST, TIMES, VALIDATE, Delivery
from gan_bench.detectors.evaluate import threshold_at
from gan_bench.detectors.protocols import Trial, trials
from gan_bench.detectors.scores import REDELIVERED, score_rows
from gan_bench.detectors.store import Card, save_detector
from gan_bench.records import CLEAN, NEW_SEED, REFITTED, ROBUST, SEEN, TIERS, Cue, JudgeSpec

DAMAGED_SHARE = 3  # one image in so many of the test fold is shown under each corruption, and delivered again
MOST_CUES = 12


class Files(NamedTuple):
    """Where the files of one detector go.

    model  the name of the file of what was fitted on a tier, with "{}" for the tier
    """

    folder: Path
    model: str
    explained: str


class Sets(NamedTuple):
    """What a fit is given: prepared images (N, ...)."""

    real: Tensor
    fake: Tensor
    validate_real: Tensor
    validate_fake: Tensor


class Shown(NamedTuple):
    """Prepared images (N, ...) that a fit is tested on, and what the table of scores says of them (see `scores`)."""

    fold: str
    variant: str
    prepared: Tensor
    digests: Sequence[str]
    label: int
    corruption: str = ""
    severity: int = 0
    seed: int | None = None  # None: that of the examination


class Examination:
    """One detector, the images of one dataset and seed, and all that it said of them.

    rows       tables of scores
    models     tier -> SHA-256 of the file of what was fitted on it under SEEN
    cues       tier -> what weighs most in it
    explained  the caption of the picture of what it sees
    """

    def __init__(self, detector: Detector, delivery: Delivery, spec: JudgeSpec, files: Files) -> None:
        self.detector, self.delivery, self.spec, self.files = detector, delivery, spec, files
        self.rows: list[pd.DataFrame] = []
        self.models: dict[str, str] = {}
        self.cues: dict[str, tuple[Cue, ...]] = {}
        self.explained = ""
        self.keys = tuple(delivery.material.fakes)
        self._prepared: dict[tuple[str, str], Tensor] = {}
        detector.use_critics(delivery.material.critics)

    @property
    def is_full(self) -> bool:
        """Whether the detector is fitted for every protocol."""
        return self.spec.thorough or not self.detector.costly

    @property
    def augments(self) -> bool:
        """Whether the detector is fitted on augmented images too."""
        return self.spec.detector.endswith(AUGMENTED)

    def run(self, then: Callable[[Examination, str], None]) -> None:
        """Every protocol on every tier; on the last one only SEEN, unless the budget is large. `then` is called on each."""
        with bar(f"{self._title}: judging", total=len(TIERS)) as advance:
            for tier in TIERS:
                self.prepare(tier)
                self._try_all(tier)
                if self.spec.thorough and self.detector.random:
                    self._refit(tier)
                then(self, tier)
                advance(1)

    def _try_all(self, tier: str) -> None:
        every = self.is_full and (self.spec.thorough or tier != TIERS[-1])
        planned = list(trials(self.delivery.material.families, every))
        with bar(f"{self._title}: {tier}", total=len(planned)) as advance:
            for trial in planned:
                self._try(tier, trial, self.detector)
                if trial.protocol == SEEN:
                    self._after_seen(tier, trial)
                advance(1)

    def prepare(self, tier: str) -> None:
        """Prepare all sets of a tier; those of the tier before are forgotten."""
        self._prepared = {}
        with spinner(f"{self._title}: prepares {tier}"):
            for maker in (REAL, *self.keys):
                for fold in FOLDS:
                    self._prepared[maker, fold] = self.detector.prepare(self.delivery.images(tier, maker, fold))
                if self.augments:
                    self._prepare_augmented(tier, maker)

    def _prepare_augmented(self, tier: str, maker: str) -> None:
        added = self.detector.prepare(self.delivery.augmented(tier, maker, FIT))
        self._prepared[maker, FIT] = torch.cat([self._prepared[maker, FIT], added])
        if maker == REAL:
            self._prepared[REAL, CALIBRATE] = self.detector.prepare(self.delivery.augmented(tier, REAL, VALIDATE))

    def fit(self, tier: str, trial: Trial, sets: Sets, detector: Detector | None = None) -> None:
        """Fit on prepared images; a fit that was killed goes on."""
        detector = detector or self.detector
        name = json_digest([tier, *trial])[:12]
        with spinner(f"{self._title}: {trial.protocol}"):
            detector.allow(trial.fitted_on)
            detector.fit(*sets, self.files.folder / f"fit-{name}.pt")

    def score(self, tier: str, trial: Trial, *shown: Iterable[Shown], detector: Detector | None = None) -> None:
        """Add one row for each image that the latest fit is shown."""
        detector = detector or self.detector
        fit = {"tier": tier, "protocol": trial.protocol, "fitted_on": ",".join(trial.fitted_on)}
        for each in chain(*shown):
            where = each._asdict() | {"seed": self.spec.seed if each.seed is None else each.seed}
            logits = detector.score(where.pop("prepared"))
            self.rows.append(score_rows({**fit, **where}, where.pop("digests"), logits))

    def _try(self, tier: str, trial: Trial, detector: Detector) -> None:
        """One fit and its tests."""
        self.fit(tier, trial, self._sets(trial.fitted_on), detector)
        tested = (self.own(maker, TEST) for maker in (REAL, *trial.tested))
        self.score(tier, trial, self._validation(trial), tested, detector=detector)

    @property
    def _title(self) -> str:
        return f"{self.spec.dataset} {self.spec.detector}"

    def _sets(self, makers: Sequence[str]) -> Sets:
        """What a fit on these makers is given."""
        fit, validate = (torch.cat([self._prepared[maker, fold] for maker in makers]) for fold in (FIT, VALIDATE))
        return Sets(self._prepared[REAL, FIT], fit, self._prepared[REAL, VALIDATE], validate)

    def own(self, maker: str, fold: str) -> Shown:
        """A set of the tier that is prepared."""
        digests = self.delivery.digests(maker, VALIDATE if fold == CALIBRATE else fold)
        return Shown(fold, maker, self._prepared[maker, fold], digests, int(maker != REAL))

    def _validation(self, trial: Trial) -> list[Shown]:
        """What a detector is chosen by, and, where it is augmented, what its threshold is set on."""
        shown = [self.own(maker, VALIDATE) for maker in (REAL, *trial.fitted_on)]
        return [*shown, self.own(REAL, CALIBRATE)] if self.augments else shown

    def _after_seen(self, tier: str, trial: Trial) -> None:
        """What needs the fit of SEEN: it is kept, explained, and shown images from elsewhere."""
        self._keep(tier)
        self.score(tier, trial, self._delivered_again(tier))
        if self.delivery.material.others:
            new = trial._replace(protocol=NEW_SEED)
            self.score(tier, new, self._validation(trial), [self.own(REAL, TEST)], self._of_another_seed(tier))
        if tier == CLEAN:
            self.score(tier, trial._replace(protocol=ROBUST), self._validation(trial), self._damaged())

    def _keep(self, tier: str) -> None:
        """Write what was fitted, and note what weighs most in it; on CLEAN also draw what it sees."""
        detector, material = self.detector, self.delivery.material
        real = detector.score(self._prepared[REAL, CALIBRATE if self.augments else VALIDATE])
        channels, height, width = material.real[FIT].shape[1:]
        card = Card(
            detector=self.spec.detector, dataset=self.spec.dataset, tier=tier, seed=self.spec.seed, n_shown=self.spec.n_shown,
            image_shape=(channels, height, width), fitted_on=self.keys, threshold=threshold_at(real), n_validate=len(real),
        )  # fmt: skip
        self.models[tier] = save_detector(detector, card, self.files.folder / self.files.model.format(tier))
        self.cues[tier] = detector.cues(MOST_CUES)
        if tier == CLEAN:
            fakes = {key: folds[TEST] for key, folds in material.fakes.items()}
            self.explained = detector.explain(material.real[TEST], fakes, self.files.folder / self.files.explained)

    def _few(self) -> Iterator[tuple[str, int]]:
        """Makers, and how many of their test images are shown under many conditions: as many fakes as reals in all."""
        n = max(len(self.keys), len(self.delivery.material.real[TEST]) // DAMAGED_SHARE)
        yield REAL, n
        yield from ((key, n // len(self.keys)) for key in self.keys)

    def _delivered_again(self, tier: str) -> Iterator[Shown]:
        for time in range(1, TIMES + 1):
            yield from self._shown_few(partial(self.delivery.again, tier, time=time), REDELIVERED, time)

    def _damaged(self) -> Iterator[Shown]:
        for corruption in CORRUPTIONS.names():
            for severity in range(1, CORRUPTIONS.get(corruption).most + 1):
                damage = partial(self.delivery.damaged, corruption=corruption, severity=severity)
                yield from self._shown_few(damage, corruption, severity)

    def _shown_few(self, images: Callable[[str, int], Tensor], corruption: str, severity: int) -> Iterator[Shown]:
        """What `images` gives for each maker and number of `_few`."""
        for maker, n in self._few():
            digests = self.delivery.digests(maker, TEST)[:n]
            yield Shown(TEST, maker, self.detector.prepare(images(maker, n)), digests, int(maker != REAL), corruption, severity)

    def _of_another_seed(self, tier: str) -> Iterator[Shown]:
        material = self.delivery.material
        for key, images in material.others.items():
            prepared = self.detector.prepare(self.delivery.deliver(images, tier, "another seed", key))
            yield Shown(TEST, key, prepared, image_digests(images), 1, seed=material.other_seed)

    def _refit(self, tier: str) -> None:
        """The fit of SEEN once more, by a detector with another seed."""
        spec, seed = self.spec, derive(self.spec.seed, REFITTED)
        twin = DETECTORS.create(plain(spec.detector), seed=seed, device=self.detector.device, n_shown=spec.n_shown)
        twin.use_critics(self.delivery.material.critics)
        self._try(tier, Trial(REFITTED, self.keys, self.keys), twin)
