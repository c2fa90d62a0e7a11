"""Search trials as arrays: who had an effect, in which order, on which level."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from reports.sections.hyperparameters.history import search_histories
from tests.reports.example_studies import failed, make_search_record
from tests.reports.sections.hyperparameters.example_searches import make_search_records, make_search_study, only_history


def test_trials_stand_cell_by_cell_in_the_order_of_asking_whatever_the_order_of_records() -> None:
    study = make_search_study(folds=(0, 1))
    records = make_search_records(study, lambda draw: 1.0, per_cell=5)
    shuffled = random.Random(3).sample(records, len(records))
    history = only_history(study, shuffled)
    assert history.trial_ids == tuple(record.trial_id for record in records)
    assert history.place.tolist() == [0] * 5 + [1] * 5
    assert history.has_order
    assert not only_history(study, [replace(record, number=None) for record in records]).has_order


def test_a_value_that_the_trial_did_not_use_is_no_value_of_it() -> None:
    study = make_search_study({"fd": {"choice": [True, False]}, "lambda1": {"uniform": [0.0, 2.0]}}, folds=(None,))
    drawn = {"fd": False, "lambda1": 0.5}
    unused = make_search_record("full", None, 0, 0.9, parameters=drawn, settings={"fd": False})
    preset = make_search_record("full", None, 1, 0.9, parameters=drawn, settings={"fd": False, "lambda1": 1})
    used = [
        make_search_record("full", None, number, 0.9, parameters=own, settings=own)
        for number, own in ((2, {"fd": True, "lambda1": 0.5}), (3, {"fd": True, "lambda1": 1.0}))
    ]
    history = only_history(study, [unused, preset, *used])
    assert [parameter.name for parameter in history.parameters] == ["fd", "lambda1"]
    np.testing.assert_array_equal(history.units, [[1, np.nan], [1, np.nan], [0, 0.25], [0, 0.5]])


def test_a_parameter_that_had_one_value_or_no_effect_is_named_apart() -> None:
    study = make_search_study({name: {"uniform": [0, 1]} for name in ("alpha", "beta", "gamma")}, folds=(None,))
    records = [
        make_search_record(
            "full",
            None,
            number,
            0.9,
            parameters={"alpha": 0.5, "beta": 0.1 * number, "gamma": 0.1 * number},
            settings={"alpha": 0.5, "gamma": 0.1 * number},
        )
        for number in range(3)
    ]
    history = only_history(study, records)
    assert [parameter.name for parameter in history.parameters] == ["gamma"]
    assert history.constant == ("alpha", "beta")
    assert history.units.shape == (3, 1)


def test_levels_of_cells_are_taken_out_by_the_median_and_failed_trials_have_no_value() -> None:
    study = make_search_study(folds=(0, 1))
    values = {0: [1.0, 1.2, 1.1, 9.0, 1.3], 1: [2.0, 2.5, 2.1]}
    records = [
        make_search_record("full", fold, number, 0.0, valid={"mae": value})
        for fold, of_fold in values.items()
        for number, value in enumerate(of_fold)
    ]
    records.append(failed(make_search_record("full", 1, 7, 0.0)))
    history = only_history(study, records)
    centred = history.centred_losses()
    np.testing.assert_allclose(centred[:8], [-0.2, 0.0, -0.1, 7.8, 0.1, -0.1, 0.4, 0.0], atol=1e-12)
    assert np.isnan(centred[8])
    assert history.count("failed") == 1


def test_a_share_is_shown_in_per_cent_and_lower_is_always_better() -> None:
    study = make_search_study(folds=(None,), objective="valid/acc7")
    record = make_search_record("full", None, 0, 0.9, valid={"acc7": 0.35})
    history = only_history(study, [record])
    assert history.values.tolist() == [35.0]
    assert history.losses.tolist() == [-35.0]


def test_an_arm_that_inherits_has_no_history() -> None:
    study = make_search_study(arms=("full", "no_ca"))
    records = make_search_records(study, lambda draw: 1.0, per_cell=2)
    assert [history.arm for history in search_histories(study, records)] == ["full"]
