"""What lies where in the folder of pages, and safe names for what users named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gan_bench.core.names import slug
from gan_bench.leaderboard.entries import Track
from gan_bench.leaderboard.standings import Standings


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
