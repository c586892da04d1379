"""Judges anybody's images by a fitted detector of a run: how likely each is fake, and whether that can be relied on.

An image is `fake` where its logit is above the detector's threshold, else `real`. It is `unsure`, and a note says why,

- where the verdict changes when the image is delivered four times more, each time as a web site would do it; and
- where the image had to be changed to fit the detector, or is of a kind that the detector never saw. The share of reals that
  are called fake was measured on other images then. A large logit is no comfort: detectors are often surest about images that
  are unlike all they know, so no margin would help.

An image that cannot be read as it was meant is `refused`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from gan_bench.core.charts import COLOURS
from gan_bench.core.errors import UserError
from gan_bench.core.progress import bar
from gan_bench.core.seeds import derive
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS, plain
from gan_bench.detectors.base import Detector
from gan_bench.detectors.corruptions.base import corrupt
from gan_bench.detectors.corruptions.manifest import image_digests
from gan_bench.detectors.delivery import TIMES
from gan_bench.detectors.ensemble import mean_logits
from gan_bench.detectors.evaluate import Logits, accuracy_at, auroc, average_precision, eer
from gan_bench.detectors.store import Card
from gan_bench.images import convert
from gan_bench.images.arrays import Range
from gan_bench.images.loose import Picture, Refused, fitted, open_loose
from gan_bench.images.pictures import grid, save_png
from gan_bench.kept import Kept, chosen, panel_of
from gan_bench.records import CLEAN, Cue

REAL, FAKE, UNSURE, REFUSED = VERDICTS = ("real", "fake", "unsure", "refused")
BATCH = 256  # images
MOST_THREADS = 4  # each may hold a picture of 2^24 pixels
MOST_MAPS = 64
MAP_SIDE = 128  # pixels of a heat map, about


@dataclass(frozen=True)
class DetectRequest:
    """What the user asks for.

    dataset, detector, seed  None: the only dataset, the best detector on the validation fold, the first seed
    value_range              what is black and what is white in an array of floats
    explain                  the folder that gets heat maps; None: none are drawn
    """

    path: Path
    run: Path
    dataset: str | None = None
    detector: str | None = None
    tier: str = "web"
    seed: int | None = None
    value_range: Range | None = None
    explain: Path | None = None


class JudgedImage(NamedTuple):
    """One image.

    label     0 real, 1 fake, None not known
    logit     None: it was refused
    notes     why it is unsure or refused; no other verdict has any
    heat_map  the file with its heat map, or ""
    """

    name: str
    label: int | None
    logit: float | None
    verdict: str
    notes: tuple[str, ...] = ()
    heat_map: str = ""

    @property
    def probability(self) -> float | None:
        """That the image is fake, if reals and fakes are equally common."""
        return None if self.logit is None else float(expit(self.logit))


@dataclass(frozen=True)
class Judge:
    """A detector, or several whose logits are averaged, read from a run.

    parts  the detectors, and where each was read from
    """

    kept: Kept
    card: Card  # of the first part
    parts: Sequence[tuple[Kept, Detector]]

    @property
    def combines(self) -> bool:
        """Whether it averages others."""
        return bool(self.kept.record.spec.members)

    @property
    def threshold(self) -> float:
        """The logit above which an image is called fake."""
        return self.kept.seen.threshold if self.combines else self.card.threshold

    @property
    def n_validate(self) -> int:
        """On how many reals the threshold was set."""
        return self.kept.record.n_validate if self.combines else self.card.n_validate

    @property
    def cues(self) -> dict[str, tuple[Cue, ...]]:
        """What weighs most in each part that is linear."""
        found = {kept.name: kept.record.cues.get(self.card.tier, ()) for kept, _ in self.parts}
        return {name: cues for name, cues in found.items() if cues}

    def logits(self, images: Tensor) -> np.ndarray:
        """uint8 images (N, *image_shape) -> float64 (N,). Raises UserError where one is not finite."""
        found = np.stack([part.score(part.prepare(images)) for _, part in self.parts])  # (M, N)
        if not np.isfinite(found).all():
            raise UserError(f"{self.kept.name} gives some image no finite logit; choose another detector with --detector.")
        return mean_logits(found) if self.combines else found[0]

    def taken(self, read: Callable[[int], Picture], place: int) -> Picture | Refused:
        """An image as the detectors know images, with a note on each thing that makes it unlike those; or why it is refused."""
        try:
            picture = read(place)
        except Refused as reason:
            return reason
        if picture.lossy and self.card.tier == CLEAN:
            picture = picture._replace(notes=(*picture.notes, f"{picture.lossy} on tier {CLEAN}"))
        return self.fit(picture)

    @cached_property
    def fit(self) -> Callable[[Picture], Picture]:
        """Brings an image into the form of the reals, as their dataset does; where that is gone, into their shape."""
        dataset = DATASETS.create(self.card.dataset)
        try:
            is_known = dataset.image_shape == self.card.image_shape
        except UserError:  # it is not in the cache
            is_known = False
        return dataset.fitted if is_known else partial(fitted, image_shape=self.card.image_shape, padding=dataset.padding)

    def answers(self, pictures: Sequence[Picture]) -> Iterator[tuple[float, str, tuple[str, ...]]]:
        """The logit of each picture, the verdict, and the notes."""
        if not pictures:
            return
        images = torch.stack([picture.pixels for picture in pictures])
        logits = self.logits(images)
        for picture, logit, flips in zip(pictures, logits, self._flips(images, logits), strict=True):
            notes = (*picture.notes, *([f"flips in {flips} of {TIMES} more deliveries"] if flips else []))
            called = FAKE if logit > self.threshold else REAL
            yield float(logit), UNSURE if notes else called, notes

    def _flips(self, images: Tensor, logits: np.ndarray) -> np.ndarray:
        """How many of TIMES more deliveries change the verdict on each image (N, *image_shape): int (N,).

        What is drawn depends on the image alone, not on its place among others.
        """
        called, changes = logits > self.threshold, np.zeros(len(images), int)
        digests = image_digests(images)
        for time in range(TIMES):
            seeds = [derive(0, "detect", digest, time) for digest in digests]
            again = [corrupt(image[None], "web", 1, seed)[0] for image, seed in zip(images, seeds, strict=True)]
            changes += (self.logits(torch.cat(again)) > self.threshold) != called
        return changes


class Judgement(NamedTuple):
    """What a judge says of images.

    metrics  figures of merit by name; None: there are not labels of both kinds
    seer     the detector that drew the heat maps; None: no detector of the run can, or none were asked for
    """

    judge: Judge
    images: list[JudgedImage]
    metrics: dict[str, float | int] | None
    seer: str | None = None


def detect(request: DetectRequest, device: torch.device) -> Judgement:
    """Judge all images at a path. Raises UserError for whatever is wrong with the path, the run, or what is asked of it."""
    images = open_loose(request.path, request.value_range)
    panel = panel_of(request.run, request.tier, request.dataset, request.seed)
    kept = chosen(panel, request.detector)
    judge = read_judge(kept, panel, device)
    maps = _heat_maps(request, [kept, *panel], device)

    judged: list[JudgedImage] = []
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(min(torch.get_num_threads(), MOST_THREADS)) as threads,
        bar(f"judging {request.path}", total=len(images.names), unit="images") as advance,
    ):
        warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged or huge images, of which a verdict tells
        for places in torch.arange(len(images.names)).split(BATCH):
            taken = list(threads.map(partial(judge.taken, images.read), places.tolist()))
            answers = judge.answers([picture for picture in taken if isinstance(picture, Picture)])
            for place, picture in zip(places.tolist(), taken, strict=True):
                known = images.names[place], images.labels[place]
                if isinstance(picture, Refused):
                    judged.append(JudgedImage(*known, None, REFUSED, (str(picture),)))
                else:
                    heat_map = maps.draw(picture.pixels, place, known[0]) if maps else ""
                    logit, verdict, notes = next(answers)
                    judged.append(JudgedImage(*known, logit, verdict, notes, heat_map))
            advance(len(places))
    return Judgement(judge, judged, _metrics(judged, judge.threshold), maps.name if maps else None)


def _metrics(judged: Sequence[JudgedImage], threshold: float) -> dict[str, float | int] | None:
    real, fake = (np.array([one.logit for one in judged if one.label == k and one.logit is not None]) for k in (0, 1))
    if not (len(real) and len(fake)):
        return None
    logits = Logits(real, fake)
    accuracies = accuracy_at(logits, threshold)
    return {
        "auroc": auroc(*logits), "ap": average_precision(*logits), "real_accuracy_at_threshold": accuracies[0],
        "fake_accuracy_at_threshold": accuracies[1], "eer": eer(logits), "n_real": len(real), "n_fake": len(fake),
    }  # fmt: skip


def read_judge(kept: Kept, panel: Sequence[Kept], device: torch.device) -> Judge:
    """A detector, with those of the panel that it combines. Raises UserError where a file of them is absent or was changed."""
    by_name = {one.name: one for one in panel}
    names = kept.record.spec.members or (kept.name,)
    absent = [name for name in names if name not in by_name]
    if absent:
        raise UserError(f"{kept.name} combines {', '.join(absent)}, which {kept.run} does not keep on tier {kept.tier}.")

    read = [by_name[name].read(device) for name in names]
    return Judge(kept, read[0][1], [(by_name[name], part) for name, (part, _) in zip(names, read, strict=True)])


def _heat_maps(request: DetectRequest, panel: Sequence[Kept], device: torch.device) -> HeatMaps | None:
    """What draws heat maps: the first of the panel that can. None: none can, or none are asked for."""
    if request.explain is None:
        return None
    if request.explain.resolve().is_relative_to(request.path.resolve()):
        raise UserError(f"{request.explain} lies in {request.path}, whose images are judged; give --explain another folder.")

    able = [kept for kept in panel if DETECTORS.get(plain(kept.name)).heat_map is not Detector.heat_map]
    return HeatMaps(able[0].name, able[0].read(device)[0], request.explain) if able else None


@dataclass
class HeatMaps:
    """Draws the heat maps of the first MOST_MAPS images into a folder."""

    name: str
    detector: Detector
    folder: Path
    n_drawn: int = 0

    def draw(self, image: Tensor, place: int, name: str) -> str:
        """Write the image uint8 (C, H, W), and beside it what each patch says. Returns the file; "": there are enough."""
        heat = self.detector.heat_map(image[None]) if self.n_drawn < MOST_MAPS else None
        if heat is None:
            return ""
        self.n_drawn += 1
        plain_name = re.sub(r"[^\w.-]+", "-", Path(name).name)[:100]
        file = self.folder / f"{place:05d}-{plain_name}.png"
        pair = torch.stack([convert.to_channels(image[None], 3)[0], coloured(heat[0])])
        try:
            save_png(grid(pair, columns=2, scale=max(1, round(MAP_SIDE / max(image.shape[1:])))), file)
        except OSError as error:
            raise UserError(f"{file} cannot be written ({error.strerror}).") from error
        return str(file)


def coloured(heat: Tensor) -> Tensor:
    """Logits (H, W) -> uint8 (3, H, W): blue where the probability is 0, white where it is 1/2, orange where it is 1."""
    real, fake = (torch.tensor(list(bytes.fromhex(colour[1:]))) for colour in COLOURS[:2])
    towards = torch.where(heat[..., None] > 0, fake, real)  # (H, W, 3)
    share = torch.tanh(heat.abs() / 2)[..., None]  # |2 p - 1|
    return (255 + share * (towards - 255)).round().byte().permute(2, 0, 1)
