"""SVG as matplotlib writes it -> one element for HTML: colours as CSS variables, text alternatives, texts for hovering."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from gan_bench.leaderboard.charts.base import plain

SVG = "http://www.w3.org/2000/svg"
TIPS = "tips-"  # what the ids of elements begin with that have texts for hovering; the rest is their place in the list
HEX = r"#[0-9a-f]{6}"

# What a kept chart may hold: the attributes of each element, and for each attribute the only values that we write.
_NUMBER, _ID = r"-?[0-9.]+", r"c[0-9a-f]+-[0-9a-z]+"
_PROPERTY = (
    r"(fill|stroke|opacity|(fill|stroke)-opacity|stroke-(width|linecap|linejoin|dasharray|dashoffset)|text-anchor|font-size)"
)
_VALUE = rf"([a-z]+|[0-9.,]+(px)?|var\(--[a-z0-9-]+, {HEX}\))"
_VALUES = {
    name: re.compile(pattern)
    for name, pattern in {
        "class": "chart", "role": "img", "stroke-linejoin": "round", "aria-labelledby": rf"{_ID}( {_ID})*", "id": _ID,
        "href": f"#{_ID}", "width": _NUMBER, "height": _NUMBER, "viewBox": rf"0 0 {_NUMBER} {_NUMBER}", "x": _NUMBER,
        "y": _NUMBER, "d": r"[MLQCZz0-9. -]*", "transform": rf"rotate\({_NUMBER} {_NUMBER} {_NUMBER}\)",
        "style": rf"{_PROPERTY}: {_VALUE}(; {_PROPERTY}: {_VALUE})*",
    }.items()
}  # fmt: skip
_HELD = {
    "svg": {"class", "role", "stroke-linejoin", "aria-labelledby", "width", "height", "viewBox"},
    "title": {"id"}, "desc": {"id"}, "g": {"style"}, "defs": set(), "path": {"id", "d", "style"},
    "use": {"href", "x", "y", "style"}, "text": {"x", "y", "transform", "style"},
}  # fmt: skip


def inline(raw: str, key: str, title: str, alt: str, tips: Sequence[Sequence[str]], colours: dict[str, str]) -> str:
    """The element of a chart. The same arguments give the same bytes.

    raw      what matplotlib wrote
    key      of the chart, in hexadecimal digits; all ids begin with it
    tips     for each element whose id is TIPS and a place: the texts of its marks, or one for the whole
    colours  colour as drawn, "#rrggbb" -> as CSS
    """
    root = ElementTree.fromstring(raw)
    _strip(root)
    root[:] = [
        child for child in root if child.tag not in ("metadata", "defs")
    ]  # a style sheet, and clips, which we do not use
    for element in list(root.iter("g")):
        if element.get("id", "").startswith(TIPS):
            _add_tips(element, tips[int(element.get("id", "")[len(TIPS) :])])

    _rename(root, f"c{key}")
    for element in root.iter():
        _tidy(element, colours)
    root[:] = _unwrapped(root)
    return ElementTree.tostring(_headed(root, f"c{key}", title, alt), encoding="unicode")


def is_ours(text: str, key: str) -> bool:
    """Whether a kept chart holds nothing but what `inline` writes for this key: no script, no link, no style from elsewhere."""
    if "<!" in text or "<?" in text or "xlink" in text:
        return False
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return False

    start, named = f"c{key}-", "{" + SVG + "}"
    return root.tag == f"{named}svg" and all(_is_known(element, named, start) for element in root.iter())


def _is_known(element: Element, named: str, start: str) -> bool:
    held = _HELD.get(element.tag.removeprefix(named)) if element.tag.startswith(named) else None
    if held is None:
        return False
    for name, value in element.attrib.items():
        if name not in held or not _VALUES[name].fullmatch(value):
            return False
    return all(element.get(name, start).lstrip("#").startswith(start) for name in ("id", "href"))


def _strip(root: Element) -> None:
    """Take the namespaces from all names, since HTML has none."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if "}" in name]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))


def _add_tips(group: Element, texts: Sequence[str]) -> None:
    """One text for each mark of a group where there are as many, else the first one for the whole group."""
    marks = list(group.iter("use")) or list(group.iter("path"))  # paths: the cells of a table
    for target, text in zip(marks if len(marks) == len(texts) else [group], texts, strict=False):
        title = Element("title")
        title.text = plain(text)
        target.insert(0, title)


def _rename(root: Element, start: str) -> None:
    """Ids that something refers to become unique on the page; the others go."""
    places = count()
    names: dict[str, str] = {}
    for element in root.iter("use"):
        names.setdefault(element.get("href", "")[1:], "")
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in names:
            names[old] = f"{start}-{next(places)}"
            element.set("id", names[old])
    for element in root.iter("use"):
        element.set("href", "#" + names[element.get("href", "")[1:]])


def _tidy(element: Element, colours: dict[str, str]) -> None:
    """Shorter numbers and styles, colours as CSS, and no space between elements."""
    element.tail = None
    if element.tag not in ("text", "title"):
        element.text = None
    if "clip-path" in element.attrib:
        raise AssertionError("a chart's elements are drawn with clip_on=False")

    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name in {"d", "x", "y", "transform"} & set(element.attrib):
        element.set(name, _shorter(element.attrib[name]))
    if "style" in element.attrib:
        style = re.sub(r" ?font-family: [^;]*;", "", element.attrib["style"])
        element.set("style", re.sub(HEX, lambda found: colours[found[0]], style))


def _shorter(numbers: str) -> str:
    return re.sub(r"(-?\d+)\.(\d*)", _two_decimals, " ".join(numbers.split()))


def _two_decimals(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _unwrapped(element: Element) -> list[Element]:
    """Its children, without groups that have neither a style nor a text for hovering."""
    children: list[Element] = []
    for child in element:
        child[:] = _unwrapped(child)
        bare = child.tag == "g" and not child.attrib and child.find("title") is None
        children += list(child) if bare else [child]
    return children


def _headed(root: Element, start: str, title: str, alt: str) -> Element:
    """The root with its size in px and its text alternatives, the way a page needs it."""
    *_, width, height = root.get("viewBox", "").split()
    shown = [(tag, plain(text)) for tag, text in (("title", title), ("desc", alt)) if text]
    labelled = " ".join(f"{start}-{tag}" for tag, _ in shown)
    head = Element("svg", {
        "xmlns": SVG, "class": "chart", "role": "img", "aria-labelledby": labelled, "width": width, "height": height,
        "viewBox": f"0 0 {width} {height}", "stroke-linejoin": "round",
    })  # fmt: skip

    for tag, text in shown:
        child = Element(tag, {"id": f"{start}-{tag}"})
        child.text = text
        head.append(child)
    head.extend(root)
    return head
