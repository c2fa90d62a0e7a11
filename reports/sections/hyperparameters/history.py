"""The search trials of one arm as arrays: what importance, sensitivity and tuning curves are computed from.

Legend: ``n`` trials, ``P`` parameters.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.run_record import RunRecord, Status
from reports.records.study_description import StudyDescription
from reports.results.current_choice import ChoiceRule
from reports.results.fold_cell import FoldCell, cell_of
from reports.results.metrics import Metric, known_metric
from reports.sections.hyperparameters.equal_epochs import Comparison, compare_records
from reports.sections.hyperparameters.parameter import SearchedParameter, searched_parameters
from reports.statistics.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class SearchHistory:
    """Every search trial of one arm, cell by cell in the order of asking.

    Attributes:
        arm: its name.
        objective: the validation metric that was searched on.
        parameters: those that took at least two values where they had an effect.
        constant: names of the others that it was given, of which the search says nothing.
        cells: where there was a search.
        place: (n,) index into ``cells``.
        units: (n, P) unit coordinates; NaN where the parameter had no effect beside the trial's other values.
        values: (n,) the objective as shown (per cent for shares), where trials were stopped early after equally many
            epochs (``comparison``); NaN where there is none.
        final: (n,) the same at the end of each trial that was not stopped: those that could be chosen.
        comparison: how trials that were stopped early are compared with the others.
        statuses, trial_ids: (n,) of the trials.
        has_order: whether the order of asking is recorded for every trial.
    """

    arm: str
    objective: Metric
    parameters: tuple[SearchedParameter, ...]
    constant: tuple[str, ...]
    cells: tuple[FoldCell, ...]
    place: IntArray
    units: FloatArray
    values: FloatArray
    final: FloatArray
    comparison: Comparison
    statuses: tuple[Status, ...]
    trial_ids: tuple[str, ...]
    has_order: bool

    @property
    def losses(self) -> FloatArray:
        """(n,) the objective, negated where higher is better: lower is always better."""
        return self.objective.loss_sign * self.values

    @property
    def final_losses(self) -> FloatArray:
        """(n,) ``final``, negated where higher is better."""
        return self.objective.loss_sign * self.final

    @property
    def has_value(self) -> BoolArray:
        """(n,) whether the trial has a value to compare."""
        return np.isfinite(self.values)

    def count(self, status: Status) -> int:
        """How many trials ended so."""
        return self.statuses.count(status)

    def centred_losses(self) -> FloatArray:
        """(n,) losses minus the median of their cell; NaN where there is no value.

        Folds validate on different items, so their levels differ: only what lies within a cell tells configurations
        apart. The median keeps one diverged trial from moving all others.
        """
        centred = self.losses.copy()
        for place in range(len(self.cells)):
            here = self.place == place
            if self.has_value[here].any():
                centred[here] -= np.nanmedian(centred[here])
        return centred


def search_histories(study: StudyDescription, records: Sequence[RunRecord]) -> tuple[SearchHistory, ...]:
    """The history of every arm that was searched for itself, in the order of arms."""
    by_arm: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.stage == "search":
            by_arm[record.arm].append(record)
    objective = objective_metric(study)
    return tuple(
        _history(arm.name, objective, searched_parameters(study.search, arm.name), by_arm[arm.name])
        for arm in study.arms
        if arm.name in by_arm
    )


def objective_metric(study: StudyDescription) -> Metric:
    """How the objective is shown; a metric that reports do not know is taken as a loss."""
    name = ChoiceRule.of(study).objective
    return known_metric(name) or Metric(name, name, higher_is_better=False, factor=1.0, unit="", decimals=4)


def _history(
    arm: str, objective: Metric, parameters: Sequence[SearchedParameter], records: Sequence[RunRecord]
) -> SearchHistory:
    ordered = sorted(records, key=_place_in_search)
    proposed = {name for record in ordered for name in record.parameters}
    parameters = [parameter for parameter in parameters if parameter.name in proposed]
    cells = tuple(sorted({cell_of(record.repeat, record.fold) for record in ordered}))
    index = {cell: place for place, cell in enumerate(cells)}
    units = np.array([[_unit(parameter, record) for parameter in parameters] for record in ordered])
    units = units.reshape(len(ordered), len(parameters))
    comparison, values = compare_records(ordered, objective)
    varies = [np.unique(column[np.isfinite(column)]).size > 1 for column in units.T]
    return SearchHistory(
        arm=arm,
        objective=objective,
        parameters=tuple(itertools.compress(parameters, varies)),
        constant=tuple(parameter.name for parameter, does in zip(parameters, varies, strict=True) if not does),
        cells=cells,
        place=np.array([index[cell_of(record.repeat, record.fold)] for record in ordered], dtype=np.int64),
        units=units[:, np.flatnonzero(varies)],
        values=np.array(values) * objective.factor,
        final=np.array([_final_value(record, objective) for record in ordered]),
        comparison=comparison,
        statuses=tuple(record.status for record in ordered),
        trial_ids=tuple(record.trial_id for record in ordered),
        has_order=all(record.number is not None for record in ordered),
    )


def _place_in_search(record: RunRecord) -> tuple[FoldCell, int, str]:
    return cell_of(record.repeat, record.fold), -1 if record.number is None else record.number, record.trial_id


def _final_value(record: RunRecord, objective: Metric) -> float:
    value = record.valid.get(objective.name, math.nan) * objective.factor
    return value if record.status == "completed" and math.isfinite(value) else math.nan


def _unit(parameter: SearchedParameter, record: RunRecord) -> float:
    """The unit coordinate; NaN where the value was proposed and then left out of the settings for having no effect."""
    value = record.parameters.get(parameter.name)
    if value is None or record.settings.get(parameter.name) != value:
        return math.nan
    return parameter.to_unit(value)
