"""Budgets: how much training a cell gets, and what else a preset fixes.

Numbers of different presets never share a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from gan_bench.core.errors import UserError, quoted
from gan_bench.core.registry import suggest


@dataclass(frozen=True)
class Spent:
    """What a training has used so far, in the units of `Budget`."""

    tflop: float = 0.0
    kimg: float = 0.0
    seconds: float = 0.0
    steps: int = 0


@dataclass(frozen=True)
class Budget:
    """Limits of one training, which stops at the first that it reaches. None: no such limit.

    tflop    training floating-point operations / 1e12: the same compute for every variant, on every machine
    kimg     thousands of real images shown to the discriminator
    seconds  training time; evaluation and checkpoints do not count
    steps    training steps, which papers count; what one costs depends on the batch size and on the networks
    """

    tflop: float | None = None
    kimg: float | None = None
    seconds: float | None = None
    steps: int | None = None

    def share(self, spent: Spent) -> float:
        """The used share, 0 or more, of the limit that is nearest to its end; training ends at 1."""
        limits = [(getattr(spent, f.name), getattr(self, f.name)) for f in fields(self)]
        return max(used / limit for used, limit in limits if limit is not None)


@dataclass(frozen=True)
class Preset:
    """A named budget with the sizes that go with it.

    title           what it is for
    width           base channel count of the networks
    short           whether variants use their settings for few updates instead of those of their papers
    n_fake, n_real  numbers of images that a metric compares
    n_judge         number of real test images that a detector is fitted, validated and tested on
    n_shown         number of images that a detector that is a network is shown in one fit, at most
    thorough        whether detectors whose fits take long are fitted for every protocol
    n_attacked      number of fakes, and of reals, that attacks change
    """

    name: str
    budget: Budget
    title: str
    width: int
    short: bool
    n_fake: int
    n_real: int
    n_judge: int
    n_shown: int
    thorough: bool
    n_attacked: int


PRESETS = {
    p.name: p
    for p in (
        Preset("smoke", Budget(tflop=0.02), "tests; nothing it draws is nice", width=8, short=True, n_fake=256, n_real=512,
               n_judge=400, n_shown=1_000, thorough=False, n_attacked=12),
        Preset("quick", Budget(tflop=6.0), "two CPU cores, one to three minutes a cell, two at a time", width=32, short=True,
               n_fake=5_000, n_real=10_000, n_judge=4_000, n_shown=30_000, thorough=False, n_attacked=120),
        Preset("standard", Budget(tflop=4_000.0), "one GPU", width=64, short=False, n_fake=10_000, n_real=50_000,
               n_judge=10_000, n_shown=400_000, thorough=True, n_attacked=600),
        Preset("full", Budget(tflop=80_000.0), "the papers' scale", width=64, short=False, n_fake=50_000, n_real=50_000,
               n_judge=10_000, n_shown=1_000_000, thorough=True, n_attacked=600),
    )
}  # fmt: skip
UNITS = {  # unit -> the limit it is of, and how much of it
    "tflop": ("tflop", 1.0),
    "kimg": ("kimg", 1.0),
    "steps": ("steps", 1.0),
    "s": ("seconds", 1.0),
    "m": ("seconds", 60.0),
    "h": ("seconds", 3600.0),
}
MOST = {"tflop": 1e9, "kimg": 1e8, "steps": 1e9, "seconds": 366 * 86_400.0}  # far beyond what anybody trains
EXAMPLES = "such as 8tflop, 60s, 500kimg or 1000steps"


def parse_preset(text: str) -> Preset:
    """The preset of this name, or one with the limits in the text, such as "8tflop", "60s", "500kimg" or "8tflop,60s".

    Limits come with the sizes of `quick`, or of the preset named before them, as in "standard,400000steps".
    Raises UserError for any other text.
    """
    if text in PRESETS:
        return PRESETS[text]

    first, *rest = [part.strip() for part in text.split(",")]
    sizes, parts = (PRESETS[first], rest) if first in PRESETS else (PRESETS["quick"], [first, *rest])

    limits: dict[str, Any] = {}
    for part in parts:
        limit, value = _limit_in(part, text)
        if limit in limits:
            raise UserError(f"budget {quoted(text)} limits {limit} twice; give each kind of limit once, as in 8tflop,60s.")
        limits[limit] = value
    return replace(sizes, name="".join(text.split()), budget=Budget(**limits))


def _limit_in(part: str, text: str) -> tuple[str, float]:
    """ "60s" -> ("seconds", 60.0). Raises UserError at what is none, nothing, or more than anybody trains."""
    match = re.fullmatch(rf"([0-9]{{1,15}}(?:\.[0-9]{{1,15}})?)({'|'.join(UNITS)})", part)
    if match is None:
        raise UserError(f"{suggest(text, PRESETS, 'budget')} Or a limit, {EXAMPLES}.")

    limit, scale = UNITS[match[2]]
    value = float(match[1]) * scale
    if not 0 < value <= MOST[limit]:
        raise UserError(f"budget {quoted(text)}: {limit} are above 0 and at most {MOST[limit]:,.0f}; give a limit {EXAMPLES}.")
    if limit != "steps":
        return limit, value
    if not value.is_integer():
        raise UserError(f"budget {quoted(text)}: steps are whole numbers, from 1 on, as in 1000steps.")
    return limit, int(value)
