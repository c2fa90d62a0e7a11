"""Markup that a report never writes itself, and that only a name in it can hold: shown, and not followed."""

from __future__ import annotations

import re

_FIGURE = re.compile(r"!\[(?:[^\]\\]|\\.)*\]\(figures/[\w.-]+\)")
# HTML, a picture from elsewhere, and the beginning of an address that a browser would execute; not what is escaped.
_STRAY = re.compile(
    r"(?<!\\)((?:\\\\)*)(<(?=[A-Za-z/!?])|(?<=!)\[|(?<=\])\((?=\s*<?\s*(?:javascript|vbscript|data):))", re.IGNORECASE
)


def escape_markup(markdown: str) -> str:
    """``markdown`` with a backslash before every such sign; a report without such names is left as it is.

    Tables escape what would end a cell, and captions every sign; running text has names as they are.
    """
    return "\n".join(line if _FIGURE.fullmatch(line) else _STRAY.sub(r"\1\\\2", line) for line in markdown.split("\n"))
