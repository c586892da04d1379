"""Changes to variants' settings, as the command line gives them: `--set dcgan.label_smoothing=0.1`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest
from gan_bench.generators import VARIANTS


def parse_changes(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """ "VARIANT.SETTING=VALUE" texts -> {variant: {setting: value}}. Raises UserError at whatever is not such a change."""
    changes: dict[str, dict[str, Any]] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        variant, dot, setting = target.partition(".")
        if not (equals and dot):
            raise UserError(f"--set {text!r} is not of the form VARIANT.SETTING=VALUE, such as dcgan.lr=1e-4.")

        defaults = VARIANTS.get(variant).default_settings(width=64)
        if setting not in defaults:
            raise UserError(suggest(setting, defaults, f"setting of {variant}"))
        changes.setdefault(variant, {})[setting] = converted(value, defaults[setting], target)
    return changes


def converted(text: str, like: Any, target: str) -> Any:
    """The text as a value of the type that `like` has. Raises UserError, naming `target`."""
    kind = type(like)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{target} is true or false, not {text!r}.")
        return text.lower() == "true"

    try:
        return kind(text)
    except ValueError as error:
        wanted = {int: "a whole number", float: "a number"}[kind]
        raise UserError(f"{target} is {wanted}, not {text!r}.") from error
