"""The table of test scores: arms x seeds x cells x metrics, with every missing or failed run explicit.

Legend: ``A`` arms, ``S`` seeds, ``C`` cells (one fold of one repeat, or the official split), ``M`` metrics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.records.target import ONE_NUMBER, Target
from reports.results.confirm_records import confirmed_records, distinct_records
from reports.results.current_choice import ChoiceRule
from reports.statistics.additive_score import AdditiveScore
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.rerun import do_vary
from reports.statistics.scores.find import scores_of

CONSTANT_PREDICTOR = "constant predictor"
"""The predictor that knows nothing but the labels of the training part: it always answers with their median, or with
how often classes and answers occur (:attr:`Target.constant_predictor` is what readers call it). It scores on every
cell, so it can be asked for as if it were an arm, though it is none."""


class RunState(IntEnum):
    """What is known of one place of the table."""

    NOT_PLANNED = 0
    MISSING = 1
    COMPLETED = 2
    FAILED = 3


@dataclass(frozen=True, order=True)
class FoldCell:
    """Where runs are tested; ``fold`` is -1 on an official split (so that cells sort)."""

    repeat: int
    fold: int

    @property
    def name(self) -> str:
        """``official``, ``fold 2``, or ``repeat 1 fold 2``."""
        if self.fold < 0:
            return "official"
        return f"repeat {self.repeat} fold {self.fold}" if self.repeat else f"fold {self.fold}"


@dataclass(frozen=True)
class RunCounts:
    """The confirm runs of one arm in numbers.

    Attributes:
        scored: runs with a score, failed ones included.
        failed: runs that failed.
        missing: planned runs that have no record.
        seeds, cells: distinct ones among the scored runs.
        cells_planned: cells on which a run was planned or made.
    """

    scored: int
    failed: int
    missing: int
    seeds: int
    cells: int
    cells_planned: int


@dataclass(frozen=True)
class ResultsTable:
    """Test scores of the confirm trials, as recorded (shares, not per cent).

    Attributes:
        arms, seeds, cells, metrics: what the A, S, C and M places of the arrays stand for.
        scores: (A, S, C, M) of the primary analysis: a failed run scores as the constant predictor; NaN: no run.
        state: (A, S, C) of :class:`RunState`.
        num_train, num_test: (C,) items of the parts; 0 where unknown.
        runs: (arm, seed, cell) indices -> the record there.
        unknown_arms: arms that have records and are not in the study; their records are left out.
        neutral: the label between negative and positive.
        fallback: (C, M) scores of the constant predictor; NaN where unknown, None where they all are.
        fallback_values: (C,) or (C, K), what it answers there; likewise.
        why_not_new: why the tested groups say nothing of new ones; empty if they do.
        clip_limit: how far from ``neutral`` a prediction counts; None: as it is.
        closed_forms: arms of a method without randomness, whose runs would be the same under any seed.
        target: what is predicted.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    cells: tuple[FoldCell, ...]
    metrics: tuple[str, ...]
    scores: FloatArray
    state: IntArray
    num_train: IntArray
    num_test: IntArray
    runs: Mapping[tuple[int, int, int], RunRecord]
    unknown_arms: tuple[str, ...] = ()
    neutral: float = 0.0
    fallback: FloatArray | None = None
    fallback_values: FloatArray | None = None
    why_not_new: str = ""
    clip_limit: float | None = None
    closed_forms: frozenset[str] = frozenset()
    target: Target = ONE_NUMBER

    @classmethod
    def from_records(cls, study: StudyDescription, records: Sequence[RunRecord]) -> ResultsTable:
        """The table of a study. The order of ``records`` does not matter.

        Raises ValueError if two different records share a trial id, or two trials share arm, configuration, seed and
        cell.
        """
        arms = tuple(arm.name for arm in study.arms)
        confirmed = confirmed_records(distinct_records(records), ChoiceRule.of(study))
        known = [record for record in confirmed if record.arm in arms]
        places = {(p.seed, cell_of(p.repeat, p.fold)) for p in study.planned if p.arm in arms}
        places |= {(record.seed, cell_of(record.repeat, record.fold)) for record in known}
        seeds = tuple(sorted({seed for seed, _ in places}))
        cells = tuple(sorted({cell for _, cell in places}))
        builder = _Builder(arms, seeds, cells, study.metrics, study.target)
        for planned in study.planned:
            if planned.arm in arms:
                builder.plan(planned.arm, planned.seed, cell_of(planned.repeat, planned.fold))
        for record in known:
            builder.place(record)
        builder.score()
        unknown = tuple(sorted({record.arm for record in records} - set(arms)))
        return cls(
            arms,
            seeds,
            cells,
            study.metrics,
            builder.scores,
            builder.state,
            builder.num_train,
            builder.num_test,
            builder.runs,
            unknown,
            study.neutral,
            builder.fallback,
            builder.fallback_values,
            study.why_not_new,
            study.clip_limit,
            frozenset(arm.name for arm in study.arms if not arm.has_gradients),
            study.target,
        )

    @property
    def is_official(self) -> bool:
        """Whether everything was tested on one official split."""
        return len(self.cells) == 1 and self.cells[0].fold < 0

    def of(self, arm: str, metric: str) -> FloatArray:
        """(S, C) scores of the primary analysis. The constant predictor has one wherever any arm does."""
        if arm == CONSTANT_PREDICTOR:
            has_run = (self.state >= RunState.COMPLETED).any(axis=0)
            scores = np.nan if self.fallback is None else self.fallback[:, self.metrics.index(metric)]
            return np.where(has_run, scores, np.nan)
        return self.scores[self.arms.index(arm), :, :, self.metrics.index(metric)]

    def planned_seeds(self, arm: str) -> npt.NDArray[np.bool_]:
        """(S,) which seeds an arm has or was to have; the constant predictor has those of every arm."""
        if arm == CONSTANT_PREDICTOR:
            return np.asarray(self.state.any(axis=(0, 2)))
        return np.asarray(self.state[self.arms.index(arm)].any(axis=1))

    def is_random(self, arm: str) -> bool:
        """Whether the seed changes any metric of an arm's completed runs; so, too, where no cell has two to tell."""
        return arm != CONSTANT_PREDICTOR and self._is_random[self.arms.index(arm)]

    @cached_property
    def _is_random(self) -> tuple[bool, ...]:
        has_ended = self.state == RunState.COMPLETED
        scores = np.where(has_ended[..., None], self.scores, np.nan)
        has_pair = (has_ended.sum(axis=1) > 1).any(axis=1)
        return tuple(not pair or do_vary(arm_mean) for pair, arm_mean in zip(has_pair.tolist(), scores, strict=True))

    @cached_property
    def labels(self) -> tuple[FloatArray | None, ...]:
        """The labels of every cell's items as :meth:`read` gives them; None where no run holds predictions."""
        found: list[FloatArray | None] = [None] * len(self.cells)
        for (_, _, cell), record in self.runs.items():
            if found[cell] is None and record.predictions is not None and record.predictions.fit(self.target):
                found[cell] = self.read(record.predictions)[0]
        return tuple(found)

    @property
    def scores_of_target(self) -> Mapping[str, AdditiveScore]:
        """The additive form of every metric of the target, for what :meth:`read` gives."""
        return scores_of(self.target.kind, self.target.names)

    def read(self, predictions: Predictions) -> tuple[FloatArray, FloatArray]:
        """Labels and values as metrics take them: numbers less the neutral point and clipped, others as they are.

        predictions: that fit the target.
        """
        if self.target.is_numeric:
            return predictions.centred(self.neutral, self.clip_limit)
        return predictions.labels.astype(np.float64), predictions.values.astype(np.float64)

    def runs_of(self, arm: str) -> Mapping[tuple[int, int], RunRecord]:
        """(seed, cell) indices -> the record there, of one arm."""
        return self._runs_by_arm[self.arms.index(arm)]

    @cached_property
    def _runs_by_arm(self) -> tuple[dict[tuple[int, int], RunRecord], ...]:
        by_arm: tuple[dict[tuple[int, int], RunRecord], ...] = tuple({} for _ in self.arms)
        for (arm, seed, cell), record in self.runs.items():
            by_arm[arm][seed, cell] = record
        return by_arm

    def survivors(self, arm: str, metric: str) -> FloatArray:
        """(S, C) scores of the completed runs alone; NaN elsewhere."""
        if arm == CONSTANT_PREDICTOR:
            return self.of(arm, metric)
        completed = self.state[self.arms.index(arm)] == RunState.COMPLETED
        return np.where(completed, self.of(arm, metric), np.nan)

    def count(self, arm: str, state: RunState) -> int:
        """How many runs of an arm are in a state."""
        return int((self.state[self.arms.index(arm)] == state).sum())

    def counts(self, arm: str) -> RunCounts:
        """How many runs an arm has, and over how many seeds and cells."""
        state = self.state[self.arms.index(arm)]
        scored = (state == RunState.COMPLETED) | (state == RunState.FAILED)
        return RunCounts(
            scored=int(scored.sum()),
            failed=self.count(arm, RunState.FAILED),
            missing=self.count(arm, RunState.MISSING),
            seeds=int(np.any(scored, axis=1).sum()),
            cells=int(np.any(scored, axis=0).sum()),
            cells_planned=int(np.any(state != RunState.NOT_PLANNED, axis=0).sum()),
        )


