"""The pictures of an entry: its samples in several orders, and their course over the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.pages.folder import ShownPicture
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.pages.track import kept_picture
from gan_bench.leaderboard.rows import Row
from gan_bench.records import CellRecord


class Captioned(NamedTuple):
    """A picture with its text alternative and its caption."""

    picture: ShownPicture
    alt: str
    caption: str


@dataclass(frozen=True)
class Player:
    """The same samples at moments of a training, one row of a picture each; `moments` in kimg."""

    picture: ShownPicture
    moments: tuple[str, ...]

    @property
    def frame_height(self) -> float:
        """Of one row, in pixels."""
        return round(self.picture.height / len(self.moments), 2)


def pictures_of(site: Site, names: Names, row: Row) -> list[Captioned]:
    """Those of the first seed that has them, in the order in which they are shown; texts say which row shows what."""
    shown = []
    for what, alt, caption in _wanted(row):
        picture = kept_picture(site, names, row, what)
        if picture is not None:
            shown.append(Captioned(picture, f"{alt} of {row.label}", caption))
    return shown


def player_of(site: Site, names: Names, row: Row) -> Player | None:
    """Its course over the training; None where there is no picture of it, or nobody knows its moments."""
    first = _first(row, "strip")
    if first is None or not isinstance(first.record, CellRecord):
        return None
    picture, moments = kept_picture(site, names, row, "strip"), first.record.moments
    if picture is None or len(moments) < 2 or picture.height % len(moments) > len(moments):
        return None
    return Player(picture, tuple(f"{kimg:.3g}" for kimg in moments))


def _first(row: Row, what: str) -> Entry | None:
    return next((entry for entry in row.entries if what in entry.files), None)


def _wanted(row: Row) -> list[tuple[str, str, str]]:
    """Name of the picture, text alternative, caption."""
    record = row.entries[0].record
    wanted = [("samples", "random samples", "Random samples, not selected.")]
    if not isinstance(record, CellRecord):
        return wanted

    if record.class_rows:
        by = "as it was asked for" if record.classed_by == "asked for" else f"as {record.classed_by} sees it"
        wanted.append(
            (
                "classes",
                "samples by class",
                f"The first samples of each class, {by}. From the top: {', '.join(record.class_rows)}.",
            )
        )
    wanted.append(
        (
            "walk",
            "walks between latents",
            "Walks between two latents, a row each. Jumps say that it learned single images by heart.",
        )
    )
    if record.rows:
        wanted.append(("rows", " and ".join(record.rows), f"Rows from the top: {', '.join(record.rows)}."))
    wanted.append(
        (
            "neighbours",
            "nearest training images",
            "Samples in the top row, and below each the training images nearest to it: copies would be seen here.",
        )
    )
    if not record.moments:
        wanted.append(
            ("strip", "samples over training", "The same samples from the start of the training, at the top, to its end.")
        )
    return wanted
