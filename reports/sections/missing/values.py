"""Scores of the confirm runs with modalities missing from the test items.

Every run is scored once under all conditions together. What is missing at random is drawn from the seed of the run, so
the rerun interval of a rate holds both: other initial values, and other items that miss something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.study_description import StudyDescription
from reports.results.grain import rounding_of
from reports.results.metrics import Metric
from reports.results.results import CONSTANT_PREDICTOR, ResultsTable, RunCounts, RunState
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.rerun import SeedBlock, do_vary, rerun_sum

NOTHING = "nothing"
"""The condition under which nothing is missing."""

_RATE = "rate-"


@dataclass(frozen=True)
class MissingArm:
    """One arm under every condition.

    Attributes:
        arm, label: by name, as printed.
        counts: its confirm runs.
        estimates: condition -> metric -> mean in shown units with its rerun interval; conditions that leave the arm
            nothing of what it sees are not there.
    """

    arm: str
    label: str
    counts: RunCounts
    estimates: dict[str, dict[str, Estimate]]


@dataclass(frozen=True)
class MissingTable:
    """Every arm that was run here under every condition.

    Attributes:
        conditions: :data:`NOTHING` first, then as the study has them.
        metrics: the primary one first.
        arms: in the order of the study.
        constant: what the constant predictor scores in the primary metric, in shown units; None where unknown.
    """

    conditions: tuple[str, ...]
    metrics: tuple[Metric, ...]
    arms: tuple[MissingArm, ...]
    constant: float | None

    @property
    def rates(self) -> tuple[str, ...]:
        """The conditions on a curve: nothing missing, then the rates."""
        rates = [name for name in self.conditions if name.startswith(_RATE)]
        return (NOTHING, *sorted(rates, key=rate_of)) if rates else ()

    @property
    def fixed(self) -> tuple[str, ...]:
        """Nothing missing, then the conditions that are the same for every item."""
        fixed = [name for name in self.conditions if name != NOTHING and not name.startswith(_RATE)]
        return (NOTHING, *fixed) if fixed else ()


def rate_of(condition: str) -> float:
    """The share of all modalities that is missing."""
    return 0.0 if condition == NOTHING else float(condition.removeprefix(_RATE))


def tabulate_missing(study: StudyDescription, results: ResultsTable, metrics: Sequence[Metric]) -> MissingTable | None:
    """The table of a study; None where it asked for no condition, or no run has ended.

    A failed run scores as the constant predictor, whatever is missing (honesty rule 5).
    """
    asked = tuple(str(name) for name in study.confirm.get("missing", ()))
    arms = []
    for arm in study.arms:
        counts = results.counts(arm.name)
        if not asked or arm.is_external or not counts.scored:
            continue
        found = {name: _estimates(results, arm.name, name, metrics) for name in (NOTHING, *asked)}
        arms.append(MissingArm(arm.name, arm.label, counts, {name: held for name, held in found.items() if held}))
    if not arms:
        return None
    constant = results.of(CONSTANT_PREDICTOR, metrics[0].name)
    known = constant[np.isfinite(constant)] * metrics[0].factor
    return MissingTable((NOTHING, *asked), tuple(metrics), tuple(arms), float(known.mean()) if known.size else None)


def _estimates(results: ResultsTable, arm: str, condition: str, metrics: Sequence[Metric]) -> dict[str, Estimate]:
    """Metric -> mean under a condition; empty where no run was scored under it."""
    found = {}
    for metric in metrics:
        scores = _scores(results, arm, condition, metric.name)
        if scores is None:
            continue
        rounding = rounding_of(results, arm, metric.name)
        estimate = rerun_sum([SeedBlock(scores, is_random=do_vary(scores), rounding=rounding)])
        if estimate is not None:
            found[metric.name] = estimate.scaled(metric.factor)
    return found


def _scores(results: ResultsTable, arm: str, condition: str, metric: str) -> FloatArray | None:
    """(S, C) as recorded, NaN where there is no run; None where completed runs have no score under the condition."""
    scores = results.of(arm, metric).copy()
    if condition == NOTHING:
        return scores
    has_score = False
    state = results.state[results.arms.index(arm)]
    for (seed, cell), record in results.runs_of(arm).items():
        if state[seed, cell] == RunState.COMPLETED:
            scores[seed, cell] = record.test_missing.get(condition, {}).get(metric, np.nan)
            has_score = has_score or bool(np.isfinite(scores[seed, cell]))
    return scores if has_score or not (state == RunState.COMPLETED).any() else None
