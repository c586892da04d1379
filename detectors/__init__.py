"""Detectors of generated images by name. One file for each detector; see `base.Detector` for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gan_bench.core.contract import Attribute, flag, text
from gan_bench.core.registry import Registry

if TYPE_CHECKING:
    from gan_bench.detectors.base import Detector


def _default_fits(member: type[Any]) -> str | None:
    """A name that takes an argument needs a default for it, and another has none."""
    takes_one = member.name.endswith(":")
    if takes_one and not member.default:
        return "takes an argument, so it needs a `default` for it"
    return (
        f"takes no argument, so its `default` = {member.default!r} means nothing" if member.default and not takes_one else None
    )


CONTRACT = (
    text("method"), Attribute("default", "a text", lambda value: isinstance(value, str), ""),
    flag("costly", False), flag("combines", False), flag("differentiable", False),
)  # fmt: skip
DETECTORS: Registry[Detector] = Registry("detector", __name__, "gan_bench.detectors", CONTRACT, _default_fits)
AUGMENTED = "+aug"  # at the end of a name: the same detector, fitted also on blurred and compressed copies of the images


def plain(name: str) -> str:
    """The name without AUGMENTED."""
    return name.removesuffix(AUGMENTED)


def every_name() -> list[str]:
    """What `--detectors all` stands for: each detector with its default argument, plain and augmented.

    Those that combine others come last, and are not augmented.
    """
    members, _ = DETECTORS.describe()
    whole = {member["name"] + member["default"]: member["combines"] for member in members}
    fitted = [name for name, combines in whole.items() if not combines]
    return [*fitted, *(name + AUGMENTED for name in fitted), *(name for name, combines in whole.items() if combines)]
