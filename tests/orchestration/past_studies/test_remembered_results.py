"""What was worked out of trials while a study ran is not worked out again for its report."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from orchestration.past_studies.remembered_results import RememberedResults
from reports.in_turn import in_turn
from reports.records.serialise import record_from_json, record_to_json
from reports.results.tabulate import tabulate_results
from reports.sections.model_inside.feature_maps import feature_maps
from tests.reports.example_details import details_of, reader, with_predictions
from tests.reports.example_studies import make_records, make_study

Item = TypeVar("Item")
Result = TypeVar("Result")


class Counting:
    """Goes through items in turn and counts them."""

    def __init__(self) -> None:
        self.num_items = 0

    def __call__(self, function: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
        self.num_items += len(items)
        return in_turn(function, items)


def test_equal_items_are_worked_on_once_and_each_has_its_result() -> None:
    counting = Counting()
    remembered = RememberedResults(counting)
    assert remembered(np.sum, [np.arange(3), np.arange(4), np.arange(3)]) == [3, 6, 3]
    assert counting.num_items == 2
    assert remembered(np.sum, [np.arange(4), np.arange(5)]) == [6, 10]
    assert counting.num_items == 3


def test_pictures_of_trials_that_had_ended_are_those_of_the_complete_study() -> None:
    """The study is read twice, as from a ledger: first while some trials have ended."""
    study = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1))
    records = with_predictions(make_records(study, lambda arm: 0.9))
    details = details_of(records)

    def read(part: Sequence[object]):
        read_again = [record_from_json(record_to_json(record)) for record in part]
        kept = reader(pickle.loads(pickle.dumps(details)))
        return tabulate_results(study, read_again), kept

    counting = Counting()
    remembered = RememberedResults(counting)
    feature_maps(study, *read([record for record in records if record.seed == 1]), remembered)
    num_early = counting.num_items
    later = feature_maps(study, *read(records), remembered)
    assert counting.num_items == num_early > 0
    alone = feature_maps(study, *read(records))
    for one, other in zip(later.maps, alone.maps, strict=True):
        np.testing.assert_array_equal(one.by_modality.coordinates, other.by_modality.coordinates)
        assert one.by_modality.common == other.by_modality.common
        assert one.by_class.sign == other.by_class.sign is not None
