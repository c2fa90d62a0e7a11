"""Optuna's evaluators through the report's frame: planted truth comes back, conditions are handled or named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestration.importance import importance_methods
from reports.hyperparameters.importance import Importance, Sample, measure_importance
from reports.hyperparameters.parameter import SearchedParameter
from tests.reports.hyperparameters.searches import BOX, make_search_records, make_search_study, only_history
from tests.reports.hyperparameters.test_sensitivity import bowl


def importance_of(records_of_study, study=None) -> Importance:
    study = study or make_search_study()
    (found,) = measure_importance([only_history(study, records_of_study(study))], importance_methods())
    return found


def test_both_methods_find_the_parameter_that_matters_and_only_that() -> None:
    found = importance_of(lambda study: make_search_records(study, bowl, 24, 0.02))
    assert [shares.method.name for shares in found.methods] == ["fANOVA", "PED-ANOVA"]
    for shares in found.methods:
        assert shares.shares[0].parameter.name == "gamma"
        assert shares.shares[0].value > 0.6
        assert [share.parameter.name for share in shares.shares if share.stands_out] == ["gamma"]


def test_a_logarithmic_range_weighs_as_it_was_searched() -> None:
    # The loss steps at 0.1, the middle of the range in the logarithm and its lowest tenth on the raw scale; alpha
    # steps as high. Drawn evenly in the logarithm both matter alike.
    def steps(draw) -> float:
        return float(draw["gamma"] > 0.1) + float(draw["alpha"] > 0.5)

    found = importance_of(lambda study: make_search_records(study, steps, 24, 0.01))
    shares = {share.parameter.name: share.value for share in found.methods[0].shares}
    assert shares["gamma"] == pytest.approx(shares["alpha"], abs=0.12)


def test_a_parameter_that_some_trials_lack_is_judged_by_one_method_and_named_by_the_other() -> None:
    study = make_search_study({**BOX, "fd": {"choice": [True, False]}})

    def records_of(study):
        return [
            r if r.parameters["fd"] else replace(r, settings={k: v for k, v in r.settings.items() if k != "lambda1"})
            for r in make_search_records(study, bowl, 12, 0.02)
        ]

    fanova, ped_anova = importance_of(records_of, study).methods
    assert fanova.unjudged == ("lambda1",)
    judged = {share.parameter.name: share for share in ped_anova.shares}
    assert 20 < judged["lambda1"].num_trials < 40
    assert judged["gamma"].num_trials == 60


@pytest.mark.parametrize("method", importance_methods(), ids=lambda method: method.name)
def test_equal_samples_get_equal_shares_that_add_up_to_one(method) -> None:
    random = np.random.default_rng(0)
    parameters = [SearchedParameter("a", "uniform", 0, 1), SearchedParameter("b", "choice", options=("x", "y", "z"))]
    units = np.column_stack([random.random(30), random.integers(0, 3, 30)])
    rows = random.integers(0, 30, 30)
    samples = [Sample(rows, random.random(30)), Sample(np.arange(30), np.zeros(30))]
    first, again = (method.evaluate(parameters, units, samples) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first.sum(axis=1), 1)
    assert first[1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("method", importance_methods(), ids=lambda method: method.name)
def test_a_trial_drawn_twice_is_two_trials(method) -> None:
    random = np.random.default_rng(1)
    parameters = [SearchedParameter("a", "uniform", 0, 1), SearchedParameter("b", "uniform", 0, 1)]
    units, losses = random.random((21, 2)), np.sort(random.random(21))
    rows = np.array([0] * 7 + list(range(1, 21)))
    drawn = method.evaluate(parameters, units, [Sample(rows, losses[rows])])
    written_out = method.evaluate(parameters, units[rows], [Sample(np.arange(27), losses[rows])])
    np.testing.assert_allclose(drawn, written_out)
