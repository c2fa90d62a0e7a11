"""Estimates of linear contrasts of arm means, each with a rerun and a new-data interval.

This is the one place that decides which method gives which interval.

*Rerun* is always the t on the pooled within-cell variance. *New data* is the spread between tested groups over folds,
the corrected t over folds where groups or seeds are too few to know it, or the jackknife over test groups where there
is only an official split. An arm is a sum of one term, a difference one of two, a main effect or a Shapley value one of
many: all are linear contrasts of arm means with other weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reports.records.study_description import Contrast
from reports.results.grain import rounding_of
from reports.results.group_replicates import GroupReplicates
from reports.results.metrics import find_metric
from reports.results.results import ResultsTable
from reports.statistics.arrays import FloatArray
from reports.statistics.corrected_t import corrected_mean
from reports.statistics.estimate import Estimate, undefined
from reports.statistics.group_spread import group_estimate
from reports.statistics.jackknife import jackknife_estimate
from reports.statistics.rerun import SeedBlock, rerun_sum

Weights = Mapping[str, float]
"""Arm -> its weight in a sum of arm means."""

NO_REPLICATES = "a run has no predictions that reproduce its score"


@dataclass(frozen=True)
class EstimatePair:
    """The same value with an interval for each question, in the unit that the metric is shown in."""

    rerun: Estimate
    new_data: Estimate

    @property
    def value(self) -> float:
        """The point estimate that both intervals are about."""
        return self.rerun.value

    def untested(self) -> EstimatePair:
        """The same without p-values: for what is no declared contrast (honesty rule 4)."""
        return EstimatePair(replace(self.rerun, p_value=None), replace(self.new_data, p_value=None))


@dataclass(frozen=True)
class LinearContrast:
    """A weighted sum of arm means, estimated.

    Attributes:
        estimates: of the sum; None where no seed and cell has a run of every arm.
        runs: (S, C) the sum formed run by run in shown units; None if not all of the arms share seeds (they are then
            compared as independent samples).
    """

    estimates: EstimatePair | None
    runs: FloatArray | None


@dataclass(frozen=True)
class Difference:
    """``first`` minus ``second``.

    Attributes:
        estimates: the estimates; None where no pair is complete.
        pairs: (S, C) paired differences in shown units; None if the arms share no seeds and were compared as
            independent samples.
        first, second: (S, C) scores in shown units; NaN: no run.
    """

    estimates: EstimatePair | None
    pairs: FloatArray | None
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True)
class Compared:
    """A declared contrast as it is claimed.

    Attributes:
        contrast: the two arms.
        estimates: metric -> ``first`` minus ``second``; None where no pair of runs is complete.
        has_verdict: False where an arm of it is not shown better than the constant predictor.
    """

    contrast: Contrast
    estimates: Mapping[str, EstimatePair | None]
    has_verdict: bool = True


@dataclass(frozen=True)
class _Block:
    """Arms that share seeds, their weighted sum run by run (S, C), and the seeds (S,) that have one.

    is_random: whether the seed changes anything in one of them. rounding: (C,) variance of a sum by the score's grain.
    """

    weights: Weights
    runs: FloatArray
    is_random: bool
    rounding: FloatArray

    @property
    def seeds(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.runs).any(axis=1))

    def as_seed_block(self) -> SeedBlock:
        weight = float(np.sqrt(sum(weight**2 for weight in self.weights.values())))
        return SeedBlock(self.runs, weight, self.is_random, self.rounding)


@dataclass(frozen=True)
class Estimator:
    """Estimates from a results table, and from its replicates without single groups for the new-data question."""

    results: ResultsTable
    replicates: GroupReplicates

    @classmethod
    def from_results(cls, results: ResultsTable) -> Estimator:
        """The estimator of a table; the replicates of all its runs are computed now."""
        return cls(results, GroupReplicates.from_results(results))

    def arm_mean(self, arm: str, metric: str, survivors_only: bool = False) -> EstimatePair | None:
        """The mean score of an arm.

        Args:
            arm, metric: by name.
            survivors_only: whether failed runs are left out; otherwise each scores as the constant predictor.

        Returns:
            Both estimates; None where the arm has no run.
        """
        return self.linear_contrast({arm: 1.0}, metric, survivors_only).estimates

    def difference(self, first: str, second: str, metric: str, survivors_only: bool = False) -> Difference:
        """The difference of two arms, paired by seed and cell where they share seeds.

        Args:
            first, second: the arms, by name.
            metric: by name.
            survivors_only: whether failed runs are left out; otherwise each scores as the constant predictor.
        """
        factor = find_metric(metric).factor
        total = self.linear_contrast({first: 1.0, second: -1.0}, metric, survivors_only)
        one, two = (self._scores(arm, metric, survivors_only) * factor for arm in (first, second))
        return Difference(total.estimates, total.runs, one, two)

    def linear_contrast(self, weights: Weights, metric: str, survivors_only: bool = False) -> LinearContrast:
        """The weighted sum of arm means; arms that share seeds are matched by seed and cell.

        Args:
            weights: arm -> its weight; at least one is not 0.
            metric: by name.
            survivors_only: whether failed runs are left out; otherwise each scores as the constant predictor.
        """
        factor = find_metric(metric).factor
        blocks = self._blocks({arm: weight for arm, weight in weights.items() if weight}, metric, survivors_only)
        runs = blocks[0].runs * factor if len(blocks) == 1 else None
        rerun = rerun_sum([block.as_seed_block() for block in blocks])
        if rerun is None:
            return LinearContrast(None, runs)
        new_data = self._new_data(rerun, blocks, metric)
        return LinearContrast(EstimatePair(rerun.scaled(factor), new_data.scaled(factor)), runs)

    def _blocks(self, weights: Weights, metric: str, survivors_only: bool) -> tuple[_Block, ...]:
        """The arms of ``weights``, those together that share a planned seed, directly or through another arm."""
        members: list[tuple[npt.NDArray[np.bool_], dict[str, float]]] = []
        for arm, weight in weights.items():
            seeds = self.results.planned_seeds(arm)
            together = {arm: weight}
            for other in [known for known in members if (known[0] & seeds).any()]:
                members.remove(other)
                seeds, together = seeds | other[0], other[1] | together
            members.append((seeds, together))
        return tuple(
            _Block(
                together,
                self._sum(together, metric, survivors_only),
                any(map(self.results.is_random, together)),
                self._rounding(together, metric),
            )
            for _, together in members
        )

    def _sum(self, weights: Weights, metric: str, survivors_only: bool) -> FloatArray:
        terms = [weight * self._scores(arm, metric, survivors_only) for arm, weight in weights.items()]
        return np.asarray(np.sum(terms, axis=0))

    def _rounding(self, weights: Weights, metric: str) -> FloatArray:
        terms = [weight**2 * rounding_of(self.results, arm, metric) for arm, weight in weights.items()]
        return np.asarray(np.sum(terms, axis=0))

    def _scores(self, arm: str, metric: str, survivors_only: bool) -> FloatArray:
        return self.results.survivors(arm, metric) if survivors_only else self.results.of(arm, metric)

    def _new_data(self, rerun: Estimate, blocks: tuple[_Block, ...], metric: str) -> Estimate:
        if self.results.why_not_new:
            return undefined(rerun.value, 0, "new data", self.results.why_not_new)
        if self.results.is_official:
            return self._over_test_groups(rerun.value, blocks, metric)
        values = [self._pseudo_values(block, metric) for block in blocks]
        if rerun.df is not None and all(held is not None for held in values):
            by_group = group_estimate(rerun.value, [held for held in values if held is not None], rerun)
            if by_group.df is not None:
                return by_group
        cells = np.sum([_cell_means(block.runs) for block in blocks], axis=0)
        by_fold = corrected_mean(cells, self._test_train_ratio(cells))
        return by_fold or undefined(rerun.value, 0, "new data", "no fold is complete")

    def _pseudo_values(self, block: _Block, metric: str) -> FloatArray | None:
        """(S, C, G) of the block's sum; None if one of its runs has no replicates."""
        terms = [weight * self.replicates.pseudo_values(arm, metric) for arm, weight in block.weights.items()]
        values = np.asarray(np.sum(terms, axis=0))
        needed = np.isfinite(block.runs)[:, :, None] & self.replicates.tested
        return values if needed.any() and np.isfinite(values[needed]).all() else None

    def _over_test_groups(self, value: float, blocks: tuple[_Block, ...], metric: str) -> Estimate:
        deleted = np.zeros(len(self.replicates.cells[0].groups))
        for block in blocks:
            for arm, weight in block.weights.items():
                runs = self.replicates.deleted(arm, metric, 0)[block.seeds]
                if not np.isfinite(runs).all() or deleted.size == 0:
                    return undefined(value, 0, "new data", NO_REPLICATES)
                deleted = deleted + weight * runs.mean(axis=0)
        # The runs of all seeds are scored on the same items: their mean is no finer than each of them.
        rounding = float(np.sum([block.rounding[0] for block in blocks]))
        return replace(jackknife_estimate(value, deleted, rounding), value=value)

    def _test_train_ratio(self, cell_values: FloatArray) -> float:
        """Mean over the cells in use of tested items per training item; NaN if sizes are unknown."""
        used = np.isfinite(cell_values)
        train, test = self.results.num_train[used], self.results.num_test[used]
        return float((test / train).mean()) if train.size and (train > 0).all() and (test > 0).all() else float("nan")


def _cell_means(values: FloatArray) -> FloatArray:
    """(C,) means over seeds; NaN where a cell has none."""
    counts = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.where(counts > 0, counts, np.nan))
