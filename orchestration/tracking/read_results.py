"""Results in an MLflow store, found by the tags that every trial's run carries."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.driver.reusable_results import FindResult, ReusableResult
from orchestration.process.errors import UsageError
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.process.temporary import temporary_directory
from orchestration.tracking.database import file_of, is_from_mlflow, require_driver
from orchestration.tracking.delivery import DETAILS_ARTIFACT, RECORD_ARTIFACT, connect
from orchestration.tracking.run_content import CONTEXT_TAG, RESULT_TAG
from orchestration.tracking.sqlite_store import follow_move
from reports.records.details import Details, details_in
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json
from search_spaces.terms.trial import Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_PAGE = 1000


def results_at(uri: str, context: str) -> FindResult:
    """The completed trials of every experiment at ``uri`` with this context; a record is fetched when it is needed.

    Raises UsageError if the store cannot be read.
    """
    target = without_credentials(uri)
    require_driver(uri)
    database = file_of(uri)
    if database is not None and not database.is_file():
        # MLflow would make one.
        raise UsageError(f"--reuse {target}: there is no such database; name one like runs/<study>/mlflow.db")
    if database is not None and (note := follow_move(database.parent)):
        print(note, file=sys.stderr)
    try:
        client = connect(uri)
        runs = {run.data.tags[RESULT_TAG]: run for run in _completed_runs(client, context)}
    except Exception as error:
        if not is_from_mlflow(error):
            raise
        reason = redacted_line(error, 200)
        raise UsageError(f"--reuse {target}: the MLflow store cannot be read ({reason})") from error

    def find(trial: Trial) -> ReusableResult | None:
        run = runs.get(trial.result_id)
        record = None if run is None else _read_record(client, run.info.run_id)
        if run is None or record is None:
            return None
        origin = record.reused_from or f"study {record.study} at {target}"
        return ReusableResult(record, origin, lambda: _read_details(client, run.info.run_id))

    return find


def _completed_runs(client: MlflowClient, context: str) -> Iterator[Run]:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    quoted = context.replace("'", "''")
    token: str | None = None
    while experiments:
        query = f"tags.{CONTEXT_TAG} = '{quoted}' and tags.status = 'completed'"
        page = client.search_runs(experiments, query, max_results=_PAGE, page_token=token)
        yield from (run for run in page if RESULT_TAG in run.data.tags)
        token = page.token
        if not token:
            return


def _read_record(client: MlflowClient, run_id: str) -> RunRecord | None:
    """The record of a run; None if its artifact is gone: the trial then runs again."""
    content = _read_artifact(client, run_id, RECORD_ARTIFACT)
    try:
        payload: Any = None if content is None else json.loads(content)
        return None if payload is None else record_from_json(payload)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _read_details(client: MlflowClient, run_id: str) -> Details | None:
    content = _read_artifact(client, run_id, DETAILS_ARTIFACT)
    if content is None:
        return None
    with temporary_directory("reuse-") as folder:
        (folder / "details.npz").write_bytes(content)
        return details_in(folder)("details")


def _read_artifact(client: MlflowClient, run_id: str, name: str) -> bytes | None:
    with temporary_directory("reuse-") as folder:
        try:
            return Path(client.download_artifacts(run_id, name, str(folder))).read_bytes()
        except Exception:  # each kind of artifact store raises its own; a trial that is not found is run
            return None
