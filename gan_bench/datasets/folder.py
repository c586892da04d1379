"""`folder:PATH`: your own images as a dataset to compare with, of any size. Its first-level sub-folders are its classes.

PATH is whatever `gan-bench score` reads: a folder, or an array of uint8 images. All of it counts as the train split. Where a
run is to train on it, it becomes `images:NAME` instead, with squares of one side and two splits (`folder_kept.py`).
"""

from __future__ import annotations

import contextlib
import logging
from functools import cached_property
from pathlib import Path

import torch

from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS, check_side
from gan_bench.datasets.base import Dataset, LabelledImages, Split, SplitName
from gan_bench.datasets.folder_kept import own_images
from gan_bench.images.files import Found, open_images
from gan_bench.images.sets import load_if_small

log = logging.getLogger(__name__)


@DATASETS.register
class Folder(Dataset):
    """Its form is known for each path, not for the class: three attributes are properties here."""

    name = "folder:"
    title = "Anybody's images"
    in_runs = False

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        with contextlib.suppress(RuntimeError):  # of a user whom nobody knows
            self.path = self.path.expanduser()  # no shell does it behind "folder:"
        self.name = f"folder:{path}"

    def for_training(self, side: int) -> Dataset:
        """The images as runs train on them. Raises UserError where networks do not have this side, or images are absent."""
        check_side(side)
        return own_images(self.path, side)

    @cached_property
    def found(self) -> Found:
        """What lies at the path. Raises UserError where that is not a set of images."""
        return open_images(self.path)

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """(channels, height, width) of the images. Raises UserError as `found` does."""
        return self.found.images.image_shape

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the sub-folders, sorted; "image" alone where there are none. Raises UserError as `found` does."""
        return tuple(sorted(set(self.found.classes or ["image"])))

    @cached_property
    def n_classes(self) -> int:  # type: ignore[override]
        """How many names there are. Raises UserError as `found` does."""
        return len(self.class_names)

    def load(self, split: SplitName) -> Split:
        """All images, read into memory. Raises UserError at the test split and at a file that cannot be read."""
        return self.open(split).in_memory()

    def open(self, split: SplitName) -> LabelledImages:
        """All images; those above 1 GiB in all stay in their files. Raises UserError at the test split."""
        if split == "test":
            raise UserError(f"{self.name} has no test split, which a metric asked for needs; name others in --metrics.")
        for warning in self.found.warnings:
            log.warning("%s: %s", self.path, warning)

        index = {name: k for k, name in enumerate(self.class_names)}
        labels = torch.tensor([index[name] for name in self.found.classes or len(self.found.images) * ["image"]])
        return LabelledImages(load_if_small(self.found.images), labels)
