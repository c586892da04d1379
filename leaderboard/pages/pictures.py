"""The pictures of an entry: its samples in several orders, and their course over the training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gan_bench.leaderboard.pages.folder import ShownPicture
from gan_bench.leaderboard.pages.names import Names
from gan_bench.leaderboard.pages.site import Site
from gan_bench.leaderboard.pages.track import finished_first, kept_picture
from gan_bench.leaderboard.rows import Row
from gan_bench.records import ASKED, CellRecord


class Wanted(NamedTuple):
    """A picture that an entry may have, by the name of its file, with its text alternative and its caption."""

    what: str
    alt: str
    caption: str


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


def player_of(site: Site, names: Names, row: Row) -> Player | None:
    """Its course over the training. None where there is no picture of it, nobody knows its moments, or it draws points: the
    panels of these stand side by side, and not in rows.
    """
    first = finished_first(row)[0]
    statistics, picture = site.statistics(first), kept_picture(site, names, row, "strip")
    if picture is None or not isinstance(first.record, CellRecord) or len(first.record.moments) < 2:
        return None
    if statistics is not None and statistics.points:
        return None
    return Player(picture, _words_of(first.record))


def _words_of(record: CellRecord) -> tuple[str, ...]:
    return tuple(f"{kimg:.3g}" for kimg in record.moments)


def pictures_of(site: Site, names: Names, row: Row, with_strip: bool) -> list[Captioned]:
    """Those of the first seed that has them, in the order in which they are shown. `with_strip`: its course too."""
    record, wanted = finished_first(row)[0].record, [Wanted("samples", "random samples", "Random samples, not selected.")]
    if isinstance(record, CellRecord):
        wanted += _of_cell(record)
        wanted += [_strip(record)] if with_strip else []

    found = [(kept_picture(site, names, row, one.what), one) for one in wanted]
    return [Captioned(picture, f"{one.alt} of {row.label}", one.caption) for picture, one in found if picture is not None]


def _of_cell(record: CellRecord) -> Iterator[Wanted]:
    if record.class_rows:
        by = "as it was asked for" if record.classed_by == ASKED else f"as {record.classed_by} sees it"
        caption = f"The first samples of each class, {by}. From the top: {', '.join(record.class_rows)}."
        yield Wanted("classes", "samples by class", caption)

    caption = "Walks between two latents, a row each. Jumps say that it learned single images by heart."
    yield Wanted("walk", "walks between latents", caption)
    if record.rows:
        yield Wanted("rows", " and ".join(record.rows), f"Rows from the top: {', '.join(record.rows)}.")
    caption = "Samples in the top row, and below each the training images nearest to it: copies would be seen here."
    yield Wanted("neighbours", "nearest training images", caption)


def _strip(record: CellRecord) -> Wanted:
    when = f": after {', '.join(_words_of(record))} kimg" if record.moments else ""
    return Wanted("strip", "samples over training", f"The same samples from the start of the training to its end{when}.")
