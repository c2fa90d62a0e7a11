"""What every section of a report offers: its text, its tables as CSV, LaTeX and Markdown, its figures."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

from reports.drawing.plot import NoPlot, Plot
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.markdown_table import MarkdownTable


@dataclass(frozen=True)
class LeftOut:
    """What a section has nothing to say about. why: follows "because", in words that go for this study."""

    what: str
    why: str


class Section(Protocol):
    """One section of a report, which holds the values that it shows and nothing else.

    :func:`reports.analysis.analyse` makes it; the modules of ``reports/output/`` ask it for its forms, all in the same
    process, in any order and more than once. What it answers depends on its values alone: the same ones give the same
    bytes.

    Attributes:
        title: the heading; empty where the section continues the one above it.
        folds: whether the HTML page shows the heading alone until the reader asks for more.
    """

    title: ClassVar[str] = ""
    folds: ClassVar[bool] = True

    @abstractmethod
    def markdown(self) -> str:
        """What stands below the heading, figures referred to by name; empty where there is nothing to say, and then
        the heading is left out as well."""

    def left_out(self) -> tuple[LeftOut, ...]:
        """What :meth:`markdown` would only say that there is nothing to say about: a line at the end has it."""
        return ()

    def csv_tables(self) -> tuple[Table, ...]:
        """CSV files, also the empty ones: a file that is always there is easier to read by program."""
        return ()

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """Tables that belong into a paper, from the very grids that the text shows. Those without a row are not
        written."""
        return ()

    def markdown_tables(self) -> tuple[MarkdownTable, ...]:
        """Tables of :meth:`markdown` that are files of their own as well."""
        return ()

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """Figures, none of them drawn yet, with a reason in the place of those that there cannot be."""
        return ()
