"""Learning curves: means over folds of means over seeds, for as long as they mean the same runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.records.run_record import EpochPoint, RunRecord
from reports.results.tabulate import tabulate_results
from reports.sections.model_inside.learning_curves import LearningCurve, learning_curves
from tests.reports.example_studies import failed, make_record, make_search_record, make_study


def trained(record: RunRecord, values: Sequence[float], best_epoch: int = 1) -> RunRecord:
    epochs = tuple(EpochPoint(number, {"valid/mae": value}) for number, value in enumerate(values, start=1))
    return replace(record, epochs=epochs, num_epochs=len(epochs), best_epoch=best_epoch)


def curves_of(records: Sequence[RunRecord], seeds: Sequence[int] = (1, 2)) -> tuple[LearningCurve, ...]:
    study = make_study(seeds=seeds, folds=(0, 1))
    return learning_curves(study, tabulate_results(study, records)).curves


def test_mean_over_folds_of_means_over_seeds_with_the_seed_deviation() -> None:
    records = [
        trained(make_record("full", 1, 0, 0.9), [1.0, 0.8], best_epoch=2),
        trained(make_record("full", 2, 0, 0.9), [1.2, 0.8], best_epoch=2),
        trained(make_record("full", 1, 1, 0.9), [2.0, 1.0], best_epoch=1),
        trained(make_record("full", 2, 1, 0.9), [2.4, 1.2], best_epoch=2),
    ]
    (curve,) = curves_of(records)
    np.testing.assert_allclose(curve.mean, [1.65, 0.95])
    np.testing.assert_allclose(curve.cells, [[1.1, 0.8], [2.2, 1.1]])
    # squares about the fold means: 2 x 0.1^2 + 2 x 0.2^2, and 2 x 0.1^2, on two degrees of freedom
    np.testing.assert_allclose(curve.seed_deviation, [np.sqrt(0.1 / 2), np.sqrt(0.02 / 2)])
    assert curve.num_runs.tolist() == [4, 4]
    assert (curve.chosen, curve.num_left_out) == (2.0, 0)


def test_a_curve_ends_where_half_of_the_runs_of_any_fold_have_stopped() -> None:
    records = [
        trained(make_record("full", 1, 0, 0.9), [1.0, 0.9, 0.8, 0.7]),
        trained(make_record("full", 2, 0, 0.9), [1.0, 0.9, 0.8]),
        trained(make_record("full", 3, 0, 0.9), [1.0, 0.9]),
        *(trained(make_record("full", seed, 1, 0.9), [1.0] * 9) for seed in (1, 2, 3)),
    ]
    (curve,) = curves_of(records, seeds=(1, 2, 3))
    assert len(curve.mean) == 3
    assert curve.num_runs.tolist() == [6, 6, 5]


def test_search_trials_and_failed_runs_stay_out() -> None:
    records = [
        trained(make_record("full", 1, 0, 0.9), [1.0]),
        failed(trained(make_record("full", 2, 0, 0.9), [50.0])),
        trained(make_search_record("full", 0, 0, 0.9), [99.0]),
    ]
    (curve,) = curves_of(records)
    assert curve.mean.tolist() == [1.0]
    assert curve.num_left_out == 1
    assert np.isnan(curve.seed_deviation).all()


def test_a_method_without_gradients_has_no_curve_whatever_it_calls_an_epoch() -> None:
    study = make_study(("full", "path"), seeds=(1,), folds=(0,))
    study = replace(
        study,
        arms=tuple(
            replace(arm, facts={"num_parameters": size}) for arm, size in zip(study.arms, (900, 0), strict=True)
        ),
    )
    records = [trained(make_record(arm, 1, 0, 0.9), [1.0, 0.9, 0.8]) for arm in ("full", "path")]
    found = learning_curves(study, tabulate_results(study, records))
    assert [curve.arm for curve in found.curves] == ["full"]


def test_a_share_is_shown_in_per_cent() -> None:
    study = replace(make_study(seeds=(1,), folds=(0,)), search={"objective": "valid/acc7"})
    record = replace(make_record("full", 1, 0, 0.9), epochs=(EpochPoint(1, {"valid/acc7": 0.4, "valid/mae": 1.0}),))
    found = learning_curves(study, tabulate_results(study, [record]))
    assert found.metric.label == "Acc-7"
    assert found.curves[0].mean.tolist() == [pytest.approx(40.0)]


def test_a_curve_ends_before_a_value_that_is_not_finite() -> None:
    records = [trained(make_record("full", 1, 0, 0.9), [1.0, 0.9, float("nan"), 0.7])]
    assert [len(curve.mean) for curve in curves_of(records, seeds=(1,))] == [2]


def test_without_completed_runs_there_is_no_curve() -> None:
    assert curves_of([failed(make_record("full", 1, 0, 0.9))]) == ()
