"""What a dataset is, and the cached, checksummed kind that comes from elsewhere."""

from __future__ import annotations

import abc
import hashlib
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

import filelock
import numpy as np
import torch
from torch import Tensor

from gan_bench import images
from gan_bench.datasets.sources import Source, SourceFailed, remove
from gan_bench.errors import UserError
from gan_bench.mixture import Mixture
from gan_bench.paths import cache_folder
from gan_bench.records import atomic_path
from gan_bench.seeds import stream
from gan_bench.streams import Pictures, in_memory

log = logging.getLogger(__name__)
SplitName = Literal["train", "test"]


@dataclass(frozen=True)
class Stills:
    """Images at rest (N, C, H, W), uint8 or float32 points, in memory or not, and labels (N,) int64."""

    images: Pictures
    labels: Tensor

    @cached_property
    def digest(self) -> str:
        return images.digest(self.images)

    def subset(self, n: int, *names: str | int) -> Self:
        """`n` images by a fixed shuffle that `names` select, on every machine alike; the split itself when n is not smaller."""
        if n >= len(self.images):
            return self
        chosen = torch.randperm(len(self.images), generator=stream(0, "subset", *names))[:n].sort().values
        return type(self)(self.images[chosen], self.labels[chosen])

    def in_memory(self) -> Split:
        return Split(in_memory(self.images), self.labels)


@dataclass(frozen=True)
class Split(Stills):
    """Stills in memory, as training needs them."""

    images: Tensor


class Dataset(abc.ABC):
    """Images with labels, in an official train and test split.

    image_shape  (channels, height, width) as networks and metrics see it
    padding      pixels of black that were put around its original images to make that shape
    mixture      what the points of a dataset of points were drawn from
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    padding: int = 0
    mixture: ClassVar[Mixture | None] = None

    @abc.abstractmethod
    def load(self, split: SplitName) -> Split:
        """The whole split, always in the same order. Raises UserError when its bytes cannot be had."""

    def stills(self, split: SplitName) -> Stills:
        """The split for one look at each image, which need not be in memory."""
        return self.load(split)

    def class_index(self, text: str) -> int | None:
        """The class that a name or a number means, if any."""
        if text in self.class_names:
            return self.class_names.index(text)
        return int(text) if text.isdecimal() and int(text) < len(self.class_names) else None

    def fetch(self) -> None:
        """Make sure that the bytes are at hand; nothing to do for a dataset that is made."""

    def verify(self) -> list[str]:
        """Sentences about what is missing or damaged in the cache; empty when all is well."""
        return []


class CachedDataset(Dataset):
    """A dataset whose decoded arrays are kept as .npy files and must hash to pinned digests, whatever source they came from.

    digests  part ("train-images", "train-labels", "test-images", "test-labels") -> SHA-256 of the raw uint8 array
    """

    digests: ClassVar[dict[str, str]]
    sources: ClassVar[tuple[Source, ...]]

    @property
    def folder(self) -> Path:
        return cache_folder() / "datasets" / self.name

    def file(self, part: str) -> Path:
        return self.folder / f"{part}.npy"

    def read(self, part: str) -> np.ndarray | None:
        """The cached array, or None where it is missing or is not what was pinned."""
        try:
            array = np.load(self.file(part), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return array if sha256(array) == self.digests[part] else None

    def verify(self) -> list[str]:
        return [self._fault(part) for part in self.digests if self.read(part) is None]

    def fetch(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self.folder / ".lock"):
            self._fetch_locked()

    def load(self, split: SplitName) -> Split:
        arrays = [self.read(f"{split}-{part}") for part in ("images", "labels")]
        if any(array is None for array in arrays):
            self.fetch()
            arrays = [self.read(f"{split}-{part}") for part in ("images", "labels")]
        pixels, labels = arrays
        assert pixels is not None and labels is not None
        return Split(self.to_tensor(pixels), torch.from_numpy(labels).long())

    @abc.abstractmethod
    def to_tensor(self, pixels: np.ndarray) -> Tensor:
        """Cached uint8 pixels, in their pinned layout, -> uint8 (N, C, H, W) of `image_shape`."""

    def _fault(self, part: str) -> str:
        what = "is damaged (its SHA-256 is not the pinned one)" if self.file(part).exists() else "is missing"
        return f"{self.file(part)} {what}; `gan-bench data fetch {self.name}` mends it."

    def _fetch_locked(self) -> None:
        faulty = [part for part in self.digests if self.read(part) is None]
        if not faulty:
            return
        for part in faulty:
            if self.file(part).exists():
                log.warning("%s is damaged (its SHA-256 is not the pinned one); getting it again.", self.file(part))
        failures = []
        downloads = self.folder / "downloads"
        for source in self.sources:
            by_hand = [file for file in source.files if (downloads / file).exists()]
            try:
                arrays = source.arrays(downloads)
                wrong = [part for part in self.digests if sha256(arrays[part]) != self.digests[part]]
                if wrong:
                    raise SourceFailed(f"its {', '.join(wrong)} are not the pinned ones (SHA-256 differs)")
            except SourceFailed as failure:
                failures.append(f"  {source.name}: {failure}")
                log.info("%s from %s: %s", self.name, source.name, failure)
                remove(downloads, [file for file in source.files if file not in by_hand])  # a bad download must not come back
                continue
            for part in faulty:
                with atomic_path(self.file(part)) as temporary, open(temporary, "wb") as file:
                    np.save(file, arrays[part])
            remove(downloads, source.files)
            return
        raise UserError(
            f"dataset {self.name!r} could not be fetched. Tried:\n" + "\n".join(failures) + "\n"
            f"By hand: put the files of one source into {downloads} and run the command again:\n"
            + "\n".join(f"  {source.name}: {', '.join(source.files)}" for source in self.sources)
        )


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's raw bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
