"""An arm that is the same under every seed is no sample of the noise between runs, wherever a unit is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.study_description import ArmDescription, Contrast
from reports.report import Report
from reports.results.metrics import METRICS
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.sections.hyperparameters.optimum import NO_NOISE, NO_NOISE_LEVEL
from reports.sections.power.section import PowerSection
from reports.sections.power.sentences import floor_sentence, power_sentence
from reports.statistics.rerun import SeedBlock, do_vary, noise_unit, rerun_sum
from tests.reports.example_studies import contrasts_of, make_record, make_study, warnings_of
from tests.reports.sections.hyperparameters.test_optimum import plateau_of

NOISE = 0.02
MEANS = {"full": 0.90, "no_ca": 1.00, "ridge": 0.95}
PAIRS = (Contrast("full", "no_ca", "CA"), Contrast("full", "ridge", "method"))
CLOSED_FORM = {"num_parameters": 0}


def report_of(is_random: Mapping[str, bool], seeds: range = range(12)) -> Report:
    """One split; random arms vary by :data:`NOISE`, the others by the rounding of a sum."""
    study = make_study(tuple(is_random), PAIRS, seeds=list(seeds), folds=(None,))
    arms = [replace(arm, facts={} if is_random[arm.name] else CLOSED_FORM) for arm in study.arms]
    random = np.random.default_rng(1)
    records = []
    for planned in study.planned:
        spread = NOISE * random.standard_normal() if is_random[planned.arm] else 1e-15 * (planned.seed % 3)
        records.append(make_record(planned.arm, planned.seed, None, MEANS[planned.arm] + spread))
    return analyse(replace(study, arms=tuple(arms)), records)


def test_the_unit_is_that_of_the_arms_that_vary() -> None:
    noisy = NOISE * np.random.default_rng(0).standard_normal((30, 1))
    constant = np.full((30, 1), 0.7) + 1e-16 * np.arange(30)[:, None]
    assert noise_unit(noisy, constant) == noise_unit(noisy) == pytest.approx(noisy.std(ddof=1))
    assert noise_unit(constant) is None
    assert noise_unit() is None


def test_the_effect_size_against_a_closed_form_is_in_deviations_of_the_other_arm() -> None:
    report = report_of({"full": True, "no_ca": True, "ridge": False})
    deviations = {arm: float(report.results.of(arm, "mae").std(ddof=1)) for arm in MEANS}
    trained, mixed = (row.differences["mae"].effect for row in contrasts_of(report).rows)
    assert trained is not None
    assert mixed is not None
    assert trained.run_deviation == pytest.approx(np.hypot(deviations["full"], deviations["no_ca"]) / np.sqrt(2))
    assert mixed.run_deviation == pytest.approx(deviations["full"])
    both = contrasts_of(report_of({"full": False, "no_ca": False, "ridge": False})).rows[0]
    assert both.differences["mae"].effect is None


def test_independent_runs_beside_a_closed_form_are_a_one_sample_t() -> None:
    runs, constant = np.array([[1.0], [2.0], [4.0]]), np.full((9, 1), 1.5)
    estimate = rerun_sum([SeedBlock(runs), SeedBlock(-constant, is_random=False)])
    expected = stats.ttest_1samp(runs[:, 0], 1.5)
    interval = expected.confidence_interval(0.95)
    assert estimate is not None
    assert estimate.p_value == pytest.approx(expected.pvalue)
    assert (estimate.low, estimate.high) == (pytest.approx(interval.low - 1.5), pytest.approx(interval.high - 1.5))
    # Where it failed once, and scores as another predictor does, that is a spread like any other.
    failed = rerun_sum([SeedBlock(runs), SeedBlock(np.array([[1.5], [1.5], [2.5]]), is_random=False)])
    assert failed is not None
    assert failed.df == 4


def test_two_closed_forms_differ_for_certain() -> None:
    report = report_of({"full": False, "no_ca": False, "ridge": False})
    row = contrasts_of(report).rows[0]
    assert row.p_values.rerun == 0.0
    said = power_sentence(report.section(PowerSection).values.rows[0], METRICS["mae"], "groups")
    assert "the same under every seed, so that any difference on these data would have been shown" in said
    assert not any("run-to-run spread" in warning for warning in warnings_of(report))


def test_a_study_with_few_seeds_says_so_of_the_arms_that_vary() -> None:
    report = report_of({"full": True, "no_ca": True, "ridge": False}, range(3))
    assert any(warning.startswith("Only 3 runs per arm:") for warning in warnings_of(report))


def test_a_control_of_a_closed_form_is_no_noise_floor() -> None:
    study = make_study(("full", "control"), folds=(None,))
    records = [make_record(planned.arm, planned.seed, None, 0.9) for planned in study.planned]
    (floor,) = analyse(study, records).section(PowerSection).values.floors
    said = floor_sentence(floor, (), METRICS["mae"])
    assert said == "No noise floor: `control` is the baseline under other seeds, and they change nothing in it."


def test_which_arms_are_random_is_read_from_all_metrics_of_their_completed_runs() -> None:
    study = make_study(("full", "no_ca", "ridge"), seeds=(1, 2), folds=(None,))
    records = [
        make_record("full", 1, None, 0.9),
        # The same MAE by chance, another accuracy.
        make_record("full", 2, None, 0.9, test={"mae": 0.9, "acc7": 0.36, "f1_non0": 0.75, "corr": 0.55}),
        make_record("no_ca", 1, None, 1.0),
        make_record("ridge", 1, None, 0.95),
        make_record("ridge", 2, None, 0.95),
    ]
    results = tabulate_results(study, records)
    found = {arm: results.is_random(arm) for arm in (*results.arms, CONSTANT_PREDICTOR)}
    assert found == {"full": True, "no_ca": True, "ridge": False, CONSTANT_PREDICTOR: False}
    assert not do_vary(np.full((2, 1), np.nan))


def test_without_noise_no_trial_is_as_good_as_the_best_by_chance() -> None:
    assert plateau_of({0: [1.0, 1.1]}, {0: [1.05, 1.05, 1.05 + 1e-16]}).refusal == NO_NOISE
    assert NO_NOISE != NO_NOISE_LEVEL


def test_no_number_of_a_report_is_rounding_error() -> None:
    text = render_markdown(report_of({"full": True, "no_ca": True, "ridge": False}))
    assert "e-1" not in text


def test_an_arm_description_knows_a_closed_form() -> None:
    assert not ArmDescription("ridge", "ridge", "model", "ridge", {}, facts=CLOSED_FORM).has_gradients
