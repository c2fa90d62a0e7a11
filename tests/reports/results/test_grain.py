"""Equal differences are not certainty: a score that counts items is known to its grain only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.analysis import analyse
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.records.target import ONE_NUMBER, Target
from reports.results.estimates import Estimator
from reports.results.grain import rounding_of
from reports.results.metrics import find_metric
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.sections.ablation.section import AblationSection
from reports.sections.seed_race.values import run_race
from reports.statistics.rerun import SeedBlock, rerun_sum
from reports.statistics.scores.find import scores_of
from reports.statistics.scores.numbers import NUMBER_SCORES
from tests.reports.example_studies import contrasts_of, make_record, make_study

CLASSES = Target("classes", ("angry", "happy"))
COUNTS = [
    *((ONE_NUMBER, name) for name in NUMBER_SCORES if name not in ("mae", "corr")),
    *((CLASSES, name) for name in scores_of(CLASSES.kind, CLASSES.names) if name != "nll"),
]


def study_with(
    scores: Mapping[str, Sequence[float]], num_items: int, metric: str = "acc2_has0", target: Target = ONE_NUMBER
) -> tuple[StudyDescription, list[RunRecord]]:
    """One split; what each arm scores under seeds 1, 2, ...; its MAE varies as continuous scores do."""
    seeds = range(1, 1 + len(next(iter(scores.values()))))
    study = make_study(tuple(scores), (Contrast("full", "no_ca", "CA"),), seeds=list(seeds), folds=(None,))
    study = replace(study, primary=metric, metrics=(metric, "mae"))
    if target != ONE_NUMBER:
        study = replace(study, data={**study.data, "target": {"kind": target.kind, "names": list(target.names)}})
    random = np.random.default_rng(0)
    records = []
    for arm, arm_mean in scores.items():
        for seed, value in zip(seeds, arm_mean, strict=True):
            test = {metric: value, "mae": 0.9 + 0.01 * random.standard_normal()}
            record = make_record(arm, seed, None, 0.9, test=test, num_test=num_items)
            records.append(replace(record, fallback_test={metric: 0.2, "mae": 1.4}))
    return study, records


def test_three_equal_differences_by_hand() -> None:
    # Grain 0.02: each of the two scores is rounded with variance .02^2 / 12, so the mean of three differences with
    # .02^2 / 18, and .02 is sqrt(18) standard errors on 2 degrees.
    study, records = study_with({"full": [0.82, 0.80, 0.84], "no_ca": [0.80, 0.78, 0.82]}, 50)
    (row,) = contrasts_of(analyse(study, records)).rows
    estimates = row.differences["acc2_has0"].estimates
    assert estimates is not None
    assert estimates.rerun.std_error == pytest.approx(2 / np.sqrt(18))
    assert row.p_values.rerun == pytest.approx(2 * stats.t.sf(np.sqrt(18), 2))
    assert row.p_values.rerun > 0.05
    assert row.verdict.kind == "no difference shown"


@pytest.mark.parametrize(("target", "metric"), COUNTS)
def test_no_score_that_counts_items_is_certain_after_three_runs(target: Target, metric: str) -> None:
    study, records = study_with({"full": [0.6] * 3, "no_ca": [0.5] * 3}, 30, metric, target)
    (row,) = contrasts_of(analyse(study, records)).rows
    assert row.p_values.rerun is not None
    assert row.p_values.rerun > 0.005
    for measured in analyse(study, records).section(AblationSection).arms.ablation.rows[0].measured.values():
        assert measured.estimates is not None
        assert measured.estimates.rerun.half_width


def test_continuous_scores_have_no_grain_and_many_items_hardly_any() -> None:
    study, records = study_with({"full": [0.812, 0.805, 0.831], "no_ca": [0.790, 0.781, 0.802]}, 5000)
    results = tabulate_results(study, records)
    assert rounding_of(results, "full", "mae").tolist() == [0.0]
    for name, widest in (("acc2_has0", 1.001), ("mae", 1.0)):
        runs = results.of("full", name) - results.of("no_ca", name)
        plain = rerun_sum([SeedBlock(runs)])
        estimates = Estimator.from_results(results).difference("full", "no_ca", name).estimates
        assert estimates is not None
        assert plain is not None
        assert plain.std_error is not None
        assert estimates.rerun.std_error is not None
        ratio = estimates.rerun.std_error / find_metric(name).factor / plain.std_error
        assert 1.0 <= ratio <= widest


def test_the_items_are_those_that_the_metric_counts() -> None:
    labels = np.array([0, 0, 0, 0, 1, -1, 2, -2, 3, -3], dtype=np.float32)
    ids = tuple("abcdefghij")
    found = Predictions(ids, ids, labels + 4, labels + 4)
    study, records = study_with({"full": [0.8, 0.9], "no_ca": [0.7, 0.8]}, 10, "acc2_non0")
    study = replace(study, data={**study.data, "label_scale": [1.0, 7.0, 4.0]})
    held = tabulate_results(study, [replace(record, predictions=found) for record in records])
    assert rounding_of(held, "full", "acc2_non0") == pytest.approx([1 / (12 * 6**2)])
    unknown = tabulate_results(study, records)
    assert rounding_of(unknown, "full", "acc2_non0") == pytest.approx([1 / (12 * 10**2)])
    nothing = tabulate_results(study, [replace(record, num_test=0) for record in records])
    assert rounding_of(nothing, "full", "acc2_non0").tolist() == [0.0]


def test_a_method_without_randomness_has_one_score_however_coarse_the_grid_is() -> None:
    study, records = study_with({"full": [0.6, 0.6, 0.6], "no_ca": [0.5, 0.5, 0.5]}, 30)
    arms = tuple(replace(arm, facts={"num_parameters": 0}) for arm in study.arms)
    results = tabulate_results(replace(study, arms=arms), records)
    assert not rounding_of(results, "full", "acc2_has0").any()
    assert not rounding_of(results, CONSTANT_PREDICTOR, "acc2_has0").any()
    (row,) = contrasts_of(analyse(replace(study, arms=arms), records)).rows
    assert row.p_values.rerun == 0.0
    # Beside it, the other arm alone is rounded.
    mixed = replace(study, arms=(study.arms[0], arms[1]))
    estimates = (
        Estimator.from_results(tabulate_results(mixed, records)).difference("full", "no_ca", "acc2_has0").estimates
    )
    assert estimates is not None
    assert estimates.rerun.std_error == pytest.approx(100 / 30 / np.sqrt(36))


def test_folds_and_weights_by_hand() -> None:
    # Two cells with 2 and 1 runs that do not vary; rounding .12 and .06, over the counts .06 + .06, over 2 cells.
    values = np.array([[1.0, 2.0], [1.0, np.nan]])
    estimate = rerun_sum([SeedBlock(values, rounding=np.array([0.12, 0.06]))])
    assert estimate is not None
    assert estimate.std_error == pytest.approx(np.sqrt(0.12) / 2)
    study, records = study_with({"full": [0.6, 0.6, 0.6], "no_ca": [0.5, 0.5, 0.5]}, 30)
    estimator = Estimator.from_results(tabulate_results(study, records))
    halves = estimator.linear_contrast({"full": 0.5, "no_ca": -0.5}, "acc2_has0").estimates
    assert halves is not None
    assert halves.rerun.std_error == pytest.approx(100 / 30 * np.sqrt(0.5 / 36))


def test_a_race_does_not_take_equal_differences_for_shown() -> None:
    study, records = study_with({"full": [0.8] * 5, "no_ca": [0.8 - 1 / 30] * 5}, 30)
    racing = {"looks": [5, 20], "smallest_effect": 1.0}
    study = replace(study, confirm={"seeds": list(range(1, 21)), "top": 1, "racing": racing})
    race = run_race(study, tabulate_results(study, records))
    assert race is not None
    assert (race.num_looks, race.rows[0].outcome) == (1, "open")
    (look,) = race.rows[0].looks
    # Five differences of one item: sqrt(5 * 6) standard errors on 4 degrees.
    assert look.estimate.p_value == pytest.approx(2 * stats.t.sf(np.sqrt(30), 4))


def test_two_models_that_answer_alike_on_few_items_are_not_known_to_be_one_for_new_videos() -> None:
    # 9 of 12 items are right: each score is rounded with variance 1 / (12 * 12^2), their difference with two of it.
    labels = np.tile(np.array([1, -1], dtype=np.float32), 6)
    values = labels * np.where(np.arange(12) % 4 == 3, -1, 1).astype(np.float32)
    found = Predictions(tuple("abcdefghijkl"), tuple("aabbccddeeff"), labels, values)
    study, records = study_with({"full": [0.75] * 3, "no_ca": [0.75] * 3}, 12)
    held = tabulate_results(study, [replace(record, predictions=found) for record in records])
    estimates = Estimator.from_results(held).difference("full", "no_ca", "acc2_has0").estimates
    assert estimates is not None
    assert estimates.new_data.value == 0
    assert estimates.new_data.std_error == pytest.approx(100 * np.sqrt(2 / (12 * 12**2)))
