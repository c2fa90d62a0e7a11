"""The section on trade-offs: the fronts of a search over several objectives."""

from __future__ import annotations

from dataclasses import dataclass

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.sections.pareto.figure import pareto_plot
from reports.sections.pareto.text import front_blocks, front_table, objective_label
from reports.sections.pareto.values import ParetoTable
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class ParetoSection(Section):
    """It continues the section on hyperparameters.

    Attributes:
        table: None where the search had one objective, or there was none.
        num_cells: of the study.
    """

    table: ParetoTable | None
    num_cells: int

    def markdown(self) -> str:
        """The figure, and a table per front."""
        if self.table is None:
            return ""
        return render_markdown_template(
            "sections/pareto/section.md.j2",
            num_objectives=len(self.table.objectives),
            objectives=", ".join(map(objective_label, self.table.objectives)),
            blocks=list(front_blocks(self.table, self.num_cells)),
            figures=refer_to_figures(self.figures()),
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every trial on a front."""
        return (front_table(self.table),)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The fronts of the first cell."""
        return (pareto_plot(self.table, self.num_cells),)
