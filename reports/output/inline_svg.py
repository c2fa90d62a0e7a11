"""A drawn SVG made ready to stand inside a page: its theme, its ids, its words for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from reports.drawing.render import Drawing
from reports.drawing.style import FAINT, INK, LIGHT_PAGE, MUTED

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

LEAST_TEXT = 10.0
"""Pixels: smaller letters are hard to read on a phone, so the figure scrolls there instead of shrinking further."""

_FONT_SIZE = re.compile(r"([\d.]+)px")

THEMED: Mapping[str, str] = {INK: "--ink", MUTED: "--muted", FAINT: "--faint", LIGHT_PAGE: "--page"}
"""Colour of a figure -> the variable of the page that takes its place."""


def inline_svg(drawing: Drawing) -> str:
    """The ``svg`` element of a drawing for use inside HTML.

    Its inks become variables of the page, its ground the page's; ids get the figure's name in front, since a page holds
    several figures; width and height are left to the page. It is one image to assistive technology, with title and
    description.
    """
    root = ElementTree.fromstring(drawing.svg)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    for name in ("title", "metadata"):
        for element in root.findall(f"{{{_SVG}}}{name}"):
            root.remove(element)
    _inherit_line_ends(root)
    _clear_ground(root)
    if "viewBox" in root.attrib:
        root.set("style", f"--least: {_least_width(root):.0f}px")
    for element in root.iter():
        _adapt(element, drawing.name)
    title_id, text_id = f"{drawing.name}-title", f"{drawing.name}-text"
    root.attrib |= {"role": "img", "aria-labelledby": f"{title_id} {text_id}"}
    words_of_image = (("title", title_id, drawing.title), ("desc", text_id, drawing.description))
    for place, (tag, element_id, words) in enumerate(words_of_image):
        element = ElementTree.Element(tag, {"id": element_id})
        element.text = words
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _least_width(root: ElementTree.Element) -> float:
    """The width in pixels of the page at which the smallest text is :data:`LEAST_TEXT` high."""
    width = float(root.attrib["viewBox"].split()[2])
    sizes = [
        float(size) for element in root.iter(f"{{{_SVG}}}text") for size in _FONT_SIZE.findall(element.get("style", ""))
    ]
    return width * LEAST_TEXT / min(sizes, default=LEAST_TEXT)


def _clear_ground(root: ElementTree.Element) -> None:
    """Take the ground of the whole figure away: the page has the same, and its shade at the edge of a figure that
    scrolls lies below the figure."""
    for figure in root.findall(f"{{{_SVG}}}g"):
        for ground in figure.findall(f"{{{_SVG}}}g[@id='patch_1']/{{{_SVG}}}path"):
            ground.set("style", "fill: none")


def _inherit_line_ends(root: ElementTree.Element) -> None:
    """Say on the element what matplotlib says in a style sheet for ``*``, which would hold for the whole page."""
    for definitions in root.findall(f"{{{_SVG}}}defs"):
        for style in definitions.findall(f"{{{_SVG}}}style"):
            definitions.remove(style)
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt"}


def _adapt(element: ElementTree.Element, name: str) -> None:
    """One element: its tag without name space, its ids and references with ``name`` in front, its colours themed."""
    element.tag = str(element.tag).removeprefix(f"{{{_SVG}}}")
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "id":
            attributes["id"] = f"{name}-{value}"
        elif key in (f"{{{_XLINK}}}href", "href"):
            attributes["href"] = value.replace("#", f"#{name}-", 1)
        else:
            attributes[key] = _themed(re.sub(r"url\(#", f"url(#{name}-", value))
    element.attrib.clear()
    element.attrib.update(attributes)


def _themed(style: str) -> str:
    for color, variable in THEMED.items():
        style = style.replace(color, f"var({variable})")
    return style
