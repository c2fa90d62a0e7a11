"""Curves over searched parameters: planted truth comes back, what does not matter is flat at the nominal rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from reports.records.run_record import Value
from reports.sections.hyperparameters.sensitivity import EffectCurve, Sensitivity, measure_sensitivity
from tests.reports.example_studies import failed
from tests.reports.sections.hyperparameters.example_searches import (
    BOX,
    make_search_records,
    make_search_study,
    only_history,
)


def bowl(draw: Mapping[str, Value]) -> float:
    """Lowest at gamma = 0.03; nothing else matters."""
    unit = (math.log(float(draw["gamma"])) - math.log(0.01)) / math.log(100)
    best = math.log(3) / math.log(100)
    return 0.9 + 0.4 * (unit - best) ** 2


def sensitivity_of(seed: int = 0, per_cell: int = 12, noise: float = 0.02, **search: object) -> Sensitivity:
    study = make_search_study(**search)
    return measure_sensitivity(only_history(study, make_search_records(study, bowl, per_cell, noise, seed=seed)))


def by_name(found: Sensitivity) -> dict[str, EffectCurve]:
    return {curve.parameter.name: curve for curve in found.curves}


def test_the_one_parameter_that_matters_is_found_with_its_best_value() -> None:
    found = sensitivity_of()
    assert (found.num_trials, found.num_cells, found.degree) == (60, 5, 2)
    gamma = by_name(found)["gamma"]
    assert gamma.p_flat < 1e-6
    assert float(gamma.parameter.from_unit(gamma.units[gamma.best])) == pytest.approx(0.03, rel=0.5)
    assert gamma.may_be_best.mean() < 0.6
    truth = 0.4 * (gamma.units - math.log(3) / math.log(100)) ** 2
    gap = (gamma.effect - gamma.effect.mean()) - (truth - truth.mean())
    assert np.abs(gap).max() < 0.02
    assert found.deviation == pytest.approx(0.02, rel=0.3)


def test_what_does_not_matter_is_flat_at_the_nominal_rate_and_the_best_value_is_covered() -> None:
    rejected, covered, studies = 0, 0, 150
    for seed in range(studies):
        curves = by_name(sensitivity_of(seed=1000 + seed, per_cell=8))
        rejected += sum(curves[name].p_flat <= 0.05 for name in ("alpha", "lambda1", "lambda2"))
        nearest = int(np.argmin(np.abs(curves["gamma"].units - math.log(3) / math.log(100))))
        covered += bool(curves["gamma"].may_be_best[nearest])
    # 5% of 450 with a standard error of 4.6; coverage of the best value at least 95% with a standard error of 2.7.
    assert 22.5 - 14 <= rejected <= 22.5 + 14
    assert covered >= 0.95 * studies - 8


def test_levels_of_folds_do_not_move_the_curves() -> None:
    study = make_search_study()
    level, steep = (
        measure_sensitivity(
            only_history(study, make_search_records(study, bowl, 12, 0.02, cell_shift=lambda fold, k=k: k * fold))
        )
        for k in (0.0, 3.0)
    )
    for name, curve in by_name(level).items():
        np.testing.assert_allclose(curve.effect, by_name(steep)[name].effect, atol=1e-9)


def test_higher_is_better_for_an_accuracy() -> None:
    study = make_search_study(objective="valid/acc7")
    records = [
        replace(record, valid={"acc7": 1.3 - record.valid["mae"]}) for record in make_search_records(study, bowl, 12)
    ]
    gamma = by_name(measure_sensitivity(only_history(study, records)))["gamma"]
    assert float(gamma.parameter.from_unit(gamma.units[gamma.best])) == pytest.approx(0.03, rel=0.6)
    assert gamma.effect[gamma.best] == gamma.effect.max()


def test_options_of_a_choice_are_points_with_their_own_trials() -> None:
    box = {**BOX, "kernel": {"choice": [1, 3, 5]}}
    study = make_search_study(box)
    records = make_search_records(study, lambda draw: 1.0 + 0.1 * (draw["kernel"] == 5), 14, 0.02)
    kernel = by_name(measure_sensitivity(only_history(study, records)))["kernel"]
    assert sum(kernel.num_trials) == 70
    assert kernel.effect[2] - kernel.effect[0] == pytest.approx(0.1, abs=0.03)
    assert kernel.may_be_best.tolist() == [True, True, False]


def test_a_parameter_without_effect_in_some_trials_is_judged_on_the_others() -> None:
    box = {"fd": {"choice": [True, False]}, "lambda1": {"uniform": [0.0, 1.0]}}
    study = make_search_study(box)

    def loss(draw: Mapping[str, Value]) -> float:
        return 1.0 + 0.2 * float(draw["lambda1"]) if draw["fd"] else 1.5

    records = make_search_records(study, loss, 16, 0.01)
    records = [r if r.parameters["fd"] else replace(r, settings={"fd": False}) for r in records]
    curve = by_name(measure_sensitivity(only_history(study, records)))["lambda1"]
    assert curve.num_trials[0] == sum(bool(r.parameters["fd"]) for r in records)
    assert curve.effect[-1] - curve.effect[0] == pytest.approx(0.2, abs=0.02)


def test_too_few_trials_are_refused_in_words() -> None:
    found = sensitivity_of(per_cell=2)
    assert not found.curves
    assert found.refusal == "10 trials with a value for 4 parameters: even straight trends take 18"


def test_failed_trials_count_for_nothing_and_a_constant_parameter_has_no_curve() -> None:
    study = make_search_study()
    records = make_search_records(study, bowl, 12)
    frozen = [
        replace(r, parameters={**r.parameters, "alpha": 0.5}, settings={**r.settings, "alpha": 0.5}) for r in records
    ]
    found = measure_sensitivity(only_history(study, [failed(frozen[0]), *frozen[1:]]))
    assert found.num_trials == 59
    assert "alpha" not in by_name(found)
    assert measure_sensitivity(only_history(study, [failed(r) for r in records])).refusal
