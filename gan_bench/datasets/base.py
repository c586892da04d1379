"""What a dataset is, and the cached kind: it comes from elsewhere and must match pinned checksums."""

from __future__ import annotations

import abc
import hashlib
import logging
import os
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from torch import Tensor

from gan_bench.core import cache
from gan_bench.core.errors import SeveralLines, UserError
from gan_bench.core.files import atomic_path
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.sources import Source, SourceFailed, remove
from gan_bench.images import convert
from gan_bench.images.loose import Picture, fitted
from gan_bench.images.mixture import Mixture
from gan_bench.images.sets import ImageSet, in_memory

log = logging.getLogger(__name__)
SplitName = Literal["train", "test"]


@dataclass(frozen=True)
class LabelledImages:
    """Images and the class of each.

    images  (N, C, H, W) uint8, or float32 points; in memory or still in their files
    labels  (N,) int64
    """

    images: ImageSet
    labels: Tensor

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the images: of their shape and bytes."""
        return convert.digest(self.images)

    def subset(self, n: int, *names: str | int) -> Self:
        """`n` of the images, in order, chosen by the random stream of these names; all of them where there are no more."""
        if n >= len(self.images):
            return self
        chosen = torch.randperm(len(self.images), generator=stream(0, "subset", *names))[:n].sort().values
        return type(self)(self.images[chosen], self.labels[chosen])

    def in_memory(self) -> Split:
        """The same images, all read into memory."""
        return Split(in_memory(self.images), self.labels)


@dataclass(frozen=True)
class Split(LabelledImages):
    """Labelled images in memory, as training needs them."""

    images: Tensor


class Dataset(abc.ABC):
    """Images with labels, in an official train and test split.

    image_shape  (channels, height, width) as networks and metrics see it
    n_classes    how many classes there are; labels are below it
    class_names  (n_classes,) the name of each class
    padding      how many black pixels were added on each side of the original images to make that shape
    digests      part -> SHA-256, of a dataset that is kept in the cache
    made_of      the dataset that this one is made from, if any; its bytes are the only ones that are needed
    mixture      what the points of a dataset of points were drawn from
    in_runs      whether runs train on it: its form and its splits are fixed
    n_test       how many test images there are, where that may be too few; None: enough for everything
    warnings     sentences that a reader of its numbers should know; they are in every record
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    n_classes: int
    class_names: tuple[str, ...]
    padding: int = 0
    digests: ClassVar[dict[str, str]] = {}
    made_of: ClassVar[str | None] = None
    mixture: ClassVar[Mixture | None] = None
    in_runs: ClassVar[bool] = True
    n_test: int | None = None
    warnings: tuple[str, ...] = ()

    @abc.abstractmethod
    def load(self, split: SplitName) -> Split:
        """The whole split in memory, always in the same order. Raises UserError when its bytes cannot be had."""

    def open(self, split: SplitName) -> LabelledImages:
        """The same images as `load`, in the same order, but they may stay in their files. Raises UserError as `load` does."""
        return self.load(split)

    def for_training(self, side: int) -> Dataset:
        """The dataset that runs train on where this one is named; `side`: of its images, in pixels, where that is free."""
        return self

    def fitted(self, picture: Picture) -> Picture:
        """Somebody's image in the form of this dataset's, with a note on each change that makes it unlike these."""
        return fitted(picture, self.image_shape, self.padding)

    def class_index(self, text: str) -> int | None:
        """The class with this name or this number; None: there is no such class."""
        if text in self.class_names:
            return self.class_names.index(text)
        return int(text) if text.isdecimal() and int(text) < self.n_classes else None

    def fetch(self) -> None:
        """Download what is missing or damaged, here or of `made_of`. Raises UserError when no source can give it."""
        if self.made_of is not None:
            DATASETS.create(self.made_of).fetch()

    def faulty(self) -> list[Path]:
        """Its own files in the cache that are missing or damaged."""
        return []

    def verify(self) -> list[str]:
        """Sentences about what is missing or damaged in the cache; empty when all is well."""
        return [] if self.made_of is None else DATASETS.create(self.made_of).verify()


