"""Shares with their noise: the frame around whatever method is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.sections.hyperparameters.importance import Importance, measure_importance
from reports.sections.hyperparameters.importance_method import ImportanceMethod, Sample
from reports.sections.hyperparameters.parameter import SearchedParameter
from tests.reports.example_studies import failed
from tests.reports.sections.hyperparameters.example_searches import (
    BOX,
    make_search_records,
    make_search_study,
    only_history,
)
from tests.reports.sections.hyperparameters.test_sensitivity import bowl


def squared_correlations(
    parameters: Sequence[SearchedParameter], units: np.ndarray, samples: Sequence[Sample]
) -> np.ndarray:
    """A simple method of importance: the share of squared correlation with the loss; blind for gaps."""
    shares = np.full((len(samples), len(parameters)), np.nan)
    judged = np.isfinite(units).all(axis=0)
    for place, sample in enumerate(samples):
        found = np.array([np.corrcoef(units[sample.rows, j], sample.losses)[0, 1] ** 2 for j in np.flatnonzero(judged)])
        shares[place, judged] = found / found.sum()
    return shares


METHOD = ImportanceMethod("R2", "what it says", "somebody 1900", squared_correlations)


def importance_of(loss=bowl, per_cell: int = 12, seed: int = 0, noise: float = 0.02, **search: object) -> Importance:
    study = make_search_study(**search)
    history = only_history(study, make_search_records(study, loss, per_cell, noise, seed=seed))
    (found,) = measure_importance([history], [METHOD])
    return found


def test_the_parameter_that_matters_stands_out_of_the_noise_and_comes_first() -> None:
    found = importance_of()
    (shares,) = found.methods
    assert (found.num_trials, found.num_cells, found.num_samples) == (60, 5, 25)
    first, *others = shares.shares
    assert first.parameter.name == "gamma"
    assert first.stands_out
    assert 0.5 < first.low <= first.value <= first.high <= 1
    assert not any(share.stands_out for share in others)
    assert [share.value for share in shares.shares] == sorted((s.value for s in shares.shares), reverse=True)
    assert sum(share.value for share in shares.shares) == pytest.approx(1)


def test_noise_levels_are_passed_by_one_in_twenty_parameters_without_effect() -> None:
    passed = [
        share.stands_out
        for seed in range(60)
        for share in importance_of(lambda draw: 1.0, per_cell=6, seed=seed).methods[0].shares
    ]
    # 5% of 240 with a standard error of 3.4; shares of one search are not independent, so a wide gate.
    assert 12 - 9 <= sum(passed) <= 12 + 12


def test_equal_searches_get_equal_numbers_and_levels_of_folds_do_not_matter() -> None:
    assert importance_of() == importance_of()
    study = make_search_study()
    records = make_search_records(study, bowl, 12, 0.02)
    shifted = [replace(r, valid={"mae": r.valid["mae"] + 3.0 * (r.fold or 0)}) for r in records]
    one, other = (measure_importance([only_history(study, found)], [METHOD])[0] for found in (records, shifted))
    for left, right in zip(one.methods[0].shares, other.methods[0].shares, strict=True):
        assert (left.value, left.noise) == pytest.approx((right.value, right.noise))


def test_a_parameter_that_a_method_cannot_judge_is_named() -> None:
    box = {**BOX, "fd": {"choice": [True, False]}}
    study = make_search_study(box)
    records = [
        r if r.parameters["fd"] else replace(r, settings={k: v for k, v in r.settings.items() if k != "lambda1"})
        for r in make_search_records(study, bowl, 12)
    ]
    (found,) = measure_importance([only_history(study, records)], [METHOD])
    assert found.methods[0].unjudged == ("lambda1",)
    assert "lambda1" not in {share.parameter.name for share in found.methods[0].shares}


@pytest.mark.parametrize(
    ("per_cell", "box", "refusal"),
    [
        (3, BOX, "15 trials with a value for 4 parameters: it takes 20"),
        (12, {"alpha": BOX["alpha"]}, "a share takes at least two parameters to divide"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(per_cell: int, box: dict[str, object], refusal: str) -> None:
    found = importance_of(lambda draw: float(draw["alpha"]), per_cell=per_cell, distributions=box)
    assert found.refusal == refusal
    assert not found.methods


def test_without_methods_and_without_values_there_is_a_reason() -> None:
    study = make_search_study()
    records = make_search_records(study, bowl, 12)
    history = only_history(study, records)
    assert measure_importance([history], [])[0].refusal.startswith("no method was at hand")
    lost = only_history(study, [failed(record) for record in records])
    assert measure_importance([lost], [METHOD])[0].refusal == "0 trials with a value for 4 parameters: it takes 20"
    same = [replace(record, valid={"mae": 1.0}) for record in records]
    assert measure_importance([only_history(study, same)], [METHOD])[0].refusal.startswith("every trial of a fold")


def test_many_arms_get_fewer_resamples_and_say_so() -> None:
    study = make_search_study()
    history = only_history(study, make_search_records(study, bowl, 12))
    assert {found.num_samples for found in measure_importance([history] * 20, [METHOD])} == {6}


def test_arms_searched_alike_share_what_noise_gives_and_others_do_not() -> None:
    study = make_search_study()
    alike = [
        replace(only_history(study, make_search_records(study, bowl, 12, seed=seed)), arm=f"arm{seed}")
        for seed in range(3)
    ]
    wider = make_search_study({**BOX, "kernel": {"choice": [1, 3, 5]}})
    other = replace(only_history(wider, make_search_records(wider, bowl, 12)), arm="wider")
    longer = replace(only_history(study, make_search_records(study, bowl, 20)), arm="longer")
    found = {importance.arm: importance for importance in measure_importance([*alike, other, longer], [METHOD])}
    levels = {arm: {share.noise for share in found[arm].methods[0].shares} for arm in found}
    assert levels["arm0"] == levels["arm1"] == levels["arm2"]
    assert len(levels["arm0"]) == 1
    assert not levels["arm0"] & (levels["wider"] | levels["longer"])
    assert len(levels["wider"]) == 2, "choices have a level of their own"
