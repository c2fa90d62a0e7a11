"""The sections on measured arms: the answer, the forest plot, the ablation, the contrasts and the methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.highlighted_arms import HighlightedArms
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.ablation import csv
from reports.sections.ablation import text as grids
from reports.sections.ablation.answer import NO_CONTRAST
from reports.sections.ablation.arms_figure import arm_plot
from reports.sections.ablation.forest_figure import contrast_plot
from reports.sections.ablation.interval_rows import arm_marks
from reports.sections.ablation.values import ContrastTable, MeasuredArms, ModelRow
from reports.sections.section import LeftOut, Section
from reports.statistics.estimate import Estimate
from reports.text.contrasts import corrected_over
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable, interval_caption
from reports.text.markdown_table import Grid
from reports.text.number_cells import CELL_LEGEND
from reports.text.seeds_and_folds import paired_by
from reports.text.templates import render_markdown_template


def _new_groups(study: StudyDescription, results: ResultsTable) -> str:
    """What test items belong to; empty where nothing is asked about new ones."""
    return "" if results.why_not_new else study.groups_are


@dataclass(frozen=True)
class AnswerSection(Section):
    """How far the numbers can be relied on and what they support; without a heading, after what was asked.

    Attributes:
        sentences: the answer.
    """

    sentences: tuple[str, ...]

    def markdown(self) -> str:
        """A list."""
        return "\n".join(f"- {sentence}" for sentence in self.sentences)


@dataclass(frozen=True)
class ForestSection(Section):
    """The forest plot, and how to read an interval.

    Attributes:
        arms, contrasts: what it is about.
        study, results, metric: of which; metric: the primary one.
    """

    title: ClassVar[str] = "Forest plot"
    folds: ClassVar[bool] = False

    arms: MeasuredArms
    contrasts: ContrastTable
    study: StudyDescription
    results: ResultsTable
    metric: Metric

    def markdown(self) -> str:
        """The plot and the legend."""
        return render_markdown_template(
            "sections/ablation/forest.md.j2",
            figures=refer_to_figures(self.figures()),
            is_official=self.results.is_official,
            why_not_new=self.results.why_not_new,
            groups_are=self.study.groups_are,
            why_undefined=self._undefined_reasons(),
        )

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The forest plot."""
        return (contrast_plot(self.contrasts.rows, self.metric, _new_groups(self.study, self.results)),)

    def _undefined_reasons(self) -> tuple[str, ...]:
        """Why some intervals of the primary metric are undefined: each reason once."""
        reasons: dict[str, None] = {}
        shown = [row.measured[self.metric.name].estimates for row in self.arms.ablation.rows]
        shown += [model.row.measured[self.metric.name].estimates for model in self.arms.models]
        shown += [row.differences[self.metric.name].estimates for row in self.contrasts.everything]
        for estimates in shown:
            both: tuple[Estimate, ...] = () if estimates is None else (estimates.rerun, estimates.new_data)
            for estimate in both:
                if estimate.low is None and estimate.note:
                    reasons.setdefault(f"{estimate.question}: {estimate.note}")
        return tuple(reasons)


