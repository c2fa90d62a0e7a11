"""The section on the paper's tables: published numbers beside measured ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.records.study_description import StudyDescription
from reports.sections.paper_tables.table import PaperTable
from reports.sections.paper_tables.text import paper_block, paper_csv
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.number_cells import CELL_LEGEND
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class PaperTablesSection(Section):
    """The tables that the study speaks to; without one there is nothing to say.

    Attributes:
        tables: in the paper's order.
        study: whose numbers stand beside them.
    """

    title: ClassVar[str] = "Published beside measured"

    tables: tuple[PaperTable, ...]
    study: StudyDescription

    def markdown(self) -> str:
        """Each table with its footnotes."""
        if not self.tables:
            return ""
        return render_markdown_template(
            "sections/paper_tables/section.md.j2",
            blocks=[paper_block(table) for table in self.tables],
            data_name=self.study.data.get("name", "not recorded"),
            cell_legend=CELL_LEGEND,
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every cell of every table."""
        return (paper_csv(self.tables),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """Each table."""
        return tuple(self._latex_table(table) for table in self.tables)

    def _latex_table(self, table: PaperTable) -> LatexTable:
        block = paper_block(table)
        where = "" if table.dataset in table.title else f" ({table.dataset})"
        return LatexTable(
            f"table{table.number}",
            f"Table {table.number} of the paper, {table.title}{where}, beside study {self.study.study}, per cent. "
            "Printed numbers are other features, splits and seeds, without intervals, and are not ranked with measured "
            "ones.",
            block.grid,
            (*block.gaps, *table.notes),
        )
