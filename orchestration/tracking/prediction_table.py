"""The predictions of a run as an artifact that a spreadsheet opens."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reports.records.run_record import Predictions
from reports.text.spreadsheet_cell import inert_key


def write_predictions(path: Path, predictions: Predictions) -> None:
    """One row per item: its id and group, then label and prediction.

    Labels and predictions of several columns have one column each, numbered in the order of the study's names:
    ``prediction_0``, ``prediction_1``.
    """
    labels, values = _columns("label", predictions.labels), _columns("prediction", predictions.values)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "group", *labels, *values])
        names = (map(inert_key, predictions.ids), map(inert_key, predictions.groups))
        writer.writerows(zip(*names, *labels.values(), *values.values(), strict=True))


def _columns(name: str, numbers: npt.NDArray[np.float32]) -> dict[str, list[float]]:
    if numbers.ndim == 1:
        return {name: numbers.tolist()}
    return {f"{name}_{number}": column.tolist() for number, column in enumerate(numbers.T)}
