"""A report drawn in every form, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.drawing.plot import Plot
from reports.drawing.render import Drawing, render
from reports.in_turn import MapItems, in_turn
from reports.output.forms import latex_tables, markdown_tables, plots_of, report_tables
from reports.output.markdown import render_markdown
from reports.report import Report
from reports.sections.run_log.kept_spaces import kept_spaces
from reports.text.escape_markup import escape_markup


@dataclass(frozen=True)
class RenderedReport:
    """A report in memory.

    Attributes:
        markdown: with figures as ``figures/<name>.svg``, tables as ``tables/<file>`` and spaces as
            ``spaces_as_run/<file>``.
        drawings: by name.
        tables: file -> text.
        folded: titles of the sections that the HTML page shows on demand.
        spaces: path -> text of the search spaces that ran.
    """

    markdown: str
    drawings: Mapping[str, Drawing]
    tables: Mapping[str, str]
    folded: frozenset[str] = frozenset()
    spaces: Mapping[str, str] = field(default_factory=dict)


def render_report(report: Report, map_items: MapItems = in_turn) -> RenderedReport:
    """Markdown, figures and tables of a report. map_items: goes through the figures."""
    plots = [plot for plot in plots_of(report).values() if isinstance(plot, Plot)]
    drawings = {drawing.name: drawing for drawing in map_items(render, plots)}
    tables = {f"{table.name}.csv": table.to_csv() for table in report_tables(report)}
    tables |= {f"{table.name}.tex": table.to_latex() for table in latex_tables(report)}
    tables |= {f"{table.name}.md": escape_markup(table.to_markdown()) for table in markdown_tables(report)}
    folded = frozenset(section.title for section in report.sections if section.folds and section.title)
    spaces = {space.path: space.text for space in kept_spaces(report.study) if space.path}
    return RenderedReport(
        markdown=render_markdown(report), drawings=drawings, tables=tables, folded=folded, spaces=spaces
    )
