"""What lies where in the folder of pages, and safe names for what users named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gan_bench.leaderboard.entries import Track
from gan_bench.leaderboard.standings import Standings

LONGEST = 60  # characters of a name before its hash


def slug(text: str) -> str:
    """A safe file name. A text that had to be changed gets a hash, so that no two texts share a name."""
    safe = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-")[:LONGEST]
    return safe if safe == text else f"{safe or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def slugs(texts: Iterable[str]) -> dict[str, str]:
    """Each text and its name."""
    return {text: slug(text) for text in texts}


@dataclass(frozen=True)
class Names:
    """Where the pages of one track are, relative to the folder of pages.

    folder     of the track
    entries    label of a row -> the name of its page and of its pictures
    detectors  label of a detector -> the name of its page
    """

    s: Standings

    @property
    def track(self) -> Track:
        """The track."""
        return self.s.track

    @cached_property
    def folder(self) -> str:
        """The folder of the track."""
        return slug("_".join(self.s.track))

    @cached_property
    def entries(self) -> dict[str, str]:
        """Label of a row -> the name of its page."""
        return slugs(row.label for row in self.s.rows)

    @cached_property
    def detectors(self) -> dict[str, str]:
        """Label of a detector -> the name of its page."""
        return slugs(entry.label for entry in self.s.judges)

    def entry_page(self, label: str) -> str:
        """The page of an entry."""
        return f"{self.folder}/entries/{self.entries[label]}.html"

    def detector_page(self, label: str) -> str:
        """The page of a detector."""
        return f"{self.folder}/detectors/{self.detectors[label]}.html"

    def window(self, what: str = "") -> str:
        """What the browser calls a page of this track."""
        track = f"{self.track.dataset} {self.track.preset}: gan-bench"
        return f"{what}, {track}" if what else track

    def entry_file(self, label: str, what: str) -> str:
        """Where a picture or a download of an entry lies."""
        return f"{self.folder}/files/entries/{self.entries[label]}/{what}"

    def detector_file(self, label: str, what: str) -> str:
        """Where one of a detector lies."""
        return f"{self.folder}/files/detectors/{self.detectors[label]}/{what}"
