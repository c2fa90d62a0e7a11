"""The best result of a study on validation so far, compared within each fold only.

Folds differ in difficulty: the trial with the best value of all would be one of the easiest fold.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Fold = tuple[int, int | None]
"""Repeat and fold; the fold is None on an official split."""


@dataclass(frozen=True)
class BestTrial:
    """The completed trial of an arm with the best validation value on its fold so far.

    Attributes:
        value: as recorded.
        arm, stage, seed: of the trial.
        repeat, fold: of its cell; ``fold`` is None on an official split.
        parameters: what was searched.
    """

    value: float
    arm: str
    stage: str
    seed: int
    repeat: int
    fold: int | None
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class BestSoFar:
    """The best arm so far.

    Attributes:
        metric: on validation, without prefix.
        arm: by name.
        trials: its best one on each fold that it has results on, by repeat and fold.
    """

    metric: str
    arm: str
    trials: tuple[BestTrial, ...]

    @property
    def value(self) -> float:
        """Mean over the folds."""
        return fmean(trial.value for trial in self.trials)


def find_best(records: Iterable[Any], metric: str, higher_is_better: bool) -> BestSoFar | None:
    """The arm whose best trials have the best mean over the folds; None before a trial has completed.

    Arms are compared that have results on as many folds as any, and on the same ones.

    Args:
        records: of trials that have ended, as JSON, unchecked.
        metric: on validation, without prefix.
        higher_is_better: whether its greatest value is the best.
    """
    sign = -1.0 if higher_is_better else 1.0
    best: dict[str, dict[Fold, BestTrial]] = defaultdict(dict)
    for record in records:
        trial = _completed(record, metric)
        if trial is not None:
            known = best[trial.arm].setdefault((trial.repeat, trial.fold), trial)
            if sign * trial.value < sign * known.value:
                best[trial.arm][trial.repeat, trial.fold] = trial
    if not best:
        return None
    folds = max((frozenset(found) for found in best.values()), key=len)
    arms = [
        BestSoFar(metric, arm, tuple(found[fold] for fold in sorted(found, key=_order)))
        for arm, found in best.items()
        if found.keys() == folds
    ]
    return min(arms, key=lambda arm: sign * arm.value)


def _order(fold: Fold) -> tuple[int, int]:
    repeat, number = fold
    return repeat, -1 if number is None else number


def _completed(record: Any, metric: str) -> BestTrial | None:
    try:
        value = float(record["valid"][metric])
        if record["status"] != "completed" or not math.isfinite(value):
            return None
        return BestTrial(
            value,
            arm=str(record["arm"]),
            stage=str(record["stage"]),
            seed=int(record["seed"]),
            repeat=int(record["repeat"]),
            fold=None if record["fold"] is None else int(record["fold"]),
            parameters=dict(record["parameters"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
