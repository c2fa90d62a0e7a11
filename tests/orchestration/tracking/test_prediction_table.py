"""The table of predictions that goes to MLflow has a column for everything that is predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dmd.data.samples.target import SENTIMENT_TARGET
from orchestration.external.prediction_file import read_prediction_file
from orchestration.tracking.prediction_table import write_predictions
from reports.records.run_record import Predictions

NAMES = ("-3g5yACwYnA$_$1", "=1+1", "@x")


def test_no_id_is_a_formula_and_ours_and_pandas_read_what_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    write_predictions(path, Predictions(NAMES, NAMES, np.float32([-1, 0, 1]), np.float32([-0.5, 0.5, 1])))
    table = pd.read_csv(path)
    assert table["id"].tolist() == table["group"].tolist() == ["-3g5yACwYnA$_$1", "'=1+1", "'@x"]
    assert table["prediction"].tolist() == [-0.5, 0.5, 1.0]
    table.assign(seed=1).to_csv(path, index=False)
    assert [row.values["id"] for row in read_prediction_file(path, SENTIMENT_TARGET).rows] == list(NAMES)


def test_every_column_of_a_prediction_is_one_of_the_table(tmp_path: Path) -> None:
    of_classes = Predictions(("a", "b"), ("g", "h"), np.float32([1, 0]), np.float32([[0.25, 0.75], [0.5, 0.5]]))
    of_numbers = Predictions(("a",), ("g",), np.float32([1.5]), np.float32([-0.5]))
    found = []
    for predictions in (of_classes, of_numbers):
        write_predictions(tmp_path / "predictions.csv", predictions)
        found.append((tmp_path / "predictions.csv").read_text().splitlines())
    assert found == [
        ["id,group,label,prediction_0,prediction_1", "a,g,1.0,0.25,0.75", "b,h,0.0,0.5,0.5"],
        ["id,group,label,prediction", "a,g,1.5,-0.5"],
    ]
