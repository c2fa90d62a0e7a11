"""The report as one self-contained HTML file: the very Markdown of ``report.md``, rendered once.

Nothing is fetched and nothing foreign runs: figures stand inside the page as SVG, style and script are the page's own,
HTML in a name stays text, an image that is none of our figures becomes its words, and a content security policy forbids
everything else to the browser.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import get_args

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from reports.drawing.render import Drawing
from reports.output.inline_svg import inline_svg
from reports.statistics.verdict import VerdictKind
from reports.text.templates import template_environment

_LONG_CELL, _BREAKABLE_CELL = 45, 18
"""Characters: a cell with more takes several lines, or may take two where the table is wider than the window."""

_FIGURE = re.compile(r"figures/([\w-]+)\.svg")


@dataclass(frozen=True)
class Heading:
    """An entry of the page's navigation."""

    anchor: str
    text: str


def render_page(
    title: str, markdown: str, drawings: Mapping[str, Drawing], folded: Collection[str] = frozenset()
) -> str:
    """The page. Same input, same bytes.

    Args:
        title: of the window.
        markdown: the report; it refers to figures as ``figures/<name>.svg``.
        drawings: figures by name.
        folded: second-level headings whose sections are shown on demand.
    """
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
    tokens = parser.parse(markdown)
    headings = _anchor_headings(tokens)
    _mark_cells(tokens)
    arranged = list(_with_sections(list(_with_figures(_with_table_boxes(tokens), drawings)), folded))
    body = parser.renderer.render(arranged, parser.options, {})
    script = _own_file("page.js")
    return (
        template_environment(autoescape=True)
        .get_template("templates/report.html.j2")
        .render(
            title=title,
            headings=headings,
            body=Markup(body),
            style=Markup(_own_file("page.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _own_file(name: str) -> str:
    return files("reports").joinpath("templates", name).read_text(encoding="utf-8")


def _anchor_headings(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    """Give every heading an id of its own; the second-level ones make the navigation."""
    taken: set[str] = set()
    entries = []
    for token, inline in itertools.pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = _plain(inline)
        stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        anchor, number = stem, 2
        while anchor in taken:
            anchor, number = f"{stem}-{number}", number + 1
        taken.add(anchor)
        token.attrSet("id", anchor)
        if token.tag == "h2":
            entries.append(Heading(anchor, text))
    return tuple(entries)


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _mark_cells(tokens: Sequence[Token]) -> None:
    """A class for cells that hold a verdict and nothing else (the page colours them), and for long ones, which wrap."""
    for token, inline in itertools.pairwise(tokens):
        if token.type != "td_open":
            continue
        text = _plain(inline)
        if text in get_args(VerdictKind):
            token.attrSet("class", f"verdict {text.replace(' ', '-')}")
        elif len(text) > _LONG_CELL:
            token.attrSet("class", "long")
        elif len(text) > _BREAKABLE_CELL:
            token.attrSet("class", "breakable")


def _with_table_boxes(tokens: Sequence[Token]) -> Iterator[Token]:
    """A wide table scrolls in a box of its own, also by keyboard; a last row in bold is its foot and stays there."""
    heading = ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _plain(tokens[place + 1])
        if token.type == "table_open":
            _mark_numbered(tokens, place)
            yield _html(f'<div class="table" role="region" tabindex="0" aria-label="Table: {escape(heading)}">')
        if token.type == "tr_open" and _is_foot(tokens, place):
            token.attrSet("class", "foot")
        yield token
        if token.type == "table_close":
            yield _html("</div>\n")


def _mark_numbered(tokens: Sequence[Token], table: int) -> None:
    """A class for a table whose first column has no heading, because it only counts: the second one names its rows."""
    first_heading = next(place for place in range(table, len(tokens)) if tokens[place].type == "th_open")
    if not tokens[first_heading + 1].content.strip():
        tokens[table].attrSet("class", "numbered")


def _is_foot(tokens: Sequence[Token], row: int) -> bool:
    """Whether the row is the last of its table and its first cell is in bold."""
    first_cell = tokens[row + 2]
    is_bold = bool(first_cell.children) and first_cell.content.startswith("**")
    closing = next(place for place in range(row, len(tokens)) if tokens[place].type == "tr_close")
    return is_bold and tokens[closing + 1].type == "tbody_close"


def _with_figures(tokens: Iterator[Token], drawings: Mapping[str, Drawing]) -> Iterator[Token]:
    """A paragraph that is one image becomes a figure, a paragraph in italics right after it the caption."""
    pending = list(tokens)
    place = 0
    while place < len(pending):
        drawing = _drawing_at(pending, place, drawings)
        if drawing is None:
            yield _without_images(pending[place])
            place += 1
            continue
        caption = _caption_at(pending, place + 3)
        yield _html(f'<figure id="figure-{drawing.name}"><div class="plot" tabindex="0">{inline_svg(drawing)}</div>\n')
        place += 3
        if caption is not None:
            yield _html(f"<figcaption>{escape(caption)}</figcaption>\n")
            place += 3
        yield _html("</figure>\n")


def _drawing_at(tokens: Sequence[Token], place: int, drawings: Mapping[str, Drawing]) -> Drawing | None:
    """The figure that the paragraph at ``place`` consists of, or None."""
    if tokens[place].type != "paragraph_open":
        return None
    children = tokens[place + 1].children or []
    if len(children) != 1 or children[0].type != "image":
        return None
    match = _FIGURE.fullmatch(str(children[0].attrGet("src")))
    return drawings.get(match.group(1)) if match else None


def _caption_at(tokens: Sequence[Token], place: int) -> str | None:
    """The text of the paragraph at ``place`` if all of it is emphasised."""
    if place >= len(tokens) or tokens[place].type != "paragraph_open":
        return None
    children = tokens[place + 1].children or []
    is_emphasised = len(children) >= 3 and children[0].type == "em_open" and children[-1].type == "em_close"
    return _plain(tokens[place + 1]) if is_emphasised else None


def _without_images(token: Token) -> Token:
    """Images that are no figures of ours become their words: a name must not make a browser fetch anything."""
    for child in token.children or ():
        if child.type == "image":
            child.type, child.tag, child.children = "text", "", None
    return token


def _with_sections(tokens: Sequence[Token], folded: Collection[str]) -> Iterator[Token]:
    """One ``section`` per second-level heading; what comes before the first is the summary.

    A folded section is a ``details`` with the heading as its summary: browsers find words in it, and open it for them.
    """
    end = "</section>\n"
    yield _html('<section class="summary">\n')
    for place, token in enumerate(tokens):
        is_heading = token.type == "heading_open" and token.tag == "h2"
        if is_heading:
            yield _html(f'{end}<section aria-labelledby="{token.attrGet("id")}">\n')
            is_folded = _plain(tokens[place + 1]) in folded
            end = "</details>\n</section>\n" if is_folded else "</section>\n"
            if is_folded:
                yield _html("<details>\n<summary>")
        yield token
        if token.type == "heading_close" and token.tag == "h2" and end.startswith("</details>"):
            yield _html("</summary>\n")
    yield _html(end)


def _html(text: str) -> Token:
    """HTML of our own, as a token that is printed as it is."""
    return Token("html_block", "", 0, content=text)
