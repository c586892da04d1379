"""What a word of the board means."""

from __future__ import annotations

from dataclasses import dataclass

HIGHER, LOWER, NEITHER = "higher is better", "lower is better", "neither is better"


@dataclass(frozen=True)
class Term:
    """A number, or another word that stands on the board.

    name       as records and columns have it
    title      as a heading has it
    what       what it is, in one or two sentences
    range      the values that it can have, in words; "": it is no number
    direction  HIGHER, LOWER or NEITHER; "": it is no number
    paper      authors and year of its source; "": it is ours, or common knowledge
    link       the address of the paper; "": none is known for certain
    misleads   when it misleads, in one or two sentences; "": it hardly can
    """

    name: str
    title: str
    what: str
    range: str = ""
    direction: str = ""
    paper: str = ""
    link: str = ""
    misleads: str = ""


def arxiv(number: str) -> str:
    """The address of a paper by its number, such as "1706.08500"."""
    return f"https://arxiv.org/abs/{number}"


def doi(name: str) -> str:
    """The address of a paper by its DOI."""
    return f"https://doi.org/{name}"
