"""The section on missing modalities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.results.highlighted_arms import HighlightedArms
from reports.sections.missing.figure import missing_plot
from reports.sections.missing.text import fixed_grid, missing_table, rates_grid
from reports.sections.missing.values import MissingTable
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.rounding import fixed
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class MissingSection(Section):
    """Scores under every condition.

    Attributes:
        table: None where the study asked for no condition.
        highlighted: the arms that are shown in detail.
    """

    title: ClassVar[str] = "Missing modalities"

    table: MissingTable | None
    highlighted: HighlightedArms

    def markdown(self) -> str:
        """The curve and a table per kind of condition."""
        table = self.table
        if table is None:
            return ""
        metric = table.metrics[0]
        constant = "" if table.constant is None else f" ({fixed(table.constant, metric.decimals)}{metric.unit})"
        return render_markdown_template(
            "sections/missing/section.md.j2",
            metric=metric,
            constant=constant,
            rates=rates_grid(table) if table.rates else None,
            fixed=fixed_grid(table) if table.fixed else None,
            figures=refer_to_figures(self.figures()),
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every arm, condition and metric."""
        return (missing_table(self.table),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """Both tables."""
        table = self.table
        if table is None:
            return ()
        metric = table.metrics[0]
        note = (f"{metric.label}, mean over runs with 95% rerun interval; trained with every modality.",)
        found = []
        if table.rates:
            found.append(LatexTable("missing-rates", "Modalities missing at random.", rates_grid(table), note))
        if table.fixed:
            found.append(LatexTable("missing-fixed", "Modalities missing in every item.", fixed_grid(table), note))
        return tuple(found)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The curve; no empty place for it where the study asked for no condition."""
        return () if self.table is None else (missing_plot(self.table, self.highlighted),)
