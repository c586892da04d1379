"""Which fits there are, and what each is tested on. Families of variants are those that start from the same thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gan_bench.records import LEAVE_ONE_FAMILY_OUT, LEAVE_ONE_OUT, MATRIX, SEEN


class Trial(NamedTuple):
    """One fit: the keys of the cells whose fakes it sees, and of those whose fakes it is tested on."""

    protocol: str
    fitted_on: tuple[str, ...]
    tested: tuple[str, ...]


def trials(families: Mapping[str, str], every: bool = True) -> Iterator[Trial]:
    """The fits on one tier.

    families  the key of each cell -> its family
    every     whether for all protocols; otherwise for `seen` alone
    """
    keys = tuple(families)
    yield Trial(SEEN, keys, keys)
    if not every or len(keys) == 1:
        return

    yield from _without(LEAVE_ONE_OUT, keys, [(key,) for key in keys])
    members = [tuple(key for key in keys if families[key] == family) for family in dict.fromkeys(families.values())]
    if len(members) > 1:
        yield from _without(LEAVE_ONE_FAMILY_OUT, keys, members)
    for key in keys:
        yield Trial(MATRIX, (key,), keys)


def _without(protocol: str, keys: Sequence[str], groups: Sequence[tuple[str, ...]]) -> Iterator[Trial]:
    """For each group a fit on all the others."""
    for group in groups:
        yield Trial(protocol, tuple(key for key in keys if key not in group), group)
