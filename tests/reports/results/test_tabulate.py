"""The table of scores: nothing silently missing, nothing counted twice, failures scored by rule."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from reports.results.fold_cell import FoldCell
from reports.results.results import RunState
from reports.results.tabulate import tabulate_results
from tests.reports.example_studies import FALLBACK, failed, make_record, make_records, make_search_record, make_study


def test_scores_stand_at_their_arm_seed_cell_and_metric() -> None:
    study = make_study(seeds=(1, 2), folds=(0, 1))
    records = [make_record("no_ca", 2, 1, 0.77), make_record("full", 1, 0, 0.66)]
    table = tabulate_results(study, records)
    assert (table.arms, table.seeds) == (("full", "no_ca"), (1, 2))
    assert table.cells == (FoldCell(0, 0), FoldCell(0, 1))
    np.testing.assert_array_equal(table.of("no_ca", "mae"), [[np.nan, np.nan], [np.nan, 0.77]])
    np.testing.assert_allclose(table.of("full", "acc7")[0, 0], 0.8 - 0.33)
    assert table.count("full", RunState.MISSING) == 3
    assert (table.num_train.tolist(), table.num_test.tolist()) == ([300, 300], [100, 100])


def test_order_of_records_does_not_matter() -> None:
    study = make_study()
    records = make_records(study, lambda arm: 0.9)
    shuffled = random.Random(1).sample(records, len(records))
    first, second = tabulate_results(study, records), tabulate_results(study, shuffled)
    np.testing.assert_array_equal(first.scores, second.scores)
    assert list(first.runs) == list(second.runs)


def test_a_failed_run_scores_as_the_training_median_and_survivors_leave_it_out() -> None:
    study = make_study(seeds=(1, 2), folds=(0,))
    table = tabulate_results(study, [make_record("full", 1, 0, 0.8), failed(make_record("full", 2, 0, 0.8))])
    np.testing.assert_array_equal(table.of("full", "mae"), [[0.8], [FALLBACK["mae"]]])
    np.testing.assert_array_equal(table.survivors("full", "mae"), [[0.8], [np.nan]])
    assert table.count("full", RunState.FAILED) == 1


def test_fallback_is_taken_from_another_run_of_the_same_cell_only() -> None:
    study = make_study(seeds=(1,), folds=(0, 1))
    lost = [replace(failed(make_record("full", 1, fold, 0.8)), fallback_test=None) for fold in (0, 1)]
    table = tabulate_results(study, [*lost, make_record("no_ca", 1, 0, 0.9)])
    np.testing.assert_array_equal(table.of("full", "mae"), [[FALLBACK["mae"], np.nan]])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_not_finite_counts_as_failed(value: float) -> None:
    study = make_study(seeds=(1,), folds=(0,))
    table = tabulate_results(study, [make_record("full", 1, 0, 0.8, test={**FALLBACK, "mae": value})])
    assert table.count("full", RunState.FAILED) == 1
    assert table.of("full", "mae")[0, 0] == FALLBACK["mae"]


def test_search_trials_never_enter() -> None:
    study = make_study(seeds=(1,), folds=(0,))
    table = tabulate_results(study, [make_search_record("full", 0, 0, 0.5)])
    assert not np.isfinite(table.scores).any()
    assert not table.runs


def test_the_same_record_twice_is_one_record() -> None:
    record = make_record("full", 1, 0, 0.8, test={**FALLBACK, "corr": 0.3})
    table = tabulate_results(make_study(), [record, replace(record)])
    assert table.count("full", RunState.COMPLETED) == 1


def test_two_stories_about_one_trial_are_refused() -> None:
    with pytest.raises(ValueError, match=r"trial full-confirm-1-0 .* two different records"):
        tabulate_results(make_study(), [make_record("full", 1, 0, 0.8), make_record("full", 1, 0, 0.7)])


def test_one_run_under_two_trial_ids_is_refused() -> None:
    again = make_record("full", 1, 0, 0.7, trial_id="other")
    with pytest.raises(ValueError, match="full-confirm-1-0 and other are the same run twice"):
        tabulate_results(make_study(), [make_record("full", 1, 0, 0.8), again])


def test_of_several_confirmed_configurations_validation_chooses_not_test() -> None:
    study = make_study(seeds=(1,), folds=(0,))
    first = make_record("full", 1, 0, 0.9, valid={"mae": 0.80})
    better_on_test = make_record("full", 1, 0, 0.7, trial_id="b", configuration_id="b", valid={"mae": 0.85})
    table = tabulate_results(study, [better_on_test, first])
    assert table.of("full", "mae").tolist() == [[0.9]]


def test_the_objective_has_a_direction() -> None:
    study = make_study(seeds=(1,), folds=(0,))
    study = replace(study, search={**study.search, "objective": "valid/acc7"})
    worse = make_record("full", 1, 0, 0.9, valid={"acc7": 0.30})
    better = make_record("full", 1, 0, 0.7, trial_id="b", configuration_id="b", valid={"acc7": 0.35})
    table = tabulate_results(study, [worse, better])
    assert table.of("full", "mae").tolist() == [[0.7]]


def test_records_of_unknown_arms_are_left_out_and_named() -> None:
    table = tabulate_results(make_study(), [make_record("stranger", 1, 0, 0.8)])
    assert table.unknown_arms == ("stranger",)
    assert not table.runs
