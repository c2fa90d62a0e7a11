"""Every trial that has ended as a line of ``trials.csv``, with the names that ``dmd_search.Study.trials()`` uses."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.confirm_records import superseded_records
from reports.results.current_choice import ChoiceRule
from reports.text.csv_table import Cell, Table

SUPERSEDED = "superseded"
"""The column that marks confirm trials of configurations which a search that went on has replaced: they enter no
estimate, and means over the others are those of the tables."""
_HEAD = (
    "trial_id",
    "arm",
    "model",
    "stage",
    "status",
    SUPERSEDED,
    "seed",
    "repeat",
    "fold",
    "number",
    "configuration_id",
)
_TAIL = ("best_epoch", "num_epochs", "duration_s", "attempts", "device", "workers", "reused_from", "error")


def trial_table(study: StudyDescription, records: Sequence[RunRecord]) -> Table:
    """Trials of both stages, those of other code as well: arms in planned order, searches first, then by fold.

    Values are as recorded, as MLflow and searches have them: accuracies are shares. What a failed confirm trial scores
    as is in ``runs.csv``.

    Args:
        study: whose objective and primary metric are shown, and whose order of arms.
        records: one per trial, in any order; only what a record holds in memory is read.
    """
    objective, primary = ChoiceRule.of(study).objective, study.primary
    superseded = {record.trial_id for record in superseded_records(records, ChoiceRule.of(study))}
    parameters = sorted({name for record in records for name in record.parameters})
    place_of = {arm.name: place for place, arm in enumerate(study.arms)}
    rows = tuple(
        _row(record, objective, primary, parameters, is_superseded=record.trial_id in superseded)
        for record in sorted(records, key=lambda record: (place_of.get(record.arm, len(place_of)), *_place(record)))
    )
    numbers = (f"valid/{objective}", f"test/{primary}")
    return Table("trials", (*_HEAD, *numbers, *_TAIL, *(f"parameter/{name}" for name in parameters)), rows)


def _place(record: RunRecord) -> tuple[object, ...]:
    fold = -1 if record.fold is None else record.fold
    number = -1 if record.number is None else record.number
    return record.arm, record.stage != "search", record.repeat, fold, record.seed, number, record.trial_id


def _row(
    record: RunRecord, objective: str, primary: str, parameters: Sequence[str], is_superseded: bool
) -> tuple[Cell, ...]:
    place = (record.seed, record.repeat, record.fold, record.number, record.configuration_id)
    values = (record.valid.get(objective), (record.test or {}).get(primary))
    work = (record.best_epoch, record.num_epochs, record.duration_s, record.attempts, record.device, record.workers)
    chosen = (record.parameters.get(name) for name in parameters)
    head = (
        record.trial_id,
        record.arm,
        record.model,
        record.stage,
        record.status,
        "yes" if is_superseded else None,
        *place,
    )
    return (*head, *values, *work, record.reused_from, record.error, *chosen)
