"""A study read back from an MLflow server, without its directory: the manifest of its run, the record of every trial.

Records are the very JSON of the ledger, kept as an artifact of each run, so a report from a server is the report from
the directory. A trial that runs, or whose end has not been delivered yet, is missing from both alike.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.ledger.file_names import MANIFEST_FILE
from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.ledger.study_directory import Manifest
from orchestration.process.errors import UsageError
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.process.temporary import temporary_directory
from orchestration.tracking.artifacts import local_path
from orchestration.tracking.database import file_of, is_from_mlflow, require_driver
from orchestration.tracking.delivery import DETAILS_ARTIFACT, RECORD_ARTIFACT, connect
from orchestration.tracking.run_content import LIMIT_TAG, STUDY_TAG, TRIAL_ID_TAG, WALL_TAG
from orchestration.tracking.sqlite_store import follow_move
from reports.records.details import Details, details_in
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_PAGE = 1000
_DOWNLOADS = 8
_MOST_NAMED = 10
_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
"""Ids of runs that may name a local folder: a server must not choose where its files go."""
_ENDED = ("FINISHED", "KILLED", "FAILED")


@contextmanager
def read_server(uri: str, studies: Sequence[str]) -> Iterator[tuple[RecordedStudy, ...]]:
    """The named studies on a server; their per-item outputs can be fetched inside this context.

    Raises UsageError, one line, if the server does not answer or does not have them.
    """
    target = without_credentials(uri)
    require_driver(uri)
    _refuse_new_database(uri, target)
    _follow_move(uri)
    with temporary_directory("report-") as folder:
        try:
            client = connect(uri)
            yield tuple(_read_study(client, name, target, folder / str(i)) for i, name in enumerate(studies))
        except UsageError:
            raise
        except Exception as error:
            if not is_from_mlflow(error):
                raise
            reason = redacted_line(error, 200)
            raise UsageError(
                f"MLflow at {target} does not answer ({type(error).__name__}: {reason}); start it, or correct "
                "--tracking-uri"
            ) from error


def _refuse_new_database(uri: str, target: str) -> None:
    """Raise UsageError if the database is missing: MLflow would create it."""
    database = file_of(uri)
    if database is not None and not database.is_file():
        raise UsageError(f"{target}: there is no such database; correct --tracking-uri")


def _follow_move(uri: str) -> None:
    """The store of a study's directory, which may have been moved, lies beside the files that it names."""
    database = file_of(uri)
    if database is not None and (note := follow_move(database.parent)):
        print(note, file=sys.stderr)


def _read_study(client: MlflowClient, name: str, target: str, folder: Path) -> RecordedStudy:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        known = [found.name for found in client.search_experiments(max_results=_MOST_NAMED + 1)]
        shown = ", ".join(sorted(known)[:_MOST_NAMED]) + (", ..." if len(known) > _MOST_NAMED else "")
        raise UsageError(f"MLflow at {target} has no study {name!r}; it has {shown or 'none'}")
    runs = list(_all_runs(client, experiment.experiment_id))
    parents = [run for run in runs if STUDY_TAG in run.data.tags and TRIAL_ID_TAG not in run.data.tags]
    origin = f"{name} at {target}"
    manifest = _read_manifest(client, parents, origin, folder)
    trials = {run.data.tags[TRIAL_ID_TAG]: run for run in runs if TRIAL_ID_TAG in run.data.tags}
    ended = [run for run in trials.values() if run.info.status in _ENDED]
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        records = tuple(pool.map(lambda run: _read_record(client, run, origin, folder), ended))

    def read_details(trial_id: str) -> Details | None:
        run = trials.get(trial_id)
        path = None if run is None else _fetch(client, run, DETAILS_ARTIFACT, folder)
        return None if path is None else details_in(path.parent)(path.stem)

    return RecordedStudy(origin, manifest, records, read_details)


def _all_runs(client: MlflowClient, experiment: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs([experiment], max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _read_manifest(client: MlflowClient, parents: Sequence[Run], origin: str, folder: Path) -> Manifest:
    for run in parents:
        path = _fetch(client, run, MANIFEST_FILE, folder)
        if path is not None:
            try:
                manifest = Manifest.from_text(path.read_text(encoding="utf-8"))
                tags = run.data.tags
                return manifest.ended_at(tags.get(LIMIT_TAG, ""), float(tags[WALL_TAG]) if WALL_TAG in tags else None)
            except ValueError as error:
                raise UsageError(f"{origin}: the manifest of its run cannot be read ({error})") from error
    raise UsageError(
        f"{origin}: no run with a manifest, so what was planned is unknown; it was tracked by an earlier version: "
        "report from its directory, or run the same dmd-search command again to deliver it"
    )


def _read_record(client: MlflowClient, run: Run, origin: str, folder: Path) -> RunRecord:
    path = _fetch(client, run, RECORD_ARTIFACT, folder, is_certain=True)
    try:
        if path is None:
            raise ValueError("it has none")
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record_from_json(content)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(
            f"{origin}: the record of run {run.info.run_id} ({run.info.run_name}) cannot be read ({error})"
        ) from error


def _fetch(client: MlflowClient, run: Run, name: str, folder: Path, is_certain: bool = False) -> Path | None:
    """An artifact of a run as a local file; None if the run has none. is_certain: do not ask whether it has."""
    here = local_path(run.info.artifact_uri)
    if here is not None:
        return here / name if (here / name).is_file() else None
    if not is_certain and not any(item.path == name for item in client.list_artifacts(run.info.run_id)):
        return None
    if not _RUN_ID.fullmatch(run.info.run_id):
        raise UsageError(f"MLflow names a run {run.info.run_id!r}, which is no name of a run; nothing of it is fetched")
    target = folder / run.info.run_id
    target.mkdir(parents=True, exist_ok=True)
    return Path(client.download_artifacts(run.info.run_id, name, str(target)))
