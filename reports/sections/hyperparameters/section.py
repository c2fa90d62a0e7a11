"""The section on hyperparameters: what was chosen, what mattered, and what the search promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.highlighted_arms import HighlightedArms
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.configurations import BestConfigurations
from reports.sections.hyperparameters.configurations_text import configuration_blocks
from reports.sections.hyperparameters.csv import configuration_table, hyperparameter_tables
from reports.sections.hyperparameters.history import objective_metric
from reports.sections.hyperparameters.parallel_figure import parallel_plot
from reports.sections.hyperparameters.sensitivity_figure import sensitivity_plot
from reports.sections.hyperparameters.text import HyperparameterGrids, hyperparameter_grids, why_no_search
from reports.sections.hyperparameters.values import Hyperparameters
from reports.sections.section import LeftOut, Section
from reports.text.csv_table import Table
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class HyperparametersSection(Section):
    """What the searches say.

    Attributes:
        values: importance, sensitivity, flatness and optimism.
        configurations: what was confirmed.
        highlighted: the arms with paragraphs of their own.
        study, results: whose searches these are.
    """

    title: ClassVar[str] = "Hyperparameters"

    values: Hyperparameters
    configurations: BestConfigurations
    highlighted: HighlightedArms
    study: StudyDescription
    results: ResultsTable

    @property
    def grids(self) -> HyperparameterGrids:
        """The tables of the text."""
        rows, names = self.configurations.rows, self.highlighted.names
        blocks = configuration_blocks(rows, self.results.cells, objective_metric(self.study), names)
        return hyperparameter_grids(self.values, blocks, names)

    def markdown(self) -> str:
        """Findings first, then the tables behind them."""
        return render_markdown_template(
            "sections/hyperparameters/section.md.j2",
            section=self.values,
            grids=self.grids,
            selection=self.highlighted.selection,
            is_official=self.results.is_official,
            figures=refer_to_figures(self.figures()),
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """What searches would say, where no search trial has ended."""
        return () if self.values.histories else (LeftOut("hyperparameters", why_no_search(self.study)),)

    def csv_tables(self) -> tuple[Table, ...]:
        """Confirmed configurations, then every table of the section."""
        return configuration_table(self.configurations.rows), *hyperparameter_tables(self.values)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The search trials, and the sensitivity curves."""
        return parallel_plot(self.values.histories), sensitivity_plot(self.values, self.highlighted)
