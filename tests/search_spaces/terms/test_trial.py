"""A trial's id is a function of its fields, however often it is asked for and wherever the trial has been."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from search_spaces.terms.trial import Cell, Trial

TRIAL = Trial("full", "dmd", "confirm", {"gamma": 0.1, "ca": True}, {"gamma": 0.1}, 1, Cell(0, 2), "context")


@pytest.mark.parametrize(
    "change",
    [
        {"arm": "no_ca"},
        {"stage": "search"},
        {"settings": {"gamma": 0.2, "ca": True}},
        {"seed": 2},
        {"cell": Cell(1, 2)},
        {"context": "other"},
    ],
)
def test_a_changed_trial_has_an_id_of_its_own_also_after_the_first_was_asked_for(change: dict[str, object]) -> None:
    assert replace(TRIAL, **change).id != TRIAL.id  # type: ignore[arg-type]


def test_equal_trials_have_equal_ids_whether_asked_before_or_not() -> None:
    asked = replace(TRIAL)
    known = (asked.id, asked.configuration_id, asked.result_id)
    fresh = replace(TRIAL)
    assert asked == fresh, "what is kept beside the fields is no part of the trial"
    assert (fresh.id, fresh.configuration_id, fresh.result_id) == known
    travelled = pickle.loads(pickle.dumps(asked))
    assert travelled == asked
    assert travelled.id == asked.id