@dataclass(frozen=True)
class AblationSection(Section):
    """Every arm with its components and its numbers.

    Attributes:
        arms: as measured.
        metrics: the primary one first.
        highlighted: the arms that the figure shows.
        study, results: whose arms these are.
    """

    title: ClassVar[str] = "Ablation"

    arms: MeasuredArms
    metrics: tuple[Metric, ...]
    highlighted: HighlightedArms
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """The table, the figure, and the other metrics."""
        return render_markdown_template(
            "sections/ablation/ablation.md.j2",
            grid=grids.ablation_grid(self.arms.ablation, self.metrics[0]),
            ticks=grids.ticks_sentence(self.arms.ablation),
            figures=refer_to_figures(self.figures()),
            other_metrics=self._other_metrics(),
            cell_legend=CELL_LEGEND,
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every arm on every metric."""
        table = self.arms.ablation
        return (csv.arm_table(tuple(self.arms.by_name.values()), tuple(table.components), table.dataset, self.metrics),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """The ablation, then the other metrics, a few in a table."""
        study, intervals = self.study.study, interval_caption(self.results.why_not_new, self.study.groups_are)
        ticks = grids.ticks_sentence(self.arms.ablation)
        return (
            LatexTable(
                "ablation",
                f"Ablation, study {study}. {intervals}.",
                grids.ablation_grid(self.arms.ablation, self.metrics[0]),
                (ticks,) if ticks else (),
            ),
            *(
                LatexTable(
                    f"other_metrics_{number}",
                    f"Other metrics, study {study}: mean with the half-widths of both intervals. {intervals}.",
                    grid,
                )
                for number, grid in enumerate(self._other_metrics(), start=1)
            ),
        )

    def _other_metrics(self) -> tuple[Grid, ...]:
        """Those of single classes and questions stand in a section of their own."""
        target = self.study.target
        names = () if target.is_numeric else target.names
        of_names = {f"{kind}_{name}" for kind in ("f1", "acc") for name in names}
        others = [metric for metric in self.metrics[1:] if metric.name not in of_names]
        return tuple(grids.other_metric_grids(tuple(self.arms.by_name.values()), others))

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The highlighted arms with their intervals."""
        shown = [row for row in self.arms.by_name.values() if row.arm in self.highlighted.names]
        marks = arm_marks(shown, self.metrics[0], self.study.baseline)
        components, new_groups = self.arms.ablation.components, _new_groups(self.study, self.results)
        return (arm_plot(marks, components, self.metrics[0], self.highlighted.selection, new_groups),)


@dataclass(frozen=True)
class ContrastsSection(Section):
    """The declared contrasts with verdicts, and the comparisons beside them without.

    Attributes:
        table: both.
        metrics: the primary one first.
        study, results: whose contrasts these are.
    """

    title: ClassVar[str] = "Contrasts"

    table: ContrastTable
    metrics: tuple[Metric, ...]
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """Verdicts, sizes and tests."""
        rows, metric = self.table.rows, self.metrics[0]
        return render_markdown_template(
            "sections/ablation/contrasts.md.j2",
            num_contrasts=len(rows),
            corrected_over=corrected_over(len(rows)),
            verdicts=list(grids.verdict_lines(rows)),
            metric=metric,
            paired_by=paired_by(self.results.is_official),
            contrast_sizes=grids.contrast_size_grid(rows, metric),
            contrast_tests=grids.contrast_test_grid(rows, metric),
            has_other_metrics=len(self.metrics) > 1,
            undeclared=grids.undeclared_grid(self.table.undeclared, metric),
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Contrasts, where none was declared."""
        return () if self.table.rows else (LeftOut("contrasts", NO_CONTRAST),)

    def csv_tables(self) -> tuple[Table, ...]:
        """Every comparison on every metric."""
        return (csv.contrast_table(self.table.everything, self.metrics),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """Sizes and tests, and the comparisons beside them."""
        study, metric, rows = self.study.study, self.metrics[0], self.table.rows
        intervals = interval_caption(self.results.why_not_new, self.study.groups_are)
        sizes = LatexTable(
            "contrasts",
            f"Declared contrasts, study {study}: first minus second, {metric.label}, over pairs of runs. {intervals}.",
            grids.contrast_size_grid(rows, metric),
        )
        tests = LatexTable(
            "contrast_tests",
            f"Declared contrasts, study {study}: sizes and p-values, each raw / Holm-corrected over them; "
            "both is the larger of the two.",
            grids.contrast_test_grid(rows, metric),
        )
        undeclared = grids.undeclared_grid(self.table.undeclared, metric)
        if undeclared is None:
            return sizes, tests
        caption = (
            f"Comparisons beside the declared contrasts, study {study}: first minus second, {metric.label}; no claim "
            f"is made from them. {intervals}."
        )
        return sizes, tests, LatexTable("comparisons", caption, undeclared)


@dataclass(frozen=True)
class MethodsSection(Section):
    """The baseline and every other method; without other methods there is nothing to say.

    Attributes:
        models: the rows.
        metric: the primary one.
        study, results: whose methods these are.
    """

    title: ClassVar[str] = "Methods"

    models: tuple[ModelRow, ...]
    metric: Metric
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """The table, and where the claims are that its intervals do not make."""
        if not self.models:
            return ""
        alone = "Each interval is of its number alone; what is claimed of a difference stands under Contrasts."
        return f"{alone}\n\n{grids.model_grid(self.models, self.metric)}"

    def csv_tables(self) -> tuple[Table, ...]:
        """The same on the primary metric."""
        return (csv.method_table(self.models, self.metric),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """The same table."""
        intervals = interval_caption(self.results.why_not_new, self.study.groups_are)
        caption = f"Methods, study {self.study.study}. {intervals}."
        return (LatexTable("methods", caption, grids.model_grid(self.models, self.metric)),)
