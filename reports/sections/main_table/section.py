"""The section of the table for a paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.records.study_description import StudyDescription
from reports.results.results import ResultsTable
from reports.sections.main_table.csv import NAME, main_csv
from reports.sections.main_table.text import main_caption, main_grid, main_notes
from reports.sections.main_table.values import MainTable
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.markdown_table import MarkdownTable
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class MainTableSection(Section):
    """Every arm and method by mean and SD, and where the same table is as a file.

    Attributes:
        table: its rows.
        study, results: whose arms these are.
    """

    title: ClassVar[str] = "Main table"
    folds: ClassVar[bool] = False

    table: MainTable
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """The table, what its signs mean, and its files."""
        if not self._has_runs:
            return ""
        return render_markdown_template(
            "sections/main_table/section.md.j2",
            table=self._markdown_table.to_markdown().rstrip("\n"),
            name=NAME,
            groups_are=self.study.groups_are,
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """A line per arm with every metric."""
        return (main_csv(self.table),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """The same table, as wide as the page."""
        if not self._has_runs:
            return ()
        held = self._markdown_table
        return (LatexTable(NAME, held.caption, held.grid, held.notes, is_wide=True),)

    def markdown_tables(self) -> tuple[MarkdownTable, ...]:
        """The same table as a file of its own."""
        return (self._markdown_table,) if self._has_runs else ()

    @property
    def _markdown_table(self) -> MarkdownTable:
        described = (self.table, self.study, self.results)
        return MarkdownTable(NAME, main_caption(*described), main_grid(self.table), main_notes(*described))

    @property
    def _has_runs(self) -> bool:
        return bool(self.results.runs)
