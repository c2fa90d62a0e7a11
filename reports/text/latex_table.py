"""A grid as a LaTeX table (booktabs) that fits the page it is put on.

The file is read with ``\\input`` and needs ``booktabs`` alone. Where ``graphicx`` is loaded, a table wider than the
line is scaled down to it, a narrower one keeps its size; where ``amssymb`` is not, a tick is a root sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reports.text.markdown_table import Grid

HEADER = (
    r"""% Needs \usepackage{booktabs}; read it with \input. With \usepackage{graphicx} a wide table fits the line."""
)

_CHECK_MARK = r"\checkmark"
OF_TICKS = r"""% With \usepackage{amssymb} ticks are check marks.
\providecommand{\checkmark}{\surd}"""
"""Stands in files of tables with ticks."""

_FITTED = (
    r"\ifdim\wd0>\linewidth\ifdefined\resizebox\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi\else\usebox0\fi"
)

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': "''",
    "`": r"\textasciigrave{}",
    "✓": f"${_CHECK_MARK}$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "○": r"$\circ$",
    "×": r"$\times$",  # noqa: RUF001
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",  # noqa: RUF001 (an en dash, as tables print it)
    "…": r"\ldots{}",
    "\n": " ",
}
# A hyphen before a digit is a minus where nothing stands to its left, and so is one between spaces.
_MINUS = re.compile(r"(?<![^\s(])-(?=\d)|(?<=\s)-(?=\s)")


@dataclass(frozen=True)
class LatexTable:
    """One ``.tex`` file.

    Attributes:
        name: of the file, without its ending.
        caption: plain text, escaped like every cell.
        grid: the cells.
        notes: stand below the table, escaped likewise.
        is_wide: whether it goes over both columns of a page that has two.
    """

    name: str
    caption: str
    grid: Grid
    notes: tuple[str, ...] = ()
    is_wide: bool = False

    def to_latex(self) -> str:
        """The file's text: a ``table`` with caption and the label ``tab:<name>``."""
        grid, environment = self.grid, "table*" if self.is_wide else "table"
        heading, *rows = map(_row, (grid.headings, *grid.rows))
        for place in sorted(grid.blocks, reverse=True):
            rows.insert(place, r"\midrule")
        has_ticks = any(_CHECK_MARK in text for text in (heading, *rows, *map(escape, (self.caption, *self.notes))))
        lines = [
            HEADER,
            *([OF_TICKS] if has_ticks else []),
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            rf"\caption{{{escape(self.caption)}}}",
            rf"\label{{tab:{self.name}}}",
            r"\smallskip",
            r"\small",
            r"\sbox0{%",
            rf"\begin{{tabular}}{{{grid.align}}}",
            r"\toprule",
            heading,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}}%",
            _FITTED,
            *self._footnotes(),
            rf"\end{{{environment}}}",
        ]
        return "\n".join(lines) + "\n"

    def _footnotes(self) -> list[str]:
        if not self.notes:
            return []
        text = "\\par\n".join(escape(note) for note in self.notes)
        return [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {text}}}"]


def escape(text: str) -> str:
    """``text`` as LaTeX that prints it. A character beyond ASCII that LaTeX may not know stays as it is."""
    marked = _MINUS.sub("\x00", text)
    return "".join("$-$" if letter == "\x00" else _CHARACTERS.get(letter, letter) for letter in marked)


def _row(cells: Sequence[str]) -> str:
    """One line of the table; what the rule or the line break before it would take for its option (``[a]``, ``*a``)
    stands behind an empty group."""
    text = " & ".join(map(escape, cells))
    return f"{'{}' if text.startswith(('[', '*')) else ''}{text} \\\\"


def interval_caption(why_not_new: str, groups_are: str) -> str:
    """Which intervals a table has. why_not_new: why nothing is asked about new groups; empty if something is."""
    rerun = "95% intervals, not corrected for multiplicity: rerun (the same data, new seeds)"
    if why_not_new:
        return f"{rerun}; new data not asked, as {why_not_new}"
    return f"{rerun} and new data (new {groups_are})"
