"""The configuration that an arm of a recorded study chose, fold by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from dmd.scoring import higher_is_better
from orchestration.finished_study.nearest import nearest
from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription
from reports.results.confirm_records import confirmed_records
from reports.results.current_choice import ChoiceRule
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Cell, Value

Rule = Literal["only", "mean", "most", "nearest"]
"""Why a configuration speaks for an arm: it is the only choice; its mean over folds that all tried it is the best; most
folds chose it; it is the folds' choice that is nearest to the others."""


@dataclass(frozen=True)
class Choice:
    """What an arm chose on one fold.

    Attributes:
        cell: the fold.
        configuration_id: of it.
        settings: all that the arm fixes and the search chose.
        parameters: what the search chose.
        score: on validation: of the search trial that won, else the mean over confirm trials.
        is_final: whether confirm trials have begun; before that the search may still find a better one.
    """

    cell: Cell
    configuration_id: str
    settings: Mapping[str, Value]
    parameters: Mapping[str, Value]
    score: float
    is_final: bool


@dataclass(frozen=True)
class Configuration:
    """One configuration of an arm.

    Attributes:
        settings: all that the arm fixes and the search chose.
        parameters: what the search chose.
        score: on validation, of the arm that decided; a mean over all folds by the rule ``mean``, else over those that
            chose it.
        rule: why it is the one.
        by_fold: what every fold chose.
        choices: those of ``by_fold`` that are this configuration; none where a mean decided for another one.
        decided_by: the arm whose search decided, where the arm has none of its own; else empty.
    """

    settings: Mapping[str, Value]
    parameters: Mapping[str, Value]
    score: float
    rule: Rule
    by_fold: tuple[Choice, ...]
    choices: tuple[Choice, ...]
    decided_by: str = ""

    @property
    def num_cells(self) -> int:
        """Folds on which the arm has chosen any."""
        return len(self.by_fold)

    @property
    def is_final(self) -> bool:
        """Whether no search of it can go on to find a better one."""
        return all(choice.is_final for choice in self.by_fold)


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
    """The validation metric that configurations are chosen by, without prefix."""
    return ChoiceRule.of(study.description).objective


def confirmed_trials(study: RecordedStudy, arm: ArmDescription) -> tuple[RunRecord, ...]:
    """The completed confirm trials of the configuration that the arm chose, by repeat, fold and seed."""
    chosen = confirmed_records(study.records, ChoiceRule.of(study.description))
    completed = [record for record in chosen if record.arm == arm.name and record.status == "completed"]
    return tuple(sorted(completed, key=lambda record: (record.repeat, _index(record), record.seed)))


def choose_configuration(study: RecordedStudy, arm: ArmDescription, fold: int | None = None) -> Configuration:
    """The configuration of an arm, by a rule that is fair to folds of different difficulty.

    Values of different folds are not compared. Where every fold tried what the others chose (a grid), the best mean
    over the folds decides; else what most folds chose; among equals the one that is nearest to what all of them chose.
    An arm that is not searched follows the arm whose configurations it inherits.

    Args:
        study: finished, or still running.
        arm: of the study.
        fold: the only fold to look at, in all repeats; None: all.

    Raises:
        UsageError: nothing is chosen yet, or there is no such fold.
    """
    choices = tuple(choice for choice in _choices(study, arm) if fold is None or choice.cell.fold == fold)
    if not choices:
        where = f"arm {arm.name}" + ("" if fold is None else f", fold {fold}")
        raise UsageError(f"{study.origin}: {where}: no trial has completed yet, so no configuration is chosen")
    decider = _decider(study, arm)
    if decider != arm.name:
        owner = find_arm(study, decider)
        return _inherit(arm, choices, owner, choose_configuration(study, owner, fold))
    by_id: dict[str, list[Choice]] = {}
    for choice in choices:
        by_id.setdefault(choice.configuration_id, []).append(choice)
    if len(by_id) == 1:
        return _chosen(choices, choices, "only")
    tried = _searched(study, arm.name, objective_of(study))
    return _by_mean(study, choices, tried) or _by_count(choices, list(by_id.values()), tried)


def _by_mean(study: RecordedStudy, choices: tuple[Choice, ...], tried: Sequence[RunRecord]) -> Configuration | None:
    """The best mean over the folds, of configurations that were tried on all of them; None where a fold's choice was
    not, so that what others chose is unknown there."""
    metric = objective_of(study)
    best: dict[str, dict[Cell, RunRecord]] = {}
    for (cell, name), records in _by_cell_and_configuration(tried).items():
        best.setdefault(name, {})[cell] = _best(records, metric)
    cells = {choice.cell for choice in choices}
    known = {name: found for name, found in best.items() if cells <= found.keys()}
    if not all(choice.configuration_id in known for choice in choices):
        return None
    sign = _loss_sign(metric)
    means = {name: fmean(found[cell].valid[metric] for cell in cells) for name, found in known.items()}
    name = min(means, key=lambda name: (sign * means[name], name))
    winner = next(iter(known[name].values()))
    same = tuple(choice for choice in choices if choice.configuration_id == name)
    return Configuration(
        settings=winner.settings,
        parameters=winner.parameters,
        score=means[name],
        rule="mean",
        by_fold=choices,
        choices=same,
    )


