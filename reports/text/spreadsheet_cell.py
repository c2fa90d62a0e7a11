"""Text in a CSV file that a spreadsheet shows and does not calculate.

Spreadsheets take a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and formulas can fetch, send and,
with a click, start programs. The OWASP page on CSV injection lists the signs, a tab, a carriage return and the
full-width forms among them; an apostrophe in front turns such a cell into text. Names in a study's files come from
whoever made them: arms, parameters, items, errors.
"""

from __future__ import annotations

import re

_SIGNS = "=+\\-@\t\r＝＋－＠"  # noqa: RUF001 (full-width forms, which East Asian spreadsheets take for the plain ones)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LEADING = re.compile(rf"'*[{_SIGNS}]")
# Where a spreadsheet divides cells by something else than commas, whatever follows it begins a cell, quoted or not.
_DIVIDED = re.compile(rf"(?<=[;\t\r\n])(?=[{_SIGNS}])")
# Names of videos: no function can be called and no other program asked without a sign that is not among these.
_PLAIN_NAME = re.compile(r"[+-][\w$.\[\]-]*", re.ASCII)


def inert_text(text: str) -> str:
    """``text`` with an apostrophe before what would begin a formula; a number as it is.

    Text that begins with apostrophes before such a sign gets one more, so that :func:`original_text` finds it again.
    """
    if _NUMBER.fullmatch(text):
        return text
    held = f"'{text}" if _LEADING.match(text) else text
    return _DIVIDED.sub("'", held)


def inert_key(text: str) -> str:
    """The same for names that tables are joined by: ``-3g5yACwYnA$_$13``, a clip of CMU-MOSI, stays as it is.

    An apostrophe would make a join lose such clips without a word; a spreadsheet shows at worst that it knows no such
    name.
    """
    return text if _PLAIN_NAME.fullmatch(text) else inert_text(text)


def original_text(cell: str) -> str:
    """What :func:`inert_text` was given, read from the cell that it made; any other cell as it is.

    Text with a divider before a sign (a line break before ``=``) is not found again: no name has one.
    """
    return cell[1:] if cell.startswith("'") and _LEADING.match(cell) else cell
