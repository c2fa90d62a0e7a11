"""Optuna's evaluators through the report's frame: planted truth comes back, conditions are handled or named."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from orchestration.search.importance import importance_methods
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.sections.hyperparameters.importance import Importance, measure_importance
from reports.sections.hyperparameters.importance_method import ImportanceMethod, Sample
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.sections.hyperparameters.section import HyperparametersSection
from search_spaces.schema.distributions import LogUniform, Uniform
from search_spaces.terms.trial import Trial
from tests.orchestration.search.test_optuna_search import make_search
from tests.orchestration.simulated_trials import drive, record_of
from tests.reports.sections.hyperparameters.example_searches import (
    BOX,
    make_search_records,
    make_search_study,
    only_history,
)
from tests.reports.sections.hyperparameters.test_sensitivity import bowl


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


RANGES = {
    "rate": LogUniform(1e-4, 1e-1),
    "alpha": Uniform(0.0, 1.0),
    "beta": Uniform(0.0, 1.0),
    "gamma": LogUniform(0.01, 1.0),
}


def search_where_only_the_rate_matters(searcher, seed: int) -> tuple[StudyDescription, list[RunRecord]]:
    """40 trials of a real searcher on one split, as noisy as real ones."""
    random = np.random.default_rng(seed)
    records: list[RunRecord] = []

    def judge(trial: Trial) -> RunRecord:
        loss = 0.8 + 0.2 * (math.log10(trial.parameters["rate"]) + 2.5) ** 2 + 0.1 * random.standard_normal()
        records.append(replace(record_of(trial, float(loss)), number=len(records)))
        return records[-1]

    drive(make_search(searcher, RANGES, 40, seed), judge=judge)
    distributions = {name: distribution.declare() for name, distribution in RANGES.items()}
    study = make_search_study(distributions, folds=(None,), searcher=searcher)
    return replace(study, search={**study.search, "parameters": dict.fromkeys(RANGES, "a range")}), records


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_after_a_search_that_looked_the_lead_comes_from_what_holds_up(seed: int) -> None:
    """Of the searches with seeds 0 to 13 a useless parameter comes first by PED-ANOVA in 10 (7 and 8 among them), by
    fANOVA in 2 (3 and 8), by the trends of Sensitivity in none."""
    report = analyse(*search_where_only_the_rate_matters("tpe", seed))
    (lead,) = report.section(HyperparametersSection).grids.findings
    assert lead.startswith("`full`: 40 trials point to rate (")
    assert re.fullmatch(
        r".*; not excluded by them: alpha \(up to [^)]+\), beta \(up [^)]+\), gamma \(up [^)]+\)\.", lead
    )


def test_after_a_search_that_looked_no_order_is_printed_that_says_where_it_went() -> None:
    report = analyse(*search_where_only_the_rate_matters("tpe", 7), importance_methods=importance_methods())
    (found,) = report.section(HyperparametersSection).values.importance
    assert [shares.method.name for shares in found.methods] == ["fANOVA"]
    text = render_markdown(report)
    assert "PED-ANOVA is left out: of trials that were not drawn at random" in text
    assert text.count("PED-ANOVA") == 1


def without_cost() -> tuple[ImportanceMethod, ...]:
    """The methods as they are, all of them answering at once with equal shares."""

    def divide(parameters, units, samples):
        return np.full((len(samples), len(parameters)), 1 / len(parameters))

    return tuple(replace(method, evaluate=divide) for method in importance_methods())


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({}, ["fANOVA", "PED-ANOVA"]),
        ({"scheduler": "asha"}, ["fANOVA", "PED-ANOVA"]),
        ({"starting_points": 2}, ["fANOVA"]),
        ({"searcher": "grid"}, ["fANOVA"]),
        ({"searcher": "gp"}, ["fANOVA"]),
    ],
)
def test_only_draws_are_for_every_method(change: dict[str, object], asked: list[str]) -> None:
    study = make_search_study()
    records = make_search_records(study, bowl, 5)
    report = analyse(replace(study, search={**study.search, **change}), records, importance_methods=without_cost())
    assert [method.name for method in report.section(HyperparametersSection).values.asked] == asked
    assert ("PED-ANOVA is left out" in render_markdown(report)) is ("PED-ANOVA" not in asked)


def test_parameters_without_variation_are_taken_out_before_any_method_is_asked() -> None:
    """Optuna would divide the shares among them, too: here they are named, and the others add up to one."""
    study = make_search_study()
    fixed = {"lambda1": 0.5}
    records = [
        replace(r, parameters={**r.parameters, **fixed}, settings={**r.settings, **fixed})
        for r in make_search_records(study, bowl, 5)
    ]
    history = only_history(study, records)
    assert history.constant == ("lambda1",)
    (found,) = measure_importance([history], without_cost())
    for shares in found.methods:
        assert {share.parameter.name: share.value for share in shares.shares} == {
            "alpha": pytest.approx(1 / 3),
            "gamma": pytest.approx(1 / 3),
            "lambda2": pytest.approx(1 / 3),
        }
    text = render_markdown(analyse(study, records, importance_methods=without_cost()))
    assert "had one value in all trials: lambda1." in text
