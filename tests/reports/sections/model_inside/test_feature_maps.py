"""Feature maps: which run, what is read off it, and no picture without numbers."""

from __future__ import annotations

import numpy as np
import pytest

from reports.records.details import no_details
from reports.results.tabulate import tabulate_results
from reports.sections.model_inside.feature_maps import MOST_ARMS, FeatureMaps, feature_maps
from reports.sections.model_inside.feature_pictures import SHOWN_BY_MODALITY
from tests.reports.example_details import details_of, make_features, reader, with_predictions
from tests.reports.example_studies import TABLE3, failed, make_predictions, make_record, make_records, make_study


def maps_of(arms=("full", "no_ca"), changed=lambda records: records) -> FeatureMaps:
    study = make_study(arms, seeds=(1, 2), folds=(0, 1))
    records = changed(with_predictions(make_records(study, lambda arm: 0.9)))
    return feature_maps(study, tabulate_results(study, records), reader(details_of(records)))


def test_probes_read_off_what_is_in_the_features() -> None:
    found = maps_of(("full",)).maps[0]
    sign, common, exclusive = found.by_class.sign, found.by_modality.common, found.by_modality.exclusive
    assert sign is not None and common is not None and exclusive is not None
    assert sign.accuracy.value > 0.9
    assert common.accuracy.value == pytest.approx(1 / 3, abs=0.12)
    assert exclusive.accuracy.value > 0.95
    assert (common.n, common.num_groups) == (3 * 48, 6)
    assert sign.n == np.count_nonzero(found.by_class.labels)


def test_the_run_is_the_first_by_fold_and_seed_and_is_named() -> None:
    found = maps_of(("full",)).maps[0]
    assert (found.trial_id, found.seed, found.cell) == ("full-confirm-1-0", 1, "fold 0")

    def first_failed(records):
        return [failed(record) if record.trial_id == "full-confirm-1-0" else record for record in records]

    assert maps_of(("full",), first_failed).maps[0].trial_id == "full-confirm-2-0"


def test_the_baseline_comes_first_then_the_barest_arms() -> None:
    found = maps_of(tuple(TABLE3))
    assert [item.arm for item in found.maps] == ["full", "fd_only", "no_ca_hetero_gd"]
    assert len(found.maps) == MOST_ARMS
    assert set(found.others) == {"no_ca", "no_hetero_gd"}


def test_pictures_have_a_point_per_shown_feature_and_stay_the_same() -> None:
    first, second = (maps_of(("full",)).maps[0] for _ in range(2))
    assert first.by_class.coordinates.shape == (48, 2)
    assert first.by_modality.coordinates.shape == (6 * 48, 2)
    assert first.by_modality.modality.tolist() == np.tile(np.repeat([0, 1, 2], 48), 2).tolist()
    assert first.by_modality.is_common.sum() == 3 * 48
    np.testing.assert_array_equal(first.by_class.coordinates, second.by_class.coordinates)
    np.testing.assert_array_equal(first.by_modality.coordinates, second.by_modality.coordinates)


def test_of_many_items_some_are_shown_and_all_are_probed() -> None:
    from dataclasses import replace

    study = make_study(("full",), seeds=(1,), folds=(None,))
    record = replace(make_record("full", 1, None, 0.9), predictions=make_predictions(10, 25, 0.1, 0))
    details = {record.trial_id: make_features(record.predictions.labels)}
    (found,) = feature_maps(study, tabulate_results(study, [record]), reader(details)).maps
    assert len(found.by_modality.coordinates) <= 6 * SHOWN_BY_MODALITY
    assert found.by_modality.common is not None
    assert found.by_modality.common.n == 750


def test_seven_classes_are_asked_on_their_scale_only() -> None:
    from dataclasses import replace

    study = make_study(("full",), seeds=(1,), folds=(0,))
    records = with_predictions(make_records(study, lambda arm: 0.9))
    details = reader(details_of(records))
    assert feature_maps(study, tabulate_results(study, records), details).maps[0].by_class.seven is not None
    other = replace(study, metrics=("mae", "corr"))
    assert feature_maps(other, tabulate_results(other, records), details).maps[0].by_class.seven is None


def test_why_there_are_no_maps_is_said() -> None:
    study = make_study(seeds=(1,), folds=(0,))
    records = with_predictions(make_records(study, lambda arm: 0.9))
    results = tabulate_results(study, records)
    assert feature_maps(study, results, no_details).note == "no arm decouples features, or none kept its details"
    edges_only = {record.trial_id: {"edges/homo": np.ones((48, 6), dtype=np.float32)} for record in records}
    assert feature_maps(study, results, reader(edges_only)).note == "no arm decouples features"


def test_details_that_do_not_fit_the_predictions_are_not_used() -> None:
    study = make_study(("full",), seeds=(1,), folds=(0,))
    records = with_predictions(make_records(study, lambda arm: 0.9))
    details = details_of(records)
    short = {trial_id: {name: array[:-1] for name, array in found.items()} for trial_id, found in details.items()}
    assert feature_maps(study, tabulate_results(study, records), reader(short)).maps == ()
