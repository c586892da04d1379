"""`images:NAME-SIDE-DIGEST`: somebody's images as they were decoded from a folder or an array, kept in the cache.

`folder:PATH` becomes one where a run is to train on it. Its name holds the start of a digest of all images and classes, so
records that name it stay true when the folder changes or is gone. A tenth of the images is the test split: those whose SHA-256
comes first. So copies are on one side, and most images stay on theirs when others are added.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from gan_bench.core import cache
from gan_bench.core.cache import dataset_file, dataset_folder
from gan_bench.core.digests import json_digest
from gan_bench.core.errors import UserError
from gan_bench.core.sealed import Damaged, write_sealed
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName, read_array, sha256, write_array
from gan_bench.datasets.folder_notes import KeptCard, Note, card_in, card_of, note_file, note_in, notes, older_card, side_of
from gan_bench.datasets.folder_read import Decoded, decode, digests, squares
from gan_bench.images.below import ABSENT, Below, below, is_folder, no_file
from gan_bench.images.loose import Picture

log = logging.getLogger(__name__)
TEST_SHARE = 0.1
ONE_CLASS = "image"  # the name of the only class, where there are none
PARTS = ("train-images", "train-labels", "test-images", "test-labels")


@DATASETS.register
class OwnImages(Dataset):
    """Its form is known for each name, not for the class: five attributes are properties here."""

    name = "images:"
    title = "Anybody's images, kept"

    def __init__(self, key: str) -> None:
        self.key = key
        self.name = f"images:{key}"

    @property
    def card_file(self) -> Path:
        """Where its card is kept."""
        return dataset_folder(self.key) / "card.json"

    @cached_property
    def card(self) -> KeptCard:
        """What is known of it. Raises UserError where it is neither in the cache nor to be read again."""
        card = cache.read(self.card_file, card_in) or self._card_again()
        if card is None:
            raise UserError(
                f"{self.name} is not in the cache, or damaged there ({self.card_file.parent}); "
                "`gan-bench run --suite folder:PATH --dry-run`, with the --side that its name has, reads its folder again."
            )
        return card

    @property
    def image_shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """(channels, side, side). Raises UserError as `card` does."""
        return self.card.image_shape

    @property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the sub-folders, or the numbers of an array's labels, sorted; "image" alone where there are none."""
        return self.card.class_names

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """How many names there are. Raises UserError as `card` does."""
        return len(self.card.class_names)

    @property
    def n_test(self) -> int:  # type: ignore[override]
        """How many test images there are. Raises UserError as `card` does."""
        return self.card.n_test

    @property
    def warnings(self) -> tuple[str, ...]:  # type: ignore[override]
        """What was changed or left out when the images were read."""
        return self.card.warnings

    def fitted(self, picture: Picture) -> Picture:
        """An image as these are; where most of them were cut and resized, nothing is noted of the same."""
        if self.card.changed:
            picture = picture._replace(pixels=squares(picture.pixels[None], self.image_shape[1])[0])
        return super().fitted(picture)

    def load(self, split: SplitName) -> Split:
        """The whole split; read again from its folder where it is damaged. Raises UserError where that is not possible."""
        parts = [f"{split}-images", f"{split}-labels"]
        arrays = [self._read(part, self.card) for part in parts]
        if any(array is None for array in arrays):
            self.fetch()
            arrays = [self._read(part, self.card) for part in parts]

        images, labels = arrays
        assert images is not None and labels is not None
        return Split(torch.from_numpy(images), torch.from_numpy(labels))

    def verify(self) -> list[str]:
        """A sentence for each part that is missing or damaged."""
        return [f"{file} is missing or damaged; `gan-bench data fetch {self.name}` fixes it." for file in self.faulty()]

    def faulty(self) -> list[Path]:
        """The files that are missing or damaged; the card alone where it is one of them."""
        card = card_of(self.card_file)
        if card is None:
            return [self.card_file]
        return [dataset_file(self.key, part) for part in PARTS if self._read(part, card) is None]

    def fetch(self) -> None:
        """Read damaged parts again. Raises UserError where their folder is gone or holds other images now."""
        card, faulty = self.card, self.faulty()
        if not faulty:
            return
        log.warning("%s: missing or damaged: %s; reading %s again.", self.name, ", ".join(map(str, faulty)), card.source)

        if not Path(card.source).exists():
            raise UserError(f"{self.name} is damaged in the cache, and {card.source}, which it was read from, is gone.")
        again = kept(Path(card.source), card.image_shape[1])
        if again.name != self.name:
            raise UserError(f"{self.name} is damaged in the cache, and {card.source} holds other images now.")

    def _read(self, part: str, card: KeptCard) -> np.ndarray | None:
        """The array of a part, or None where it is missing or is not the one of the card."""
        dtype, each = (np.uint8, card.image_shape) if part.endswith("images") else (np.int64, ())
        return read_array(dataset_file(self.key, part), dtype, each, card.digests[part])

    def _card_again(self) -> KeptCard | None:
        """The card that comes from reading the folder again; an older version's where it gives other images. None: no card."""
        older = older_card(self.card_file)
        sources = [note.source for note in notes() if note.dataset == self.key] + ([older.source] if older else [])
        for source in dict.fromkeys(sources):
            with suppress(UserError, Damaged, OSError):
                if kept(Path(source), side_of(self.key)).key == self.key:
                    return card_in(self.card_file)
        return older