def _by_count(
    choices: tuple[Choice, ...], groups: Sequence[Sequence[Choice]], tried: Sequence[RunRecord]
) -> Configuration:
    most = max(len(same) for same in groups)
    leading = [same for same in groups if len(same) == most]
    if len(leading) == 1:
        return _chosen(leading[0], choices, "most")
    index = nearest(
        [same[0].parameters for same in leading],
        [choice.parameters for choice in choices],
        [record.parameters for record in tried],
    )
    return _chosen(leading[index], choices, "nearest")


def _chosen(same: Sequence[Choice], choices: tuple[Choice, ...], rule: Rule) -> Configuration:
    score = fmean(choice.score for choice in same)
    return Configuration(
        settings=same[0].settings,
        parameters=same[0].parameters,
        score=score,
        rule=rule,
        by_fold=choices,
        choices=tuple(same),
    )


def _inherit(
    arm: ArmDescription, choices: tuple[Choice, ...], owner: ArmDescription, decided: Configuration
) -> Configuration:
    """The configuration of an arm that inherits what ``owner`` decided, as far as that applies to it."""
    cells = {choice.cell for choice in decided.choices}
    same = tuple(choice for choice in choices if choice.cell in cells)
    if same:
        settings, parameters = same[0].settings, same[0].parameters
    else:
        own = {name: value for name, value in choices[0].settings.items() if name not in choices[0].parameters}
        parameters = {
            name: value
            for name, value in decided.parameters.items()
            if _is_inherited(name, arm, choices, owner, decided.by_fold)
        }
        settings = {**own, **parameters}
    return Configuration(
        settings=settings,
        parameters=parameters,
        score=decided.score,
        rule=decided.rule,
        by_fold=choices,
        choices=same,
        decided_by=owner.name,
    )


def _is_inherited(
    name: str, arm: ArmDescription, choices: Sequence[Choice], owner: ArmDescription, decided: Sequence[Choice]
) -> bool:
    """Whether a searched value applies to the arm that inherits: as its own trials show; where none of them could have
    it, unless the arm is built with another value."""
    cells = {choice.cell for choice in decided if name in choice.parameters}
    beside = [choice for choice in choices if choice.cell in cells]
    if beside:
        return any(name in choice.parameters for choice in beside)
    return arm.settings.get(name) == owner.settings.get(name)


def _decider(study: RecordedStudy, arm: ArmDescription) -> str:
    """The arm whose search chooses for this one."""
    return ChoiceRule.of(study.description).decided_by.get(arm.name, arm.name)


def _choices(study: RecordedStudy, arm: ArmDescription) -> list[Choice]:
    metric = objective_of(study)
    confirmed, searched = _by_cell(confirmed_trials(study, arm)), _by_cell(_searched(study, arm.name, metric))
    choices = []
    for cell in sorted({*confirmed, *searched}, key=lambda cell: (cell.repeat, -1 if cell.fold is None else cell.fold)):
        records = confirmed.get(cell) or [_best(searched[cell], metric)]
        same = [r for r in searched.get(cell, ()) if r.configuration_id == records[0].configuration_id] or records
        score = fmean(record.valid[metric] for record in same)
        chosen = records[0]
        choices.append(
            Choice(
                cell=cell,
                configuration_id=chosen.configuration_id,
                settings=chosen.settings,
                parameters=chosen.parameters,
                score=score,
                is_final=cell in confirmed,
            )
        )
    return choices


def _searched(study: RecordedStudy, arm: str, metric: str) -> list[RunRecord]:
    return [
        record
        for record in study.records
        if record.arm == arm and record.stage == "search" and record.status == "completed" and metric in record.valid
    ]


def _best(records: Sequence[RunRecord], metric: str) -> RunRecord:
    sign = _loss_sign(metric)
    return min(records, key=lambda record: sign * record.valid[metric])


def _loss_sign(metric: str) -> float:
    """-1 where higher is better, else 1: a value times this is smaller the better it is."""
    return -1.0 if higher_is_better(metric) else 1.0


def _by_cell(records: Sequence[RunRecord]) -> dict[Cell, list[RunRecord]]:
    found: dict[Cell, list[RunRecord]] = {}
    for record in records:
        found.setdefault(Cell(record.repeat, record.fold), []).append(record)
    return found


def _by_cell_and_configuration(records: Sequence[RunRecord]) -> dict[tuple[Cell, str], list[RunRecord]]:
    found: dict[tuple[Cell, str], list[RunRecord]] = {}
    for record in records:
        found.setdefault((Cell(record.repeat, record.fold), record.configuration_id), []).append(record)
    return found


def _index(record: RunRecord) -> int:
    return -1 if record.fold is None else record.fold
