"""The settings that variants share, their ranges, and the check of both.

Each variant extends one of the classes with its own fields and defaults. A range stands with its field, as
`Annotated[float, Field(gt=0, le=1)]`; a subclass that only changes the default keeps it. What is in range can be trained, which
does not mean that it learns anything. Upper limits are far above what anybody uses: they stop slips such as 1e20.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from gan_bench.core.errors import quoted
from gan_bench.core.registry import suggest

Width = Annotated[int, Field(ge=1, le=1024)]
Size = Annotated[int, Field(ge=1, le=8192)]
Rate = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(gt=0, le=1000)]
Share = Annotated[float, Field(ge=0, le=1)]
Memory = Annotated[float, Field(ge=0, lt=1)]  # of a running mean: at 1 it would never change
Weight = Annotated[float, Field(ge=0, le=1e6)]  # of a term of a loss
Repeats = Annotated[int, Field(ge=1, le=1000)]
Blocks = Annotated[int, Field(ge=0, le=64)]

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
STRICTNESS = ConfigDict(allow_inf_nan=False, arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Settings:
    """What the author of a variant may set.

    width       base channel count; the preset gives it, so that one variant serves a laptop and a GPU
    batch_size  images of one batch
    z_dim       numbers of one latent
    ema         decay for each update of the running average of G's weights that samples come from (Yazici et al. 2018,
                arXiv 1806.04498); 0: samples come from G itself
    decay       the last share of the budget, over which all learning rates fall linearly to 0, as many papers do over
                their last iterations; 0: they never fall
    """

    width: Width
    batch_size: Size = 64
    z_dim: Size = 100
    ema: Memory = 0.0
    decay: Share = 0.0


@dataclass(frozen=True)
class AdamSettings(Settings):
    """For a variant whose networks are trained by Adam.

    lr            the generator's learning rate
    d_lr_ratio    the discriminator's learning rate, divided by the generator's (Heusel et al. 2017, arXiv 1706.08500)
    beta1, beta2  Adam's decay rates of the means of gradients and of squared gradients
    """

    lr: Rate = 2e-4
    d_lr_ratio: Ratio = 1.0
    beta1: Memory = 0.5
    beta2: Memory = 0.999


def check_divisor(name: str, divisor: int, width: int) -> None:
    """Raises ValueError where a network of `width // divisor` channels would have none. `name`: that of the setting."""
    if divisor > width:
        raise ValueError(f"{name} must be at most the width, {width}, not {divisor}")


def fault_of(variant: str, kind: type[Settings], values: Mapping[str, Any]) -> str | None:
    """What is wrong with values of all settings of a variant, as "dcgan.lr must be a number, above 0 and at most 1, not -1.0."

    None: nothing. A class may refuse values that do not fit one another: its `__post_init__` raises ValueError with a text.
    """
    for name, wanted in wanted_by(kind).items():
        value = values[name]
        if type(value) not in WORDS:  # only these can be kept in a record, and given by --set
            return f"{variant}.{name} must be a number, a text, True or False, not a {type(value).__name__}."
        try:
            TypeAdapter(wanted, config=STRICTNESS).validate_python(value)
        except ValidationError:
            if get_origin(wanted) is Literal:
                return suggest(str(value), get_args(wanted), f"{variant}.{name}")
            return f"{variant}.{name} must be {_told(wanted)}, not {quoted(value) if isinstance(value, str) else value}."

    try:
        kind(**values)
    except ValueError as error:
        return f"{variant}: {str(error).rstrip('.')}."
    return None


def wanted_by(kind: type[Settings]) -> dict[str, Any]:
    """Each field of a settings class -> its type, with the range of the nearest class that states one."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        for name, hint in inspect.get_annotations(base, eval_str=True).items():
            if get_origin(hint) in (Annotated, Literal) or get_origin(found.get(name)) is not Annotated:
                found[name] = hint
    return {field.name: found[field.name] for field in fields(kind)}


def range_of(wanted: Any) -> str:
    """The range of a field's type for readers, as "above 0 and at most 1", or its allowed texts; "": it has none."""
    if get_origin(wanted) is Literal:
        *first, last = get_args(wanted)
        return f"{', '.join(first)} or {last}"

    low, above, high, below = (_bound(wanted, word) for word in ("ge", "gt", "le", "lt"))
    if low is not None and high is not None:
        return f"{low} to {high}"
    starts = f"{low} or more" if low is not None else f"above {above}" * (above is not None)
    ends = f"at most {high}" if high is not None else f"below {below}" * (below is not None)
    return " and ".join(part for part in (starts, ends) if part)


def _told(wanted: Any) -> str:
    """What a value must be, as "a whole number, 1 to 1,024"."""
    word = WORDS.get(get_args(wanted)[0] if get_origin(wanted) is Annotated else wanted, "what its type allows")
    return ", ".join(part for part in (word, range_of(wanted)) if part)


def _bound(wanted: Any, word: str) -> str | None:
    """One bound of a type such as Annotated[int, Field(ge=1)] by its name there, for readers; None: there is none."""
    bounds = [getattr(part, word, None) for part in _parts(wanted)]
    return next((f"{bound:,}" if isinstance(bound, int) else f"{bound:,g}" for bound in bounds if bound is not None), None)


def _parts(wanted: Any) -> Iterator[Any]:
    """What is said of a type beside it, with what stands in a Field of pydantic."""
    for part in getattr(wanted, "__metadata__", ()):
        yield from getattr(part, "metadata", None) or [part]
