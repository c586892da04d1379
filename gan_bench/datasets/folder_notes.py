"""What the cache knows of anybody's images besides their pixels: a card for each dataset, and a note for each folder.

Both are JSON with its digest in front. Those of older versions have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gan_bench.core import cache
from gan_bench.core.digests import json_digest
from gan_bench.core.files import cache_folder
from gan_bench.core.sealed import Damaged
from gan_bench.records import Model


class KeptCard(Model):
    """What is known of kept images.

    digests   part -> SHA-256 of its array
    n_test    how many images the test split has
    warnings  what was changed or left out when they were read
    changed   whether most of them were cut or resized
    source    where they were read from
    """

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    digests: dict[str, str]
    n_test: int
    warnings: tuple[str, ...]
    changed: bool
    source: str

    @property
    def digest(self) -> str:
        """The start of the SHA-256 of all that a training sees."""
        return json_digest([self.image_shape, self.class_names, self.digests])[:8]


class Note(NamedTuple):
    """What was read from a path last.

    source   the path; "": an older version did not note it
    dataset  the key of the images
    state    the `state_of` the path then
    """

    source: str
    dataset: str
    state: str


def card_in(file: Path) -> KeptCard:
    """A card. Raises Damaged where it is not as it was written, Older where it has no digest, ValueError where it is none."""
    content, is_older = cache.sealed_or_older(file)
    if is_older:
        raise cache.Older("it has no digest")
    card = KeptCard.model_validate_json(content)
    if not file.parent.name.endswith(card.digest):
        raise Damaged("it is the card of other images")
    return card


def card_of(file: Path) -> KeptCard | None:
    """A card, whichever version wrote it; None: there is none that is whole."""
    with suppress(OSError, ValueError, Damaged):
        return card_in(file)
    return older_card(file)


def older_card(file: Path) -> KeptCard | None:
    """The card of an older version, which had no seal, where it is one of these images."""
    with suppress(OSError, ValueError, Damaged):
        content, is_older = cache.sealed_or_older(file)
        card = KeptCard.model_validate_json(content)
        if is_older and file.parent.name.endswith(card.digest):
            return card
    return None


def note_file(source: str, side: int) -> Path:
    """Where it is noted what was read from a path, with images of this side."""
    return cache_folder() / "folders" / f"{json_digest([source, side])[:16]}.json"


def note_in(file: Path) -> Note:
    """A note. Raises Damaged where it is not as it was written, and KeyError, TypeError or ValueError where it is none."""
    content, is_older = cache.sealed_or_older(file)
    found = json.loads(content)
    return Note("" if is_older else found["source"], found["dataset"], found["state"])


def notes() -> Iterator[Note]:
    """All notes that are whole."""
    for file in sorted((cache_folder() / "folders").glob("*.json")):
        with suppress(Damaged, OSError, KeyError, TypeError, ValueError):
            yield note_in(file)


def side_of(key: str) -> int:
    """The side, in pixels, that is in the key of a dataset. Raises ValueError where there is none."""
    _, side, _ = key.rsplit("-", 2)
    return int(side)
