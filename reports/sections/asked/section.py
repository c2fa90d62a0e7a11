"""The first paragraph of a report: what was asked."""

from __future__ import annotations

from dataclasses import dataclass

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.asked.text import asked_sentences
from reports.sections.section import Section


@dataclass(frozen=True)
class AskedSection(Section):
    """The question, the arms, the seeds, the data and the metric that claims are made on; without a heading.

    Attributes:
        study, results: which.
        metric: the primary one.
    """

    study: StudyDescription
    results: ResultsTable
    metric: Metric

    def markdown(self) -> str:
        """One paragraph, and what generated data are made of below it."""
        return "\n\n".join(asked_sentences(self.study, self.results, self.metric))
