"""`folder:PATH`: anybody's images as a dataset to compare with, whatever their size. First-level sub-folders are its classes.

PATH is whatever `gan-bench score` reads: a folder, or an array of uint8 images. All of it stands for a training split.
"""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path

import torch

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName, Stills
from gan_bench.errors import UserError
from gan_bench.image_files import Found, open_images
from gan_bench.streams import at_hand

log = logging.getLogger(__name__)


@DATASETS.register
class Folder(Dataset):
    name = "folder:"
    title = "Anybody's images"

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.name = f"folder:{path}"
        self.image_shape = self.found.pictures.image_shape
        self.class_names = tuple(sorted(set(self.found.classes or ["image"])))

    @cached_property
    def found(self) -> Found:
        return open_images(self.path)

    def load(self, split: SplitName) -> Split:
        return self.stills(split).in_memory()

    def stills(self, split: SplitName) -> Stills:
        if split == "test":
            raise UserError(f"{self.name} has no test split, which a metric asked for needs; name others in --metrics.")
        for warning in self.found.warnings:
            log.warning("%s: %s", self.path, warning)
        index = {name: k for k, name in enumerate(self.class_names)}
        labels = torch.tensor([index[name] for name in self.found.classes or len(self.found.pictures) * ["image"]])
        return Stills(at_hand(self.found.pictures), labels)
