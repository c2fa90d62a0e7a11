"""The table of test scores from the records of a study.

Legend: ``A`` arms, ``S`` seeds, ``C`` cells, ``M`` metrics, ``K`` numbers of one prediction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reports.records.run_record import RunRecord
from reports.records.study_description import PlannedCell, StudyDescription
from reports.records.target import Target
from reports.results.confirm_records import confirmed_records, distinct_records
from reports.results.current_choice import ChoiceRule
from reports.results.fold_cell import FoldCell, cell_of
from reports.results.results import ResultsTable, RunState
from reports.statistics.arrays import FloatArray, IntArray

_Place = tuple[int, int, int]
"""Arm, seed and cell by their numbers."""


def tabulate_results(study: StudyDescription, records: Sequence[RunRecord]) -> ResultsTable:
    """The table of a study. The order of ``records`` does not matter.

    Raises ValueError if two different records share a trial id, or two trials share arm, configuration, seed and
    cell.
    """
    arms = tuple(arm.name for arm in study.arms)
    confirmed = confirmed_records(distinct_records(records), ChoiceRule.of(study))
    known = [record for record in confirmed if record.arm in arms]
    axes = _Axes.of(study, known)
    runs = _runs_by_place(axes, known)
    fallback = _Fallback.of(axes, runs, study.target)
    state, scores = _planned(axes, study), np.full((*axes.shape, len(axes.metrics)), np.nan)
    for place, record in runs.items():
        state[place] = RunState.COMPLETED if is_scored(record, axes.metrics) else RunState.FAILED
        scores[place] = _scores(axes, record, fallback.scores[place[2]])
    num_train, num_test = _num_items(axes, runs)
    return ResultsTable(
        arms=arms,
        seeds=axes.seeds,
        cells=axes.cells,
        metrics=axes.metrics,
        scores=scores,
        state=state,
        num_train=num_train,
        num_test=num_test,
        runs=runs,
        unknown_arms=tuple(sorted({record.arm for record in records} - set(arms))),
        neutral=study.neutral,
        fallback=fallback.scores,
        fallback_values=fallback.values,
        why_not_new=study.why_not_new,
        clip_limit=study.clip_limit,
        closed_forms=frozenset(arm.name for arm in study.arms if not arm.has_gradients),
        target=study.target,
    )


def is_scored(record: RunRecord, metrics: Sequence[str]) -> bool:
    """Whether a confirm trial ended with test scores, all of them finite.

    A metric that the items leave undefined (Acc-2 without neutral labels, where all are neutral) is so for the
    constant predictor as well, and is no fault of the trial.
    """
    if record.status != "completed" or record.test is None:
        return False
    fallback = record.fallback_test or {}
    asked = (name for name in metrics if name in record.test and math.isfinite(fallback.get(name, 0.0)))
    return all(math.isfinite(record.test[name]) for name in asked)


@dataclass(frozen=True)
class _Axes:
    """What the A, S, C and M places of the table stand for."""

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    cells: tuple[FoldCell, ...]
    metrics: tuple[str, ...]

    @classmethod
    def of(cls, study: StudyDescription, known: Sequence[RunRecord]) -> _Axes:
        """known: the confirm trials of the study's arms, planned or not."""
        arms = tuple(arm.name for arm in study.arms)
        trials: list[PlannedCell | RunRecord] = [*(planned for planned in study.planned if planned.arm in arms), *known]
        seeds = {trial.seed for trial in trials}
        cells = {cell_of(trial.repeat, trial.fold) for trial in trials}
        return cls(arms, tuple(sorted(seeds)), tuple(sorted(cells)), study.metrics)

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.arms), len(self.seeds), len(self.cells)

    def place(self, trial: PlannedCell | RunRecord) -> _Place:
        """Where a trial of one of the arms stands in the table."""
        arm, seed, cell = self._numbers
        return arm[trial.arm], seed[trial.seed], cell[cell_of(trial.repeat, trial.fold)]

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], dict[int, int], dict[FoldCell, int]]:
        arms, seeds, cells = enumerate(self.arms), enumerate(self.seeds), enumerate(self.cells)
        return {arm: i for i, arm in arms}, {seed: i for i, seed in seeds}, {cell: i for i, cell in cells}


def _runs_by_place(axes: _Axes, known: Sequence[RunRecord]) -> dict[_Place, RunRecord]:
    runs: dict[_Place, RunRecord] = {}
    for record in known:
        other = runs.setdefault(axes.place(record), record)
        if other is not record:
            raise ValueError(
                f"trials {other.trial_id} and {record.trial_id} are the same run twice (arm {record.arm}, "
                f"seed {record.seed}, repeat {record.repeat}, fold {record.fold}) under different code, data or "
                "versions; report one of them, or start the study afresh"
            )
    return runs


@dataclass(frozen=True)
class _Fallback:
    """The constant predictor of each cell; NaN where unknown. scores: (C, M); values: (C,) or (C, K)."""

    scores: FloatArray
    values: FloatArray

    @classmethod
    def of(cls, axes: _Axes, runs: Mapping[_Place, RunRecord], target: Target) -> _Fallback:
        """That predictor knows the training labels only: it is the same for every arm and seed of a cell, and the first
        run that has it speaks for all."""
        scores = np.full((len(axes.cells), len(axes.metrics)), np.nan)
        values = np.full((len(axes.cells), *target.prediction_columns), np.nan)
        known = set[int]()
        for (_, _, cell), record in sorted(runs.items(), key=lambda item: item[0]):
            if record.fallback_test is None or cell in known:
                continue
            known.add(cell)
            scores[cell] = _in_order(axes, record.fallback_test)
            answer = np.asarray(np.nan if record.fallback_value is None else record.fallback_value)
            if answer.ndim == 0 or answer.shape == values.shape[1:]:
                values[cell] = answer
        return cls(scores, values)


def _planned(axes: _Axes, study: StudyDescription) -> IntArray:
    """(A, S, C): MISSING where a run is planned, NOT_PLANNED elsewhere."""
    state = np.full(axes.shape, int(RunState.NOT_PLANNED), dtype=np.int64)
    for planned in study.planned:
        if planned.arm in axes.arms:
            state[axes.place(planned)] = RunState.MISSING
    return state


def _scores(axes: _Axes, record: RunRecord, fallback: FloatArray) -> FloatArray:
    """(M,) scores of a run; a failed one takes the constant predictor's (honesty rule 5): its own, or that of its cell.

    fallback: (M,) of its cell.
    """
    if is_scored(record, axes.metrics):
        return _in_order(axes, record.test or {})
    return _in_order(axes, record.fallback_test) if record.fallback_test else fallback


def _in_order(axes: _Axes, scores: Mapping[str, float]) -> FloatArray:
    return np.array([scores.get(name, np.nan) for name in axes.metrics])


def _num_items(axes: _Axes, runs: Mapping[_Place, RunRecord]) -> tuple[IntArray, IntArray]:
    """(C,) items of the training and of the test part of each cell, as the runs there say; 0 where none does."""
    num_train, num_test = np.zeros((2, len(axes.cells)), dtype=np.int64)
    for (_, _, cell), record in runs.items():
        num_train[cell] = max(num_train[cell], record.num_train)
        num_test[cell] = max(num_test[cell], record.num_test)
    return num_train, num_test
