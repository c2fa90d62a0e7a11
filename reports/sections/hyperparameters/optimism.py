"""What the search promised, what fresh seeds gave, and what the test part gave: two gaps, kept apart.

*Optimism of the search*: the chosen configuration was the best of many noisy runs, so its value there is better than
what it gives again (the winner's curse; Cawley and Talbot 2010, *On Over-fitting in Model Selection*, JMLR 11). It is
measured on the same validation part under fresh seeds, so that only selection enters. *Valid-test gap*: the same
confirm runs on the test part. Epoch and configuration were chosen on validation, and the items are others; over a whole
rotation of folds every item is validated on and tested on once, so that their difficulty cancels in the mean. Within
one fold it does not: the spread between folds is mostly which items lie where, so this gap has no new-data interval.

Gaps are losses: positive is worse than promised, whatever the direction of the metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.configurations import BestConfigurations
from reports.sections.hyperparameters.history import objective_metric
from reports.statistics.arrays import FloatArray
from reports.statistics.corrected_t import corrected_mean
from reports.statistics.estimate import Estimate, undefined
from reports.statistics.rerun import SeedBlock, rerun_sum

ONE_SEARCH = "one search: how far another would be off is not known"


@dataclass(frozen=True)
class SearchOptimism:
    """One arm with a search of its own, over its cells; in shown units.

    Attributes:
        arm: its name.
        num_cells: cells with a search and confirm runs.
        num_searched: search trials on these cells.
        searched: mean over cells of the best search value.
        confirmed: the same of that configuration under fresh seeds.
        rerun: the gap over fresh seeds, the search values held fixed; n counts confirm runs.
        new_data: the gap over cells, so also over other searches.
    """

    arm: str
    num_cells: int
    num_searched: int
    searched: float
    confirmed: float
    rerun: Estimate
    new_data: Estimate


@dataclass(frozen=True)
class ValidTestGap:
    """One arm's completed confirm runs on both parts.

    Attributes:
        arm: its name.
        valid, test: means over cells, in shown units.
        rerun: the gap within runs, over fresh seeds, the folds held fixed.
    """

    arm: str
    valid: float
    test: float
    rerun: Estimate


@dataclass(frozen=True)
class Optimism:
    """How far choosing by validation flatters.

    Attributes:
        objective: the validation metric that was searched on, or the primary one where nothing was.
        search: one entry per arm with a search of its own.
        valid_test: one entry per arm with completed confirm runs.
    """

    objective: Metric
    search: tuple[SearchOptimism, ...]
    valid_test: tuple[ValidTestGap, ...]


def measure_optimism(study: StudyDescription, results: ResultsTable, configurations: BestConfigurations) -> Optimism:
    """Both gaps of every arm that has them, in the order of arms.

    Args:
        study, results: what was planned, and the scores.
        configurations: the confirmed ones.
    """
    objective = objective_metric(study)
    sign = objective.loss_sign
    ratio = _test_train_ratio(results)
    search, valid_test = [], []
    for arm in results.arms:
        runs = results.runs_of(arm)
        valid = _table(results, {key: run.valid for key, run in runs.items() if run.status == "completed"}, objective)
        test = _table(results, {key: run.test or {} for key, run in runs.items()}, objective)
        searched, num_searched = _search_values(arm, results, configurations, objective)
        if found := _search_optimism(
            arm=arm, sign=sign, searched=searched, num_searched=num_searched, valid=valid, ratio=ratio
        ):
            search.append(found)
        if found_gap := _valid_test_gap(arm, sign, valid, test):
            valid_test.append(found_gap)
    return Optimism(objective, tuple(search), tuple(valid_test))


def _table(
    results: ResultsTable, metrics: Mapping[tuple[int, int], Mapping[str, float]], objective: Metric
) -> FloatArray:
    """(S, C) the objective as shown; NaN where there is none."""
    values = np.full((len(results.seeds), len(results.cells)), np.nan)
    for place, found in metrics.items():
        values[place] = found.get(objective.name, np.nan) * objective.factor
    return np.where(np.isfinite(values), values, np.nan)


def _search_values(
    arm: str, results: ResultsTable, configurations: BestConfigurations, objective: Metric
) -> tuple[FloatArray, int]:
    """(C,) the search value of the confirmed configuration where the arm was searched itself, and all its trials."""
    names = [cell.name for cell in results.cells]
    values, num_searched = np.full(len(names), np.nan), 0
    for row in configurations.rows:
        if row.arm == arm and row.num_searched and row.search_value is not None:
            values[names.index(row.cell)] = row.search_value * objective.factor
            num_searched += row.num_searched
    return values, num_searched


def _search_optimism(
    arm: str, sign: float, searched: FloatArray, num_searched: int, valid: FloatArray, ratio: FloatArray
) -> SearchOptimism | None:
    both = np.where(np.isfinite(searched), valid, np.nan)
    gaps = sign * (both - searched)
    rerun = rerun_sum([SeedBlock(gaps)])
    if rerun is None:
        return None
    used = np.isfinite(both).any(axis=0)
    means = float(searched[used].mean()), _mean(both)
    return SearchOptimism(arm, int(used.sum()), num_searched, *means, rerun, _new_data(gaps, ratio))


def _valid_test_gap(arm: str, sign: float, valid: FloatArray, test: FloatArray) -> ValidTestGap | None:
    has_both = np.isfinite(valid) & np.isfinite(test)
    valid, test = np.where(has_both, valid, np.nan), np.where(has_both, test, np.nan)
    rerun = rerun_sum([SeedBlock(sign * (test - valid))])
    return None if rerun is None else ValidTestGap(arm, _mean(valid), _mean(test), rerun)


def _mean(values: FloatArray) -> float:
    """The mean over cells of the means over seeds. values: (S, C)."""
    return float(np.nanmean(values[:, np.isfinite(values).any(axis=0)], axis=0).mean())


def _new_data(gaps: FloatArray, ratio: FloatArray) -> Estimate:
    """The mean gap over cells, also over other searches. gaps: (S, C), at least one finite; ratio: (C,)."""
    used = np.isfinite(gaps).any(axis=0)
    means = np.nanmean(gaps[:, used], axis=0)
    if used.sum() == 1:
        return undefined(float(means[0]), 1, "new data", ONE_SEARCH)
    found = corrected_mean(means, float(ratio[used].mean()))
    assert found is not None
    return found


def _test_train_ratio(results: ResultsTable) -> FloatArray:
    """(C,) tested items per training item; NaN where sizes are not recorded."""
    known = (results.num_train > 0) & (results.num_test > 0)
    return np.where(known, results.num_test / np.where(known, results.num_train, 1), np.nan)
