"""GAN recipes by name. One file for each variant; see `base.Variant` for the contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gan_bench.core.contract import Attribute, flag, one_of, text
from gan_bench.core.registry import Registry
from gan_bench.records import FROM_LATENTS, PANELS, TASKS

if TYPE_CHECKING:
    from gan_bench.generators.base import Variant


def _is_settings(value: Any) -> bool:
    from gan_bench.generators.settings import Settings

    return isinstance(value, type) and issubclass(value, Settings)


def _unknown_settings(kind: type[Any]) -> str | None:
    """A setting in `paper_settings`, `short_budget` or `for_points` that the variant lacks, as the rest of a sentence."""
    from dataclasses import fields

    known = {field.name for field in fields(kind.settings_type)}
    for name in ("paper_settings", "short_budget", "for_points"):
        unknown = sorted(set(getattr(kind, name) or ()) - known)
        if unknown:
            return f"has {unknown[0]!r} in {name}, which is no field of {kind.settings_type.__name__}"
    return None


def _maps_to(options: Iterable[str]) -> Any:
    known = set(options)
    return lambda value: isinstance(value, dict) and set(value.values()) <= known


CONTRACT = (
    text("title"),
    text("paper"),
    one_of("task", TASKS, default=FROM_LATENTS),
    flag("conditional", default=False),
    Attribute("settings_type", "a subclass of Settings", _is_settings, default=None, listed=False),
    Attribute("paper_settings", "a dictionary of settings", lambda v: isinstance(v, dict), default={}, listed=False),
    Attribute("short_budget", "a dictionary of settings", lambda v: isinstance(v, dict), default={}, listed=False),
    Attribute("for_points", "a dictionary of settings, or None", lambda v: isinstance(v, dict), default=None, listed=False),
    Attribute("curves", f"a dictionary whose values are among {', '.join(PANELS)}", _maps_to(PANELS), default={}, listed=False),
)
VARIANTS: Registry[Variant] = Registry("variant", __name__, "gan_bench.variants", CONTRACT, _unknown_settings)
