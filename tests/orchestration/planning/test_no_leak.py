"""Honesty rule 1, end to end: what is chosen for a fold does not know that fold's test labels."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from dmd.data.formats.load import open_dataset
from dmd.data.formats.planted import planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from orchestration.driver.driver import StudyPlan
from orchestration.executors.inline import InlineExecutor
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.state import fold_events
from orchestration.planning.make_source import make_source
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.run_study import run_study
from reports.records.run_record import RunRecord
from search_spaces.loading.load import load
from tests.orchestration.command_line import SEARCH, write_space

TESTED = 1
SPEC = PlantedSpec(num_videos=9, clips_per_video=6)


def write_data(path: Path, permuted: set[str]) -> None:
    """Planted data; the labels of the items in ``permuted`` are shuffled among themselves."""
    data: dict[str, dict[str, Any]] = planted_dataset(SPEC)
    places = [(split, row) for split in data for row, item in enumerate(data[split]["id"]) if str(item) in permuted]
    labels = np.array([data[split]["regression_labels"][row] for split, row in places])
    shuffled = np.random.default_rng(0).permutation(labels)
    for (split, row), label in zip(places, shuffled, strict=True):
        data[split]["regression_labels"][row] = label
    path.write_bytes(pickle.dumps(data, protocol=4))


def run_search(directory: Path, data: Path) -> list[RunRecord]:
    space = load(write_space(directory, SEARCH), describe_methods(), [f"data.path={data}", "confirm.seeds=1"])
    prepared = prepare(space, None)
    planned = prepared.planned
    plan = StudyPlan(space.study, make_source(planned), objective=planned.objective)
    with Ledger(directory) as ledger:
        run_study(plan, InlineExecutor(), planned.runner, ledger)
        return list(fold_events(ledger.events()).records())


def test_permuted_test_labels_of_a_fold_change_nothing_that_is_chosen_for_it(tmp_path: Path) -> None:
    honest = tmp_path / "honest.pkl"
    write_data(honest, set())
    first = run_search(tmp_path / "first", honest)
    tested = {item for r in first if r.fold == TESTED and r.predictions is not None for item in r.predictions.ids}
    assert len(tested) == len(open_dataset(str(honest))) // 3

    permuted = tmp_path / "permuted.pkl"
    write_data(permuted, tested)
    second = run_search(tmp_path / "second", permuted)

    def of_fold(records: list[RunRecord], stage: str, fold: int) -> dict[str, Any]:
        return {
            f"{r.arm}/{r.configuration_id}/{r.seed}": (dict(r.valid), r.best_epoch, dict(r.parameters))
            for r in records
            if r.stage == stage and r.fold == fold
        }

    assert len(of_fold(first, "search", TESTED)) == 2
    for stage in ("search", "confirm"):
        assert of_fold(second, stage, TESTED) == of_fold(first, stage, TESTED)
    # the permutation was real: where these items train or validate, everything moves, and so does the test score
    for fold in {0, 1, 2} - {TESTED}:
        assert of_fold(second, "search", fold) != of_fold(first, "search", fold)
    scores = [sorted(r.test["mae"] for r in rs if r.fold == TESTED and r.test) for rs in (first, second)]
    assert scores[0] != scores[1]
