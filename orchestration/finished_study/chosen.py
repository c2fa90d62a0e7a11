"""The configuration that an arm of a recorded study chose, fold by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from dmd.scoring import higher_is_better
from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.process.errors import UsageError
from reports.records.record import ArmDescription, RunRecord
from reports.results.confirm_records import confirmed_records
from reports.results.current_choice import ChoiceRule
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Cell, Value


@dataclass(frozen=True)
class Choice:
    """What an arm chose on one fold.

    Attributes:
        cell: the fold.
        configuration_id: of it.
        settings: all that the arm fixes and the search chose.
        score: on validation: of the search trial that won, else the mean over confirm trials.
        is_final: whether confirm trials have begun; before that the search may still find a better one.
    """

    cell: Cell
    configuration_id: str
    settings: Mapping[str, Value]
    score: float
    is_final: bool


@dataclass(frozen=True)
class Configuration:
    """One configuration of an arm, and the folds that chose it.

    Attributes:
        choices: of this configuration, at least one.
        num_cells: folds on which the arm has chosen any.
    """

    choices: tuple[Choice, ...]
    num_cells: int

    @property
    def settings(self) -> Mapping[str, Value]:
        return self.choices[0].settings

    @property
    def score(self) -> float:
        """Mean over its folds."""
        return fmean(choice.score for choice in self.choices)

    @property
    def is_final(self) -> bool:
        return all(choice.is_final for choice in self.choices)


def find_arm(study: RecordedStudy, name: str | None = None) -> ArmDescription:
    """The arm of that name, or the baseline. Raises UsageError for a name that the study does not have, and for
    predictions of other code, which have no configuration here."""
    arms = {arm.name: arm for arm in study.description.arms}
    wanted = study.description.baseline if name is None else name
    if wanted not in arms:
        raise UsageError(f"{study.origin}: no arm {wanted!r}; {suggest(wanted, arms)}")
    if arms[wanted].is_external:
        raise UsageError(f"{study.origin}: arm {wanted} is predictions of other code; nothing was trained for it here")
    return arms[wanted]


def objective_of(study: RecordedStudy) -> str:
    """The validation metric that configurations are chosen by."""
    return str(study.description.search.get("objective", study.description.primary))


def confirmed_trials(study: RecordedStudy, arm: ArmDescription) -> tuple[RunRecord, ...]:
    """The completed confirm trials of the configuration that the arm chose, by repeat, fold and seed."""
    chosen = confirmed_records(study.records, ChoiceRule.of(study.description))
    completed = [record for record in chosen if record.arm == arm.name and record.status == "completed"]
    return tuple(sorted(completed, key=lambda record: (record.repeat, _index(record), record.seed)))


def choose_configuration(study: RecordedStudy, arm: ArmDescription, fold: int | None = None) -> Configuration:
    """The configuration that most folds chose; of several the one with the best score on validation.

    Args:
        study: finished, or still running.
        arm: of the study.
        fold: the only fold to look at, in all repeats; None: all.

    Raises:
        UsageError: nothing is chosen yet, or there is no such fold.
    """
    choices = [choice for choice in _choices(study, arm) if fold is None or choice.cell.fold == fold]
    if not choices:
        where = f"arm {arm.name}" + ("" if fold is None else f", fold {fold}")
        raise UsageError(f"{study.origin}: {where}: no trial has completed yet, so no configuration is chosen")
    by_id: dict[str, list[Choice]] = {}
    for choice in choices:
        by_id.setdefault(choice.configuration_id, []).append(choice)
    sign = -1.0 if higher_is_better(objective_of(study)) else 1.0
    ranked = sorted(by_id.values(), key=lambda same: (-len(same), sign * fmean(choice.score for choice in same)))
    return Configuration(tuple(ranked[0]), len(choices))


def _choices(study: RecordedStudy, arm: ArmDescription) -> list[Choice]:
    metric = objective_of(study)
    confirmed, searched = _by_cell(confirmed_trials(study, arm)), _by_cell(_searched(study, arm, metric))
    choices = []
    for cell in sorted({*confirmed, *searched}, key=lambda cell: (cell.repeat, -1 if cell.fold is None else cell.fold)):
        records = confirmed.get(cell) or [_best(searched[cell], metric)]
        same = [r for r in searched.get(cell, ()) if r.configuration_id == records[0].configuration_id] or records
        score = fmean(record.valid[metric] for record in same)
        choices.append(Choice(cell, records[0].configuration_id, records[0].settings, score, cell in confirmed))
    return choices


def _searched(study: RecordedStudy, arm: ArmDescription, metric: str) -> list[RunRecord]:
    return [
        record
        for record in study.records
        if record.arm == arm.name
        and record.stage == "search"
        and record.status == "completed"
        and metric in record.valid
    ]


def _best(records: Sequence[RunRecord], metric: str) -> RunRecord:
    sign = -1.0 if higher_is_better(metric) else 1.0
    return min(records, key=lambda record: sign * record.valid[metric])


def _by_cell(records: Sequence[RunRecord]) -> dict[Cell, list[RunRecord]]:
    found: dict[Cell, list[RunRecord]] = {}
    for record in records:
        found.setdefault(Cell(record.repeat, record.fold), []).append(record)
    return found


def _index(record: RunRecord) -> int:
    return -1 if record.fold is None else record.fold
