"""A report: the study, its results, and the sections that show them, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.ablation.values import ArmRow
from reports.sections.section import Section

SectionT = TypeVar("SectionT")


@dataclass(frozen=True)
class Report:
    """Everything that a report shows.

    Attributes:
        study: what was planned, its arms described as they were trained.
        results: the scores and states of all confirm runs.
        metrics: those that are shown, the primary one first.
        answer: the first paragraph, one sentence each.
        arms: each arm as measured, by name.
        scored: ids of the configurations that were scored on the test part.
        sections: in the order of the text.
    """

    study: StudyDescription
    results: ResultsTable
    metrics: tuple[Metric, ...]
    answer: tuple[str, ...]
    arms: Mapping[str, ArmRow]
    scored: frozenset[str]
    sections: tuple[Section, ...]

    @property
    def primary(self) -> Metric:
        """The metric that claims are made on."""
        return self.metrics[0]

    def section(self, kind: type[SectionT]) -> SectionT:
        """The section of a kind. Raises LookupError if the report has none."""
        for section in self.sections:
            if isinstance(section, kind):
                return section
        raise LookupError(f"the report has no section of the kind {kind.__name__}")
