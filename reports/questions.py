"""Both questions asked of an arm or of a pair of arms: the one place that knows which method answers which.

*Rerun* is always the t on the pooled within-cell variance. *New data* is the corrected t over folds, or the jackknife
over test groups where there is only an official split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reports.metrics import find_metric
from reports.replicates import GroupReplicates
from reports.results import ResultsTable
from reports.statistics.estimate import Estimate, undefined
from reports.statistics.jackknife import jackknife_estimate
from reports.statistics.new_data import corrected_mean
from reports.statistics.rerun import rerun_difference_unpaired, rerun_mean

FloatArray = npt.NDArray[np.float64]

NO_REPLICATES = "a run has no predictions that reproduce its score"


@dataclass(frozen=True)
class Answers:
    """The same value with an interval for each question, in the unit that the metric is shown in."""

    rerun: Estimate
    new_data: Estimate

    @property
    def value(self) -> float:
        """The point estimate that both intervals are about."""
        return self.rerun.value


@dataclass(frozen=True)
class Difference:
    """``first`` minus ``second``.

    answers: None where no pair is complete. pairs: (S, C) paired differences in shown units, or None if the arms share
    no seeds and were compared as independent samples. first, second: (S, C) scores, in shown units.
    """

    answers: Answers | None
    pairs: FloatArray | None
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True)
class Questions:
    """A results table with what the new-data question needs of it."""

    results: ResultsTable
    replicates: GroupReplicates | None

    @classmethod
    def about(cls, results: ResultsTable) -> Questions:
        """Questions about a table; on an official split the replicates are computed now."""
        return cls(results, GroupReplicates.from_results(results) if results.is_official else None)

    def of_arm(self, arm: str, metric: str, survivors_only: bool = False) -> Answers | None:
        """The mean score of an arm. None where it has no run."""
        factor = find_metric(metric).factor
        values = self._scores(arm, metric, survivors_only)
        rerun = rerun_mean(values)
        if rerun is None:
            return None
        new_data = self._new_data(rerun.value, _cell_means(values), ((arm, _any_seed(values), 1.0),), metric)
        return Answers(rerun.scaled(factor), new_data.scaled(factor))

    def between(self, first: str, second: str, metric: str, survivors_only: bool = False) -> Difference:
        """The difference of two arms, paired by seed and cell where they share seeds."""
        factor = find_metric(metric).factor
        one = self._scores(first, metric, survivors_only)
        two = self._scores(second, metric, survivors_only)
        if not self._share_seeds(first, second):
            rerun, cells = rerun_difference_unpaired(one, two), _cell_means(one) - _cell_means(two)
            pairs, in_first, in_second = None, _any_seed(one), _any_seed(two)
        else:
            pairs = one - two
            rerun, cells = rerun_mean(pairs), _cell_means(pairs)
            in_first = in_second = _any_seed(pairs)
        weights = ((first, in_first, 1.0), (second, in_second, -1.0))
        shown = None if pairs is None else pairs * factor
        if rerun is None:
            return Difference(None, shown, one * factor, two * factor)
        new_data = self._new_data(rerun.value, cells, weights, metric)
        return Difference(Answers(rerun.scaled(factor), new_data.scaled(factor)), shown, one * factor, two * factor)

    def _scores(self, arm: str, metric: str, survivors_only: bool) -> FloatArray:
        return self.results.survivors(arm, metric) if survivors_only else self.results.of(arm, metric)

    def _share_seeds(self, first: str, second: str) -> bool:
        """Whether any seed was meant for both arms (a control runs under seeds of its own)."""
        planned = [self.results.state[self.results.arms.index(arm)].any(axis=1) for arm in (first, second)]
        return bool((planned[0] & planned[1]).any())

    def _new_data(
        self,
        value: float,
        cell_values: FloatArray,
        weights: tuple[tuple[str, npt.NDArray[np.bool_], float], ...],
        metric: str,
    ) -> Estimate:
        """weights: (arm, which of its seeds, sign) of the terms whose seed means make up ``value``."""
        if self.replicates is None:
            estimate = corrected_mean(cell_values, self._test_train_ratio(cell_values))
            return estimate or undefined(value, 0, "new data", "no fold is complete")
        place = self.results.metrics.index(metric)
        deleted = np.zeros(self.replicates.deleted.shape[-1])
        for arm, seeds, sign in weights:
            runs = self.replicates.deleted[self.results.arms.index(arm), seeds, place]
            if not np.isfinite(runs).all() or deleted.size == 0:
                return undefined(value, 0, "new data", NO_REPLICATES)
            deleted = deleted + sign * runs.mean(axis=0)
        return replace(jackknife_estimate(value, deleted), value=value)

    def _test_train_ratio(self, cell_values: FloatArray) -> float:
        """Mean over the cells in use of tested items per training item; NaN if sizes are unknown."""
        used = np.isfinite(cell_values)
        train, test = self.results.num_train[used], self.results.num_test[used]
        return float((test / train).mean()) if train.size and (train > 0).all() and (test > 0).all() else float("nan")


def _any_seed(values: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).any(axis=1))


def _cell_means(values: FloatArray) -> FloatArray:
    """(C,) means over seeds; NaN where a cell has none."""
    counts = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.where(counts > 0, counts, np.nan))
