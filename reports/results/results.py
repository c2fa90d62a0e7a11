"""The table of test scores: arms x seeds x cells x metrics, with every missing or failed run explicit.

Legend: ``A`` arms, ``S`` seeds, ``C`` cells (one fold of one repeat, or the official split), ``M`` metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reports.records.run_record import Predictions, RunRecord
from reports.records.target import ONE_NUMBER, Target
from reports.results.fold_cell import FoldCell
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
