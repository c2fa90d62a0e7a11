"""The section on attribution: what each component is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.attribution.csv import attribution_table
from reports.sections.attribution.figure import interaction_plot
from reports.sections.attribution.text import attribution_grids, attribution_left_out
from reports.sections.attribution.values import Attribution
from reports.sections.section import LeftOut, Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable, interval_caption
from reports.text.seeds_and_folds import paired_by
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class AttributionSection(Section):
    """Main effects, Shapley values and the path through the method's printed ablation.

    Attributes:
        values: on every metric.
        metrics: the primary one first.
        study, results: whose components these are.
    """

    title: ClassVar[str] = "Attribution"

    values: Attribution
    metrics: tuple[Metric, ...]
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """Tables on the primary metric, and the interaction plot."""
        return render_markdown_template(
            "sections/attribution/section.md.j2",
            section=self.values,
            grids=attribution_grids(self.values, self.metrics[0], self.study.component_labels),
            metric=self.metrics[0],
            paired_by=paired_by(self.results.is_official),
            figures=refer_to_figures(self.figures()),
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Values that average over combinations that the study has no arm for."""
        return tuple(attribution_left_out(self.values, self.study.component_labels))

    def csv_tables(self) -> tuple[Table, ...]:
        """Every effect on every metric."""
        return (attribution_table(self.values, self.metrics),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """The tables that there are."""
        return tuple(self._latex_tables())

    def _latex_tables(self) -> Iterator[LatexTable]:
        metric = self.metrics[0]
        grids = attribution_grids(self.values, metric, self.study.component_labels)
        what = f"study {self.study.study}, {metric.label}"
        intervals = interval_caption(self.results.why_not_new, self.study.groups_are)
        held = f" with {grids.held_on} on" if grids.held_on else ""
        for name, title, grid in (
            ("attribution", f"Main effects and Shapley values of {grids.components}{held}", grids.effects),
            ("interactions", f"Interactions of {grids.components}{held}", grids.interactions),
            ("precedence_constrained", "Precedence-constrained values (feasible orders only)", grids.constrained),
        ):
            if grid is not None:
                caption = f"{title}, {what}: with minus without, over complete sets of runs. {intervals}."
                yield LatexTable(name, caption, grid)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The interaction plot."""
        return (interaction_plot(self.values.factorial, self.metrics[0], self.study.component_labels),)