class CachedDataset(Dataset):
    """A dataset whose decoded arrays are kept as .npy files. They must have pinned digests, whatever source they come from.

    digests  part ("train-images", "train-labels", "test-images", "test-labels") -> SHA-256 of the raw uint8 array
    sources  where the bytes can be had, tried in this order
    pixels   the shape of one image as it is kept
    """

    sources: ClassVar[tuple[Source, ...]]
    pixels: ClassVar[tuple[int, ...]]

    @property
    def folder(self) -> Path:
        """Where the dataset is kept."""
        return cache.dataset_folder(self.name)

    @property
    def downloads(self) -> Path:
        """Where the files of sources are downloaded to, or put by hand."""
        return self.folder / "downloads"

    def file(self, part: str) -> Path:
        """Where the array of a part is kept."""
        return cache.dataset_file(self.name, part)

    def read(self, part: str) -> np.ndarray | None:
        """The cached array of a part, or None where it is missing or does not have the pinned digest."""
        return read_array(self.file(part), np.uint8, self.pixels if part.endswith("images") else (), self.digests[part])

    def verify(self) -> list[str]:
        """A sentence for each part that is missing or damaged, with the command that fixes it."""
        return [self._fault(file) for file in self.faulty()]

    def faulty(self) -> list[Path]:
        """The files of parts that are missing or do not have the pinned digest."""
        return [self.file(part) for part in self.digests if self.read(part) is None]

    def fetch(self) -> None:
        """Download the parts that are missing or damaged, one process at a time. Raises UserError where all sources fail.

        Where the cache cannot be written, they are there until this process ends.
        """
        with cache.locked(self.folder / ".lock"):
            self._fetch_locked()

    def load(self, split: SplitName) -> Split:
        """The whole split, fetched first where it is not in the cache. Raises UserError where it cannot be fetched."""
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

    def _fault(self, file: Path) -> str:
        what = "is damaged (its SHA-256 is not the pinned one)" if os.path.lexists(file) else "is missing"
        return f"{file} {what}; `gan-bench data fetch {self.name}` fixes it."

    def _fetch_locked(self) -> None:
        """`fetch`, while no other process does."""
        faulty = self.faulty()
        if not faulty:
            return
        for file in filter(os.path.lexists, faulty):
            log.warning("%s is damaged (its SHA-256 is not the pinned one); getting it again.", file)

        failures = []
        for source in self.sources:
            try:
                arrays = self._arrays_from(source)
            except SourceFailed as failure:
                failures.append(f"{source.name}: {failure}")
                continue
            cache.written(self.name, partial(self._keep, arrays))
            remove(self.downloads, source.files)
            before = f", after {'; '.join(failures)}" if failures else ""
            log.info("%s was fetched from %s%s", self.name, source.name, before)
            return
        raise self._no_source(failures)

    def _arrays_from(self, source: Source) -> dict[str, np.ndarray]:
        """All parts, with their pinned digests. Raises SourceFailed, after removing what the source downloaded."""
        by_hand = [file for file in source.files if (self.downloads / file).exists()]
        try:
            arrays = cache.written(self.name, lambda: source.arrays(self.downloads))
            wrong = [part for part in self.digests if sha256(arrays[part]) != self.digests[part]]
            if wrong:
                raise SourceFailed(f"its {', '.join(wrong)} are not the pinned ones (SHA-256 differs)")
        except SourceFailed:
            remove(self.downloads, [file for file in source.files if file not in by_hand])  # else it is taken again next time
            raise
        return arrays

    def _keep(self, arrays: dict[str, np.ndarray]) -> None:
        for part in self.digests:
            if self.read(part) is None:
                write_array(self.file(part), arrays[part])

    def _no_source(self, failures: list[str]) -> UserError:
        """The error that says what was tried and how to supply the files by hand."""
        return SeveralLines(
            f"dataset {self.name!r} could not be fetched. Tried:\n" + "\n".join(f"  {line}" for line in failures) + "\n"
            f"By hand: put the files of one source into {self.downloads} and run the command again:\n"
            + "\n".join(f"  {source.name}: {', '.join(source.files)}" for source in self.sources)
        )


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's raw bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def read_array(file: Path, dtype: Any, each: tuple[int, ...], digest: str) -> np.ndarray | None:
    """The array (N, *each) in a .npy file; None where it is missing, or is not the one with this digest."""
    try:
        array = np.load(file, allow_pickle=False)
    except Exception:  # a damaged header can break numpy's reader in any way, up to a lack of memory
        return None
    has_form = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim > 0 and array.shape[1:] == each
    return array if has_form and sha256(array) == digest else None


def write_array(file: Path, array: np.ndarray) -> None:
    """Write an array to a .npy file in the cache, whole or not at all. Raises CannotWrite."""
    cache.make_room(file)
    array = np.ascontiguousarray(array)
    with atomic_path(file) as temporary, open(temporary, "wb") as opened:
        np.lib.format.write_array_header_1_0(opened, np.lib.format.header_data_from_array_1_0(array))
        opened.write(array.data)  # np.save would not say why a disk refuses it
