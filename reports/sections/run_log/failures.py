"""Every trial that failed and every confirm trial that is not there: each one a row, never a gap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.fold_cell import cell_of
from reports.results.results import ResultsTable, RunState
from reports.results.tabulate import is_scored
from reports.sections.run_log.values import FailureRow, FailureTable


def tabulate_failures(study: StudyDescription, results: ResultsTable, records: Sequence[RunRecord]) -> FailureTable:
    """Failed trials of both stages, in the order of arms, stages, cells and seeds; planned runs without a record.

    Args:
        study, results: what was planned, and the runs.
        records: of both stages, in any order.
    """
    order = {arm.name: place for place, arm in enumerate(study.arms)}
    scored_ids = {
        record.trial_id: bool(np.isfinite(results.scores[arm, seed, cell]).any())
        for (arm, seed, cell), record in results.runs.items()
    }
    rows = [
        _row(record, scored_ids.get(record.trial_id, False), study.target.constant_predictor)
        for record in sorted(
            records,
            key=lambda r: (order.get(r.arm, len(order)), r.stage, cell_of(r.repeat, r.fold), r.seed, r.trial_id),
        )
        if _has_failed(record, study)
    ]
    missing = tuple(
        (results.arms[arm], results.seeds[seed], results.cells[cell].name)
        for arm, seed, cell in np.argwhere(results.state == RunState.MISSING)
    )
    return FailureTable(tuple(rows), missing)


def _has_failed(record: RunRecord, study: StudyDescription) -> bool:
    if record.stage == "confirm":
        return not is_scored(record, study.metrics)
    return record.status == "failed"


def _row(record: RunRecord, has_score: bool, predictor: str) -> FailureRow:
    if record.stage == "search":
        scored_as = "not chosen"
    else:
        scored_as = predictor if has_score else "missing: no fallback score is known for its cell"
    error = record.error or ("test scores are not finite" if record.test else "ended without test scores")
    return FailureRow(
        trial_id=record.trial_id,
        arm=record.arm,
        stage=record.stage,
        seed=record.seed,
        cell=cell_of(record.repeat, record.fold).name,
        attempts=record.attempts,
        epochs=record.num_epochs,
        error=" ".join(error.split()),
        scored_as=scored_as,
    )
