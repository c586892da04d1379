"""The colours of the pages, each for a light and a dark theme, and the CSS that chooses between them."""

from __future__ import annotations

from collections.abc import Mapping

THEME = {  # name -> (light, dark); each text colour has a contrast of 4.5 or more on each background that it stands on
    "--page": ("#fbfbfa", "#14171a"),
    "--card": ("#ffffff", "#1b1f23"),
    "--ink": ("#1d2126", "#e6e8ea"),
    "--soft": ("#5a616a", "#a3abb4"),
    "--line": ("#e4e6e8", "#2e343a"),
    "--edge": ("#c3c8cd", "#4a525b"),
    "--stripe": ("#f5f6f7", "#20252a"),
    "--hover": ("#e8f1f9", "#22303c"),
    "--accent": ("#0b62a8", "#6db5f2"),
    "--warm": ("#d55e00", "#e07b32"),
    "--good": ("#136f3f", "#6fd39a"),
    "--bad": ("#a33a12", "#f2a483"),
    "--bad-back": ("#fbe9e1", "#40241a"),
    "--tag": ("#545b63", "#b4bbc3"),
    "--tag-back": ("#eceef0", "#2d333a"),
}


def variables(colours: Mapping[str, tuple[str, str]]) -> str:
    """CSS variables of these colours: by the system's theme, or by the one that the reader chose (`data-theme`)."""
    light = " ".join(f"{name}: {colour};" for name, (colour, _) in colours.items())
    dark = " ".join(f"{name}: {colour};" for name, (_, colour) in colours.items())
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ color-scheme: dark; {dark} }}\n"
        ":root[data-theme=light] { color-scheme: light; }\n"
    )