def cell_of(repeat: int, fold: int | None) -> FoldCell:
    """The cell of a record or a planned trial."""
    return FoldCell(repeat, -1 if fold is None else fold)


def objective_of(study: StudyDescription) -> str:
    """The validation metric that configurations are chosen by, without prefix."""
    return ChoiceRule.of(study).objective


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


class _Builder:
    """Fills the arrays; lives only inside :meth:`ResultsTable.from_records`."""

    def __init__(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        cells: Sequence[FoldCell],
        metrics: Sequence[str],
        target: Target,
    ) -> None:
        self._arm = {arm: place for place, arm in enumerate(arms)}
        self._seed = {seed: place for place, seed in enumerate(seeds)}
        self._cell = {cell: place for place, cell in enumerate(cells)}
        self._metrics = tuple(metrics)
        shape = (len(arms), len(seeds), len(cells))
        self.scores = np.full((*shape, len(metrics)), np.nan)
        self.state = np.full(shape, int(RunState.NOT_PLANNED), dtype=np.int64)
        self.num_train = np.zeros(len(cells), dtype=np.int64)
        self.num_test = np.zeros(len(cells), dtype=np.int64)
        self.runs: dict[tuple[int, int, int], RunRecord] = {}
        self.fallback = np.full((len(cells), len(metrics)), np.nan)
        self.fallback_values = np.full((len(cells), *target.prediction_columns), np.nan)

    def plan(self, arm: str, seed: int, cell: FoldCell) -> None:
        self.state[self._arm[arm], self._seed[seed], self._cell[cell]] = RunState.MISSING

    def place(self, record: RunRecord) -> None:
        cell = self._cell[cell_of(record.repeat, record.fold)]
        place = (self._arm[record.arm], self._seed[record.seed], cell)
        other = self.runs.setdefault(place, record)
        if other is not record:
            raise ValueError(
                f"trials {other.trial_id} and {record.trial_id} are the same run twice (arm {record.arm}, "
                f"seed {record.seed}, repeat {record.repeat}, fold {record.fold}) under different code, data or "
                "versions; report one of them, or start the study afresh"
            )
        self.num_train[cell] = max(self.num_train[cell], record.num_train)
        self.num_test[cell] = max(self.num_test[cell], record.num_test)

    def score(self) -> None:
        """Scores of every placed run; a failed one takes the constant predictor's (honesty rule 5)."""
        fallback: dict[int, Mapping[str, float]] = {}
        for (_, _, cell), record in sorted(self.runs.items(), key=lambda item: item[0]):
            # That predictor knows the training labels only: it is the same for every arm and seed of a cell.
            if record.fallback_test is not None and cell not in fallback:
                fallback[cell] = record.fallback_test
                self.fallback[cell] = [record.fallback_test.get(name, np.nan) for name in self._metrics]
                answer = np.asarray(np.nan if record.fallback_value is None else record.fallback_value)
                if answer.ndim == 0 or answer.shape == self.fallback_values.shape[1:]:
                    self.fallback_values[cell] = answer
        for (arm, seed, cell), record in self.runs.items():
            scored = is_scored(record, self._metrics)
            self.state[arm, seed, cell] = RunState.COMPLETED if scored else RunState.FAILED
            values = record.test if scored else record.fallback_test or fallback.get(cell, {})
            self.scores[arm, seed, cell] = [(values or {}).get(name, np.nan) for name in self._metrics]
