"""The sections on single classes and on single questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.highlighted_arms import HighlightedArms
from reports.results.results import ResultsTable
from reports.sections.ablation.values import ArmRow
from reports.sections.classes.confusion import Confusion
from reports.sections.classes.figure import confusion_plot
from reports.sections.classes.text import (
    MOST_CLASSES,
    class_grids,
    confusion_grid,
    confusion_sentence,
    confusion_table,
    question_grids,
)
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable, interval_caption
from reports.text.markdown_table import Grid
from reports.text.number_cells import CELL_LEGEND
from reports.text.templates import render_markdown_template

MOST_TABLES = 2
"""Confusions as tables in the text: the baseline's and one more."""


@dataclass(frozen=True)
class ClassesSection(Section):
    """Scores class by class, and what is taken for what; other targets have nothing to say here.

    Attributes:
        arms: as measured.
        confusions: of every arm that has some.
        highlighted: the arms that the figure shows.
        study, results: whose classes these are.
    """

    title: ClassVar[str] = "Class by class"

    arms: tuple[ArmRow, ...]
    confusions: tuple[Confusion, ...]
    highlighted: HighlightedArms
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """Scores, then what is confused."""
        if not self._has_classes or not self.results.runs:
            return ""
        names = self.study.target.names
        has_grids = len(names) <= MOST_CLASSES
        return render_markdown_template(
            "sections/classes/classes.md.j2",
            cell_legend=CELL_LEGEND,
            grids=self._grids(),
            figures=refer_to_figures(self.figures()),
            confusions=[
                (confusion_sentence(one, names), confusion_grid(one, names) if has_grids else None)
                for one in self._shown[:MOST_TABLES]
            ],
            has_folds=not self.results.is_official,
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every confusion; scores of classes are among those of the arms."""
        return (confusion_table(self.confusions, self.study.target.names),) if self._has_classes else ()

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """Scores by class, and the confusion of the baseline."""
        if not self._has_classes or not self.results.runs:
            return ()
        names = self.study.target.names
        tables = _score_tables("class", self._grids(), self.study, self.results)
        if self._shown and len(names) <= MOST_CLASSES:
            first = self._shown[0]
            caption = (
                f"Confusion of {first.label}, study {self.study.study}: per cent of the items of a label, and items in "
                f"parentheses, mean over {first.num_runs} completed runs."
            )
            tables.append(LatexTable("confusion", caption, confusion_grid(first, names)))
        return tuple(tables)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The confusions of the highlighted arms."""
        return (confusion_plot(self._shown, self.study.target.names),) if self._has_classes else ()

    @property
    def _has_classes(self) -> bool:
        return self.study.target.kind == "classes"

    @property
    def _shown(self) -> tuple[Confusion, ...]:
        """The baseline first, then the other highlighted arms."""
        found = [one for one in self.confusions if one.arm in self.highlighted.names]
        return tuple(sorted(found, key=lambda one: one.arm != self.study.baseline))

    def _grids(self) -> tuple[Grid, ...]:
        num_items = self._shown[0].num_items.tolist() if self._shown else None
        return tuple(class_grids(self.arms, self.study.target, num_items))


@dataclass(frozen=True)
class QuestionsSection(Section):
    """Accuracy and F1 question by question; other targets have nothing to say here.

    Attributes:
        arms: as measured.
        study, results: whose questions these are.
    """

    title: ClassVar[str] = "Question by question"

    arms: tuple[ArmRow, ...]
    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """The pairs of every question."""
        if not self._has_questions:
            return ""
        return render_markdown_template(
            "sections/classes/questions.md.j2",
            cell_legend=CELL_LEGEND,
            grids=list(question_grids(self.arms, self.study.target)),
        )

    def latex_tables(self) -> tuple[LatexTable, ...]:
        """The same tables."""
        if not self._has_questions:
            return ()
        grids = question_grids(self.arms, self.study.target)
        return tuple(_score_tables("question", tuple(grids), self.study, self.results))

    @property
    def _has_questions(self) -> bool:
        return self.study.target.kind == "binaries" and bool(self.results.runs)


def _score_tables(what: str, grids: Sequence[Grid], study: StudyDescription, results: ResultsTable) -> list[LatexTable]:
    intervals = interval_caption(results.why_not_new, study.groups_are)
    caption = f"Scores by {what}, study {study.study}: mean with the half-widths of both intervals. {intervals}."
    return [LatexTable(f"by_{what}_{place}", caption, grid) for place, grid in enumerate(grids, start=1)]