def own_images(path: Path, side: int) -> OwnImages:
    """The images at a path as a dataset; read only where they are new or have changed, which their sizes and times tell.

    Where nothing is at the path any more, those that were read from it last. Raises UserError where there were none.
    """
    file = note_file(str(path.resolve()), side)
    note = cache.read(file, note_in, f"{path} is read again")
    known = _kept_of(note)
    if known is not None and no_file(path) == ABSENT:
        log.warning("%s is gone; its images as they were read last are taken from the cache: %s.", path, known.name)
        return known

    state = state_of(path)
    if known is not None and note is not None and state == note.state:
        return known
    dataset = kept(path, side)
    if known is not None and known.name != dataset.name:
        log.warning("%s has changed: it was %s, whose results stay apart.", path, known.name)
    content = json.dumps(Note(str(path.resolve()), dataset.key, state)._asdict())
    cache.keep(file, lambda path: write_sealed(path, content.encode()))
    return dataset


def _kept_of(note: Note | None) -> OwnImages | None:
    """The images of a note, where they are in the cache, or can be read again."""
    if note is None:
        return None
    dataset = OwnImages(note.dataset)
    with suppress(UserError):
        return dataset if dataset.card else None
    return None


def state_of(path: Path) -> str:
    """A digest of the names, sizes and times of the files at a path."""
    found = below(path) if is_folder(path) else Below([path] * (not no_file(path)), {})
    stats = [(str(file.relative_to(path)), file.stat()) for file in sorted(found.files)]
    odd = [(str(one.relative_to(path)), what) for one, what in sorted(found.odd.items())]
    return json_digest([*((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats), *odd])


def kept(path: Path, side: int) -> OwnImages:
    """The images at a path, read and written into the cache. Raises UserError where they cannot be read."""
    decoded = decode(path, side)
    for warning in decoded.warnings:
        log.warning("%s: %s", path, warning)

    arrays, class_names = parts_of(decoded)
    channels, *_ = decoded.images.shape[1:]
    n_train, n_test = (len(arrays[part]) for part in ("train-labels", "test-labels"))
    card = KeptCard(
        image_shape=(channels, side, side), class_names=class_names, warnings=decoded.warnings, changed=decoded.changed,
        digests={part: sha256(array) for part, array in arrays.items()}, n_test=n_test, source=str(path.resolve()),
    )  # fmt: skip
    dataset = OwnImages(f"{_safe(path)}-{side}-{card.digest}")
    cache.written(dataset.key, partial(_write, dataset, arrays, card))

    classes = f"{len(class_names)} classes" if len(class_names) > 1 else "no classes"
    log.info("%s is %s: %s images to train on, %s to test on, %s.", path, dataset.name, f"{n_train:,}", f"{n_test:,}", classes)
    return dataset


def _write(dataset: OwnImages, arrays: dict[str, np.ndarray], card: KeptCard) -> None:
    for part, array in arrays.items():
        write_array(dataset_file(dataset.key, part), array)
    cache.make_room(dataset.card_file)
    write_sealed(dataset.card_file, card.model_dump_json(indent=2).encode())  # last: what has a card is whole


def parts_of(decoded: Decoded) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The arrays of both splits, and the names of the classes. The order of the images is that of their SHA-256."""
    images, classes = decoded.images.numpy(), decoded.classes or [ONE_CLASS] * len(decoded.images)
    class_names = tuple(sorted(set(classes)))
    numbers = {name: k for k, name in enumerate(class_names)}
    labels = np.array([numbers[name] for name in classes], np.int64)

    of_image = np.array(digests(decoded.images))
    different = np.unique(of_image)  # sorted
    first_of_train = different[round(TEST_SHARE * len(different))]
    order = np.lexsort((labels, of_image))
    tests = of_image[order] < first_of_train

    chosen, arrays = {"train": order[~tests], "test": order[tests]}, dict[str, np.ndarray]()
    for split, places in chosen.items():
        arrays |= {f"{split}-images": images[places], f"{split}-labels": labels[places]}
    return arrays, class_names


def _safe(path: Path) -> str:
    """A path's last name as the name of a file anywhere."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", path.resolve().stem).strip("-")[:24].rstrip("-") or "images"
