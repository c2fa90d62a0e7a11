"""The new-data interval over folds with known groups: by hand, and what each of its parts answers for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.analysis import analyse
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.estimates import EstimatePair
from reports.statistics import corrected_t, group_spread
from reports.statistics.arrays import FloatArray
from reports.statistics.group_spread import TRAINING_ALLOWANCE, group_estimate, pseudo_values
from reports.statistics.rerun import SeedBlock, rerun_sum
from reports.statistics.scores.numbers import NUMBER_SCORES
from tests.reports.example_studies import contrasts_of, make_predictions, make_record, make_study, warnings_of


def estimate_of(block: FloatArray) -> tuple[float, float, float]:
    """Value, standard error and degrees of freedom of one block; runs score the mean of their groups."""
    rerun = rerun_sum([SeedBlock(np.nanmean(block, axis=2))])
    assert rerun is not None
    estimate = group_estimate(rerun.value, [block], rerun)
    assert estimate.std_error is not None
    assert estimate.df is not None
    return estimate.value, estimate.std_error, estimate.df


def test_pseudo_values_of_a_mean_are_the_means_of_its_groups() -> None:
    means = np.array([1.0, 2.0, 6.0])
    without = (means.sum() - means) / 2
    assert pseudo_values(means.mean(), without) == pytest.approx(means)
    assert pseudo_values(np.array(4.0), np.array([np.nan])) == pytest.approx([4.0])


def test_runs_that_do_not_vary_leave_the_spread_between_groups() -> None:
    # Two folds of two groups, the same under both seeds: contributions 1, 2 | 3, 6, mean 3, squares 14, 4 groups.
    one = np.array([[1.0, 2.0, np.nan, np.nan], [np.nan, np.nan, 3.0, 6.0]])
    value, std_error, df = estimate_of(np.stack([one, one]))
    assert (value, df) == (3.0, 3.0)
    assert std_error == pytest.approx(np.sqrt(TRAINING_ALLOWANCE * 14 / 3 / 4))


def test_what_seeds_alone_do_is_counted_once() -> None:
    random = np.random.default_rng(3)
    # Every group is alike; seeds move whole runs and single groups.
    runs = 0.1 * random.standard_normal((6, 5, 1)) + 0.1 * random.standard_normal((6, 5, 40))
    block = np.where(np.arange(40) // 8 == np.arange(5)[:, None], runs, np.nan)
    rerun = rerun_sum([SeedBlock(np.nanmean(block, axis=2))])
    assert rerun is not None
    assert rerun.std_error is not None
    _, std_error, _ = estimate_of(block)
    assert rerun.std_error <= std_error < 1.15 * rerun.std_error


def test_repeats_of_the_same_folds_do_not_pose_as_more_groups() -> None:
    random = np.random.default_rng(4)
    groups = random.standard_normal(20)
    folds = [np.where(np.arange(20) % 5 == fold, groups, np.nan) for fold in range(5)]
    _, once, _ = estimate_of(np.array([folds, folds]))
    _, often, _ = estimate_of(np.array([folds * 10, folds * 10]))
    assert often == pytest.approx(once)


def test_it_covers_where_groups_alone_matter_and_allows_for_training_on_top() -> None:
    random = np.random.default_rng(5)
    num_covered, num_studies = 0, 600
    for _ in range(num_studies):
        groups = random.standard_normal(30) + 0.2 * random.standard_normal((3, 30))
        block = np.where(np.arange(30) % 5 == np.arange(5)[:, None], groups[:, None], np.nan)
        value, std_error, df = estimate_of(block)
        num_covered += abs(value) <= stats.t.ppf(0.975, df) * std_error
    # With no training effect at all the allowance is superfluous: 1.26 times the width it had to be.
    assert 0.96 <= num_covered / num_studies <= 0.995


def folded(with_predictions: bool = True, seeds: tuple[int, ...] = (1, 2)) -> tuple[StudyDescription, list[RunRecord]]:
    """Two arms on five folds of six videos each, with predictions that give the recorded scores."""
    study = make_study(("full", "no_ca"), seeds=seeds)
    records = []
    for planned in study.planned:
        fold = planned.fold or 0
        made = make_predictions(6, 8, 0.1 if planned.arm == "full" else 0.6, seed=100 * fold + planned.seed)
        groups = tuple(f"fold{fold}-{name}" for name in made.groups)
        made = type(made)(made.ids, groups, made.labels, made.values)
        labels, values = made.labels.astype(float), made.values.astype(float)
        test = {
            m: float(NUMBER_SCORES[m].from_sums(NUMBER_SCORES[m].contributions(labels, values).sum(axis=0)))
            for m in study.metrics
        }
        predictions = made if with_predictions else None
        records.append(make_record(planned.arm, planned.seed, planned.fold, 1.0, test=test, predictions=predictions))
    return study, records


def estimates_of(study: StudyDescription, records: list[RunRecord], metric: str) -> EstimatePair:
    estimates = contrasts_of(analyse(study, records)).rows[0].differences[metric].estimates
    assert estimates is not None
    return estimates


@pytest.mark.parametrize("metric", ["mae", "corr", "acc7", "f1_non0"])
def test_over_folds_every_metric_uses_the_groups_that_were_tested(metric: str) -> None:
    estimates = estimates_of(*folded(), metric)
    assert (estimates.new_data.method, estimates.new_data.n) == (group_spread.METHOD, 30)
    assert estimates.new_data.half_width is not None
    assert estimates.rerun.half_width is not None
    # Of what seeds do, new data never know less than a rerun.
    assert estimates.new_data.std_error >= estimates.rerun.std_error  # type: ignore[operator]


def test_without_predictions_or_with_one_seed_the_folds_speak_and_the_report_says_so() -> None:
    for study, records in (folded(with_predictions=False), folded(seeds=(1,))):
        report = analyse(study, records)
        estimates = contrasts_of(report).rows[0].differences["mae"].estimates
        assert estimates is not None
        assert (estimates.new_data.method, estimates.new_data.n, estimates.new_data.df) == (corrected_t.METHOD, 5, 4)
        assert any("from the means of 5 folds alone" in warning for warning in warnings_of(report))


def test_one_run_without_predictions_is_not_papered_over() -> None:
    study, records = folded()
    records[0] = make_record("full", 1, 0, 0.5)
    assert estimates_of(study, records, "mae").new_data.method == corrected_t.METHOD


def test_a_spread_that_is_all_seed_noise_still_has_a_degree_of_freedom() -> None:
    # Groups trade places from seed to seed and the mean hardly moves: the formula alone gives 1e-11 degrees.
    block = np.array([[[10.0, -10.0, 0.001]], [[-8.0, 8.0, 0.0]]])
    rerun = rerun_sum([SeedBlock(block.mean(axis=2))])
    assert rerun is not None
    estimate = group_estimate(rerun.value, [block], rerun)
    assert estimate.df == 1.0
    assert estimate.half_width == pytest.approx(rerun.half_width)
