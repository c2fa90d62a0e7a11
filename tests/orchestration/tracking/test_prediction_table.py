"""The table of predictions that goes to MLflow has a column for everything that is predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestration.tracking.prediction_table import write_predictions
from reports.records.record import Predictions


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
