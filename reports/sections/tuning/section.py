"""The section on the tuning budget: what each search used, and what that bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.text import why_no_search
from reports.sections.section import LeftOut, Section
from reports.sections.tuning.csv import budget_tables
from reports.sections.tuning.figure import tuning_plot
from reports.sections.tuning.text import budget_grids
from reports.sections.tuning.values import Budget
from reports.text.csv_table import Table
from reports.text.seeds_and_folds import mean_of_searches
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class TuningSection(Section):
    """The budget of every searched arm, and its tuning curve.

    Attributes:
        budget: what the searches used.
        objective: the validation metric that was searched on.
        study, results: whose searches these are.
    """

    title: ClassVar[str] = "Budget"

    budget: Budget
    objective: Metric
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """The table of what was used, and the tuning curves."""
        if not self.budget.searches:
            return ""
        return render_markdown_template(
            "sections/tuning/section.md.j2",
            budget=self.budget,
            grids=budget_grids(self.budget),
            objective=self.objective,
            has_unsearched=bool({arm.name for arm in self.study.arms} - set(self.budget.by_arm())),
            mean_of_searches=mean_of_searches(self.results.is_official),
            is_official=self.results.is_official,
            figures=refer_to_figures(self.figures()),
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """The budget, where no search trial has ended."""
        return () if self.budget.searches else (LeftOut("the tuning budget", why_no_search(self.study)),)

    def csv_tables(self) -> tuple[Table, ...]:
        """Every search, and every point of every curve."""
        return budget_tables(self.budget)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The tuning curves."""
        return (tuning_plot(self.budget.curves, len(self.results.cells)),)
