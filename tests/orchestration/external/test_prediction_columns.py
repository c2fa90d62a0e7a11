"""Predictions of other code for classes, questions and several numbers: every column read, every problem in one go."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dmd.data.samples.target import Target
from orchestration.external.predictions import ExternalRuns, describe_external, read_external_runs
from orchestration.process.errors import UsageError
from search_spaces.schema.schema import ExternalArm
from search_spaces.terms.trial import Cell

CLASSES = Target("classes", ("angry", "happy", "id"))
BINARIES = Target("binaries", ("angry", "happy"))
SEVERAL = Target("several", ("whole", "text"))
TESTED = {Cell(): ("a", "b")}


def write(path: Path, header: str, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def read(path: Path, target: Target) -> ExternalRuns:
    return read_external_runs([ExternalArm(arm="theirs", path=str(path))], TESTED, None, target)["theirs"]


def values_of(path: Path, target: Target) -> np.ndarray:
    (values,) = read(path, target).runs.values()
    assert values.dtype == np.float32
    return values


def problems_of(path: Path, target: Target) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read(path, target)
    return [line.removeprefix(f"{path}, ").removeprefix(f"{path}: ") for line in str(caught.value).splitlines()]


def test_probabilities_of_classes_are_read_by_name_in_the_order_of_the_data(tmp_path: Path) -> None:
    header = "prediction_id,seed,id,prediction_angry,prediction_happy,label"
    path = write(tmp_path / "p.csv", header, [(0.5, 1, "b", 0.2, 0.3, 2), (0, 1, "a", 0.999, 0, 0)])
    np.testing.assert_allclose(values_of(path, CLASSES), [[0.999, 0.0, 0.0], [0.2, 0.3, 0.5]])
    np.savez(
        tmp_path / "p.npz",
        id=np.array(["b", "a"]),
        seed=np.array([1, 1]),
        **{f"prediction_{name}": np.array(of) for name, of in (("angry", [0.2, 0.999]), ("happy", [0.3, 0]))},
        prediction_id=np.array([0.5, 0.0]),
    )
    np.testing.assert_array_equal(values_of(tmp_path / "p.npz", CLASSES), values_of(path, CLASSES))
    assert "certain" not in describe_external(read(path, CLASSES))["differs_from_baseline"]


def test_one_class_per_item_is_taken_as_certain_and_the_report_says_so(tmp_path: Path) -> None:
    expected = [[1, 0, 0], [0, 0, 1]]
    by_name = write(tmp_path / "p.csv", "id,seed,prediction", [("a", 1, "angry"), ("b", 1, "id")])
    by_number = write(tmp_path / "q.csv", "id,seed,prediction", [("a", 1, 0), ("b", 1, "2.0")])
    np.savez(tmp_path / "p.npz", id=["a", "b"], seed=[1, 1], prediction=["angry", "id"])
    for path in (by_name, by_number, tmp_path / "p.npz"):
        assert values_of(path, CLASSES).tolist() == expected
    assert "NLL counts every answer as certain" in describe_external(read(by_name, CLASSES))["differs_from_baseline"]


def test_questions_and_several_numbers_have_a_column_each(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "id,seed,prediction_angry,prediction_happy", [("a", 1, 1, 1), ("b", 1, 0, 0.5)])
    assert values_of(path, BINARIES).tolist() == [[1, 1], [0, 0.5]]
    path = write(tmp_path / "q.csv", "id,seed,prediction_whole,prediction_text", [("a", 1, -2, 3), ("b", 1, 0, 0.5)])
    assert values_of(path, SEVERAL).tolist() == [[-2, 3], [0, 0.5]]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    header = "id,seed,prediction_angry,prediction_happy,prediction_id"
    rows = [("a", 1, 2.5, -1.5, 0), ("b", 1, 0.3, 0.3, 0.3), ("a", 2, "nan", 0.5, 0.5), ("b", 2, 0.5, 0.5, 0)]
    assert problems_of(write(tmp_path / "p.csv", header, rows), CLASSES) == [
        "line 2: prediction_angry '2.5' is not a probability; write numbers from 0 to 1",
        "line 3: the probabilities of the classes sum to 0.9; they must sum to 1",
        "line 4: prediction_angry 'nan' is not a finite number",
    ]
    rows = [("a", 1, "sad"), ("b", 1, 3), ("a", 2, "1.5"), ("b", 2, "happy")]
    found = problems_of(write(tmp_path / "q.csv", "id,seed,prediction", rows), CLASSES)
    assert found == [
        f"line {line}: prediction {wrong!r} is no class; write one of angry, happy, id, or its number from 0"
        for line, wrong in ((2, "sad"), (3, "3"), (4, "1.5"))
    ]


def test_columns_that_are_missing_are_all_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "id,seed,prediction_angy,prediction_id", [("a", 1, 0.5, 0.5)])
    assert problems_of(path, CLASSES) == [
        "column 'prediction_angry' is missing; is it 'prediction_angy'?",
        "column 'prediction_happy' is missing; is it 'prediction_angy'?",
    ]
    one = write(tmp_path / "q.csv", "id,seed,prediction", [("a", 1, 0.5)])
    assert [line.partition(";")[0] for line in problems_of(one, BINARIES)] == [
        "column 'prediction_angry' is missing",
        "column 'prediction_happy' is missing",
    ]
