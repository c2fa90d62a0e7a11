"""The forms of a report that its sections give one by one: CSV files, LaTeX and Markdown tables, figures."""

from __future__ import annotations

from collections.abc import Mapping

from reports.drawing.plot import NoPlot, Plot
from reports.report import Report
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.markdown_table import MarkdownTable


def report_tables(report: Report) -> tuple[Table, ...]:
    """Every CSV file, also the empty ones."""
    return tuple(table for section in report.sections for table in section.csv_tables())


def latex_tables(report: Report) -> tuple[LatexTable, ...]:
    """Every LaTeX table with a row to show."""
    return tuple(table for section in report.sections for table in section.latex_tables() if table.grid.rows)


def markdown_tables(report: Report) -> tuple[MarkdownTable, ...]:
    """Every table that is a Markdown file of its own."""
    return tuple(table for section in report.sections for table in section.markdown_tables())


def plots_of(report: Report) -> Mapping[str, Plot | NoPlot]:
    """Every figure by name, none of them drawn yet, with a reason in the place of those that there cannot be."""
    return {plot.name: plot for section in report.sections for plot in section.figures()}
