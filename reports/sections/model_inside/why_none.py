"""Why a report has nothing to show of what is inside the models."""

from __future__ import annotations

from reports.records.study_description import StudyDescription
from reports.results.results import ResultsTable, RunState

KEEPS_DETAILS = "details"
"""Key of ``StudyDescription.confirm``: whether confirm trials keep what their model shows of every item."""


def why_none(study: StudyDescription, results: ResultsTable, no_such_part: str, has_details: bool) -> str:
    """The reason, as a clause.

    Args:
        study, results: what was planned, and the runs.
        no_such_part: what is to be said where no method of the study has the part.
        has_details: whether a trial kept any. A model that has nothing to show keeps none, though it was asked to.
    """
    keeps = study.confirm.get(KEEPS_DETAILS)
    if not (results.state == RunState.COMPLETED).any():
        return "no confirm run has completed"
    if has_details or keeps:
        return no_such_part
    if keeps is None:
        return f"{no_such_part}, or none kept its details"
    return "no details of trials were kept (`confirm.details: false`)"
