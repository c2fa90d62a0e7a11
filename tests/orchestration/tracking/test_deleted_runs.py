"""What somebody deletes in MLflow comes back when the study goes on: MLflow shows what the ledger holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from orchestration.tracking.delivery import Delivery
from orchestration.tracking.run_content import study_run_name
from orchestration.tracking.sqlite_store import address_of
from tests.orchestration.delivered_study import run_and_write
from tests.orchestration.mlflow_store import Store
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

TRIALS = [make_trial(0, stage="search"), make_trial(1), make_trial(2)]


def assert_whole(directory: Path) -> None:
    store = Store(directory)
    assert len(store.parents) == 1
    assert store.runs_per_trial == {trial.id: 1 for trial in TRIALS}
    parent = store.parents[0].info
    assert (parent.status, parent.run_name) == ("FINISHED", study_run_name(STUDY))
    assert store.trials[TRIALS[0].id].data.tags["mlflow.parentRunId"] == parent.run_id
    for run in store.trials.values():
        assert run.info.status == "FINISHED"
        assert run.data.params["seed"] in {"0", "1", "2"}


def delete_study_run(store: Store) -> None:
    store.client.delete_run(store.parents[0].info.run_id)


def delete_trial_run(store: Store) -> None:
    store.client.delete_run(store.trials[TRIALS[0].id].info.run_id)


def delete_all(store: Store) -> None:
    store.client.delete_experiment(store.experiment.experiment_id)


@pytest.mark.parametrize(
    ("delete", "told"),
    [
        (delete_study_run, ("1 run of this study was deleted in MLflow and is there again",)),
        (delete_trial_run, ("1 run of this study was deleted in MLflow and is there again",)),
        (delete_all, ()),
    ],
    ids=["study", "trial", "experiment"],
)
def test_what_was_deleted_is_there_again(
    delete: Callable[[Store], None], told: tuple[str, ...], tmp_path: Path
) -> None:
    run_and_write(tmp_path, TRIALS[:2])
    delete(Store(tmp_path))
    assert run_and_write(tmp_path, TRIALS) == told
    assert_whole(tmp_path)


def test_what_is_gone_for_good_is_delivered_again(tmp_path: Path) -> None:
    run_and_write(tmp_path, TRIALS[:2])
    delete_all(Store(tmp_path))
    uri = address_of(tmp_path / "mlflow.db")
    subprocess.run(
        [Path(sys.executable).parent / "mlflow", "gc", "--backend-store-uri", uri],
        env=os.environ | {"MLFLOW_TRACKING_URI": uri},
        check=True,
        capture_output=True,
    )
    assert MlflowClient(uri).get_experiment_by_name(STUDY) is None
    run_and_write(tmp_path, TRIALS)
    assert_whole(tmp_path)


def test_what_is_deleted_while_the_study_runs_is_there_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver, deleted = Delivery.deliver, []

    def after_somebody_has_deleted(delivery: Delivery, batch: Any) -> int:
        if not deleted:
            deleted.append(Store(tmp_path).parents[0].info.run_id)
            Store(tmp_path).client.delete_run(deleted[0])
        return deliver(delivery, batch)

    run_and_write(tmp_path, TRIALS[:2])
    monkeypatch.setattr(Delivery, "deliver", after_somebody_has_deleted)
    assert run_and_write(tmp_path, TRIALS) == ("1 run of this study was deleted in MLflow and is there again",)
    assert_whole(tmp_path)
