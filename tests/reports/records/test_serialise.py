"""What is stored comes back equal, as strict JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.records.declared import DeclaredComponent, DeclaredMethod, DeclaredTerm
from reports.records.run_record import EpochPoint, Predictions, RunRecord
from reports.records.serialise import record_from_json, record_to_json, study_from_json, study_to_json
from reports.records.stored_types import NotAsWritten
from reports.records.study_description import MergedPart
from reports.records.target import Target
from tests.reports.example_studies import make_predictions, make_record, make_study

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
METRIC_MAPS = st.dictionaries(st.text(max_size=8), NUMBERS, max_size=4)
VALUE_MAPS = st.dictionaries(
    st.text(max_size=8), st.booleans() | st.integers() | NUMBERS | st.text(max_size=6) | st.just("nan"), max_size=4
)


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    n = draw(st.integers(1, 5))
    names = draw(st.lists(st.text(max_size=5), min_size=n, max_size=n))
    values = draw(st.lists(st.floats(width=32), min_size=n, max_size=n))
    return Predictions(
        tuple(names), tuple(reversed(names)), np.zeros(n, dtype=np.float32), np.array(values, dtype=np.float32)
    )


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    return replace(
        make_record("full", draw(st.integers(0, 9)), draw(st.none() | st.integers(0, 4)), 0.9),
        parameters=draw(VALUE_MAPS),
        settings=draw(VALUE_MAPS),
        valid=draw(METRIC_MAPS),
        test=draw(st.none() | METRIC_MAPS),
        fallback_test=draw(st.none() | METRIC_MAPS),
        duration_s=draw(NUMBERS),
        error=draw(st.none() | st.text()),
        epochs=tuple(EpochPoint(epoch, draw(METRIC_MAPS)) for epoch in range(draw(st.integers(0, 2)))),
        predictions=draw(st.none() | predictions()),
    )


@settings(max_examples=60, deadline=None)
@given(records())
def test_record_survives_strict_json(record: RunRecord) -> None:
    text = json.dumps(record_to_json(record), allow_nan=False)
    back = record_from_json(json.loads(text))
    # repr tells NaN, -0.0, True and 1 apart; arrays are compared by their bits.
    assert repr(replace(back, predictions=None)) == repr(replace(record, predictions=None))
    assert (back.predictions is None) == (record.predictions is None)
    if back.predictions is not None and record.predictions is not None:
        assert (back.predictions.ids, back.predictions.groups) == (record.predictions.ids, record.predictions.groups)
        np.testing.assert_array_equal(back.predictions.values, record.predictions.values)
        assert back.predictions.values.dtype == np.float32


def test_predictions_are_written_as_short_as_float32_allows() -> None:
    record = replace(
        make_record("full", 1, 0, 0.9), predictions=Predictions(("a",), ("g",), np.float32([0.2]), np.float32([0.1]))
    )
    assert json.dumps(record_to_json(record)["predictions"]["values"]) == "[0.1]"


def test_predictions_survive_bit_for_bit() -> None:
    made = make_predictions(8, 5, 0.1, seed=1)
    back = record_from_json(
        json.loads(json.dumps(record_to_json(replace(make_record("full", 1, 0, 1.0), predictions=made))))
    )
    assert back.predictions is not None
    assert back.predictions.values.tobytes() == made.values.tobytes()


def test_study_survives_strict_json() -> None:
    study = replace(make_study(), provenance={"nested": {"loss": float("inf")}, "list": [1, "a"]}, fixed={"x": True})
    study = replace(study, combinations=(("fd", "ca"), ("ca",), ()), methods=("dmd", "ridge"))
    assert study_from_json(json.loads(json.dumps(study_to_json(study), allow_nan=False))) == study


def test_cut_off_json_is_refused_by_name() -> None:
    payload = record_to_json(make_record("full", 1, 0, 0.9))
    del payload["seed"], payload["arm"]
    with pytest.raises(ValueError, match="record full-confirm-1-0: stored JSON lacks arm, seed"):
        record_from_json(payload)


def test_keys_of_a_later_version_are_ignored() -> None:
    record = make_record("full", 1, 0, 0.9)
    assert record_from_json({**record_to_json(record), "colour": "blue"}) == record


@pytest.mark.parametrize(
    ("labels", "stored_labels", "fallback"),
    [
        ([1.0, 0.0], "[1.0, 0.0]", (0.25, 0.5, 0.25)),
        ([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], "[[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]", (0.5, 0.0, 1.0)),
    ],
)
def test_predictions_of_several_columns_are_stored_item_by_item(
    labels: list[object], stored_labels: str, fallback: tuple[float, ...]
) -> None:
    values = np.float32([[0.7, 0.1, 0.2], [0.3, 0.3, 0.4]])
    made = Predictions(("a", "b"), ("g", "h"), np.float32(labels), values)
    record = replace(make_record("full", 1, 0, 0.9), predictions=made, fallback_value=fallback)
    stored = json.loads(json.dumps(record_to_json(record), allow_nan=False))
    assert json.dumps(stored["predictions"]["labels"]) == stored_labels
    assert json.dumps(stored["predictions"]["values"]) == "[[0.7, 0.1, 0.2], [0.3, 0.3, 0.4]]"
    back = record_from_json(stored)
    assert back.fallback_value == fallback
    assert back.predictions is not None
    assert (back.predictions.labels.tolist(), back.predictions.values.tolist()) == (labels, values.tolist())
    assert back.predictions.values.dtype == back.predictions.labels.dtype == np.float32


@pytest.mark.parametrize("values", [[[0.5, 0.5], [1.0]], [[], []], [[[0.5]], [[0.5]]], [[0.5, 0.5]]])
def test_predictions_that_are_no_table_are_refused_by_name(values: list[object]) -> None:
    stored = record_to_json(replace(make_record("full", 1, 0, 0.9), predictions=make_predictions(2, 1, 0.1, seed=1)))
    stored["predictions"]["values"] = values
    with pytest.raises(NotAsWritten, match="record full-confirm-1-0: the stored JSON"):
        record_from_json(stored)


def test_what_is_predicted_comes_back_with_a_study() -> None:
    study = make_study()
    assert study.target == Target()
    emotions = replace(study, data={**study.data, "target": {"kind": "classes", "names": ["angry", "happy"]}})
    back = study_from_json(json.loads(json.dumps(study_to_json(emotions), allow_nan=False)))
    assert back == emotions
    assert back.target == Target("classes", ("angry", "happy"))


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "ranks", "names": ["a", "b"]},
        {"kind": "classes"},
        {"kind": "regression", "names": ["a"]},
        {"kind": "several", "names": ["a", "a"]},
        {"names": ["a"]},
        "classes",
    ],
)
def test_a_target_that_cannot_be_is_refused_by_name(target: object) -> None:
    study = make_study()
    stored = study_to_json(replace(study, data={**study.data, "target": target}))
    with pytest.raises(NotAsWritten, match=r"study toy: .*target"):
        study_from_json(stored)


@pytest.mark.parametrize("name", ["../../out", "/out", "a/b", "..", ".hidden", "", "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused_of_a_study_and_of_the_parts_of_a_merged_one(name: str) -> None:
    """Reports write `<name>.yaml`: a study that was sent to somebody must not choose where."""
    merged = replace(make_study(), parts=(MergedPart("first", {}, "", "a: 1"), MergedPart("second", {})))
    stored = study_to_json(merged)
    assert study_from_json(stored) == merged
    second = {**stored["parts"][1], "study": name}
    for changed in ({**stored, "study": name}, {**stored, "parts": [stored["parts"][0], second]}):
        with pytest.raises(NotAsWritten, match="is no name that this program gives"):
            study_from_json(changed)


CHANGES = st.sampled_from([None, 7, -1.5, "text", True, [], {}, [1], {"a": 1}, [[]], [None]])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_json_is_read_or_refused_by_name(data: st.DataObject) -> None:
    predictions = make_predictions(2, 2, 0.1, seed=1)
    stored = record_to_json(replace(make_record("full", 1, 0, 0.9), predictions=predictions))
    read, payload = data.draw(
        st.sampled_from([(record_from_json, stored), (study_from_json, study_to_json(make_study()))])
    )
    payload = json.loads(json.dumps(payload))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.sampled_from(sorted(payload)))] = data.draw(CHANGES)
    try:
        back = read(payload)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
        assert str(error).startswith(("record ", "study "))
    else:
        again = record_to_json(back) if isinstance(back, RunRecord) else study_to_json(back)
        assert json.dumps(again, allow_nan=False)


@pytest.mark.parametrize("payload", [None, [], "text", 3])
def test_what_is_no_mapping_is_refused(payload: object) -> None:
    for read in (record_from_json, study_from_json):
        with pytest.raises(ValueError, match=r"^(record|study) \?: (the )?stored JSON"):
            read(payload)  # type: ignore[arg-type]


def test_every_field_of_a_wrong_type_is_named() -> None:
    payload = {**record_to_json(make_record("full", 1, 0, 0.9)), "seed": "1", "status": "done", "num_epochs": True}
    with pytest.raises(ValueError, match="record full-confirm-1-0: status, seed, num_epochs cannot be"):
        record_from_json(payload)


def test_declarations_come_back_with_a_study() -> None:
    method = DeclaredMethod(
        "Alpha",
        "An invented method.",
        (DeclaredComponent("alpha_part", "AlphaPart", "does alpha", is_default=False),),
        (DeclaredTerm("task"), DeclaredTerm("alpha", ("weight", "scale"), "of AlphaPart")),
        "keep_alpha",
        (("alpha_part",), ()),
        "Table 9 of the Alpha paper",
    )
    study = replace(make_study(), declared={"alpha": method})
    back = study_from_json(json.loads(json.dumps(study_to_json(study), allow_nan=False)))
    assert back == study


def test_a_study_recorded_before_there_were_declarations_has_the_paper_s_labels() -> None:
    stored = study_to_json(make_study())
    del stored["declared"]
    back = study_from_json(stored)
    assert back.component_labels == {"fd": "FD", "homo_gd": "HomoGD", "ca": "CA", "hetero_gd": "HeteroGD"}
    assert [back.method(name).label for name in ("dmd", "mult", "unimodal", "invented")] == [
        "DMD",
        "MulT",
        "unimodal",
        "invented",
    ]


def test_a_declaration_that_somebody_changed_is_named() -> None:
    stored = study_to_json(make_study())
    stored["declared"]["dmd"]["components"][0]["label"] = 3
    with pytest.raises(NotAsWritten, match=r"study toy, declared dmd: label cannot be"):
        study_from_json(stored)


def test_runs_on_the_same_items_keep_their_names_once() -> None:
    predictions = make_predictions(4, 5, 0.1, 0)
    text = json.dumps(record_to_json(replace(make_record("full", 1, 0, 0.9), predictions=predictions)))
    first, second = (record_from_json(json.loads(text)).predictions for _ in range(2))
    assert first is not None and second is not None
    assert first.ids is second.ids and first.groups is second.groups
    assert first.ids == predictions.ids
