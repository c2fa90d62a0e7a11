"""A study of a few seconds, from its space to the values of its report: planned as ever, its trials called one by one.

No ledger, no MLflow and no other process: for tests of what numbers and words come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from orchestration.driver.endings import build_record, ending_of_result
from orchestration.planning.make_source import make_source
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, prepare
from orchestration.planning.study_description import describe_study
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from search_spaces.loading.load import load_text

Arrays = Mapping[str, npt.NDArray[np.generic]]


def prepare_text(space: str, data_dir: Path | None = None) -> Prepared:
    """The planned study of a space that is given as text."""
    return prepare(load_text(space, describe_methods()), data_dir)


def run_study(prepared: Prepared) -> tuple[StudyDescription, list[RunRecord]]:
    """The description and the record of every trial, run here in the order of the study."""
    planned = prepared.planned
    run_trial, source, records = planned.runner.open(), make_source(planned), []
    while (trial := source.ask()) is not None:
        result = run_trial(trial, lambda report: True, None)
        records.append(build_record(planned.space.study, trial, ending_of_result(result), {}, 1, "cpu"))
        source.tell(records[-1])
    return describe_study(planned, prepared.dataset, prepared.fingerprint, "dmd-search", "2026-01-01"), records


def make_arrays(
    labels: Mapping[str, npt.NDArray[np.float64]], per_group: int = 4, signal: float = 1.5, seed: int = 0
) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of an ``.npz`` file with one step per item, whose first text feature is ``signal`` times the label.

    Groups of ``per_group`` neighbours lie in one split.
    """
    random = np.random.default_rng(seed)
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for split, of_split in labels.items():
        features = random.normal(size=(len(of_split), 1, 4))
        features[:, 0, 0] += signal * of_split
        arrays[f"{split}/text"], arrays[f"{split}/audio"] = features[:, :, :2], features[:, :, 2:3]
        arrays[f"{split}/vision"], arrays[f"{split}/labels"] = features[:, :, 3:], of_split
        ids = [f"{split}{row // per_group}$_${row % per_group}" for row in range(len(of_split))]
        arrays[f"{split}/id"] = np.array(ids)
    return arrays
