"""Events of the ledger into MLflow, so that delivering the same event twice changes nothing.

Points carry the ledger's timestamps (MLflow stores a point of equal key, step, value and timestamp once); runs are
known by the tag ``trial_id``; tags, parameters, artifacts and the end of a run may be written again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dmd.job import WEIGHTS_FILE
from orchestration.ledger.events import Event
from orchestration.ledger.study_directory import Manifest, weights_path
from orchestration.ledger.trial_json import trial_from_json
from orchestration.process.atomic_files import sync, sync_all
from orchestration.process.logs import hand_to_root
from orchestration.process.temporary import temporary_directory
from orchestration.tracking.artifacts import local_path
from orchestration.tracking.database import require_answer, require_driver
from orchestration.tracking.environment import settle_environment
from orchestration.tracking.experiment_page import NOTE_TAG, page_tags
from orchestration.tracking.position import Position
from orchestration.tracking.prediction_table import write_predictions
from orchestration.tracking.run_content import (
    LIMIT_TAG,
    PARENT_TAG,
    RUN_STATUS,
    STUDY_TAG,
    TRIAL_ID_TAG,
    WALL_TAG,
    RunContent,
    ending_content,
    epoch_content,
    run_name,
    study_run_name,
    trial_params,
    trial_tags,
)
from orchestration.tracking.superseded_runs import SupersededRuns
from reports.records.details import details_path
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json

if TYPE_CHECKING:
    from mlflow import MlflowClient

_IS_DELETED = "must be in the 'active' state"
RECORD_ARTIFACT, DETAILS_ARTIFACT = "record.json", "details.npz"


def connect(uri: str) -> MlflowClient:
    """A client for ``uri``; imports MLflow, which takes seconds.

    Raises:
        UsageError: a database without a driver.
        ConnectionError: a database that does not answer.
    """
    require_driver(uri)
    require_answer(uri)
    return import_client(uri)(tracking_uri=uri)


def import_client(uri: str) -> type[MlflowClient]:
    """MLflow's client, imported for ``uri`` and quiet."""
    settle_environment(uri)
    from mlflow import MlflowClient

    hand_to_root("mlflow", "alembic")
    return MlflowClient


class Delivery:
    """Writes batches of events into the study's experiment.

    Args:
        client: of the store.
        study: its name.
        experiment: MLflow's id of it.
        kept: directory of the per-item outputs and the weights of trials, which become artifacts.
        manifest: file of the study's manifest.
        position: what has been delivered so far.
        known_unsent_offset: events that end after this offset of the ledger were never sent, so their runs cannot exist
            and are not looked up.
        superseded: marks confirm runs that a longer search has replaced; None where there can be none.
    """

    def __init__(
        self,
        client: MlflowClient,
        study: str,
        experiment: str,
        kept: Path,
        manifest: Path,
        position: Position,
        known_unsent_offset: int,
        superseded: SupersededRuns | None = None,
    ) -> None:
        self._client = client
        self._study = study
        self._kept = kept
        self._manifest = manifest
        self._experiment = experiment
        self._runs = dict(position.runs)
        self._places: dict[str, str] = {}
        self._parent = position.parent_run
        self._known_unsent_offset = known_unsent_offset
        self._superseded = superseded

    def position_at(self, offset: int) -> Position:
        """The position to save once everything before ``offset`` is delivered."""
        return Position(offset, self._parent, dict(self._runs))

    def deliver(self, batch: Sequence[tuple[Event, int]]) -> int:
        """Write events.

        Args:
            batch: each event with the offset of the ledger where it ends.

        Returns:
            How many events the store rejected as invalid.

        Raises:
            Exception: whatever MLflow raises while it cannot be reached.
        """
        from mlflow.exceptions import MlflowException

        num_rejected = 0
        by_trial: dict[str, list[tuple[Event, int]]] = {}
        for event, end in batch:
            if event.kind == "start":
                self._begin_study(event)
            elif event.kind == "limit":
                self._note_limit(event)
            else:
                by_trial.setdefault(event.trial_id, []).append((event, end))
        for trial_id, events in by_trial.items():
            try:
                self._deliver_trial(trial_id, events)
            except MlflowException as error:
                # Retrying an event that the server calls invalid would block all later ones for ever. A run that
                # was deleted is restored before the next attempt.
                if error.error_code != "INVALID_PARAMETER_VALUE" or _IS_DELETED in str(error):
                    raise
                num_rejected += len(events)
                logging.getLogger(__name__).warning("MLflow refuses events of trial %s: %s", trial_id, error)
        if self._superseded is not None:
            self._superseded.see(event for event, _ in batch)
            self.mark_superseded()
        return num_rejected

    def mark_superseded(self) -> None:
        """Tell the confirm runs that a longer search has replaced from the others, as far as is known by now."""
        if self._superseded is not None:
            self._superseded.mark(self._parent)

    def end_study(self, status: str, at_ms: int, wall_s: float) -> None:
        """Close the run of the study.

        Args:
            status: in MLflow's words.
            at_ms: when it ended, milliseconds since 1970.
            wall_s: seconds that its sessions took together.
        """
        if self._parent is not None:
            self._write(self._parent, RunContent(tags={WALL_TAG: repr(wall_s)}))
            self._client.set_terminated(self._parent, status, at_ms)

    def _begin_study(self, event: Event) -> None:
        if self._parent is None:
            self._parent = self._find_run(STUDY_TAG, self._study)
        if self._parent is None:
            tags = {STUDY_TAG: self._study}
            run = self._client.create_run(self._experiment, event.at_ms, tags, run_name=study_run_name(self._study))
            self._parent = str(run.info.run_id)
        self._client.update_run(self._parent, status="RUNNING")
        if LIMIT_TAG in self._client.get_run(self._parent).data.tags:
            # The study goes on: where an earlier session ended says nothing any more.
            self._client.delete_tag(self._parent, LIMIT_TAG)
        provenance = event.data.get("provenance", {})
        params = {f"provenance/{name}": json.dumps(value)[:500] for name, value in provenance.items()}
        self._write(self._parent, RunContent(tags=params))
        # With it, and with the record of every run, the report can be made again from the server alone.
        if self._manifest.is_file():
            self._client.log_artifact(self._parent, str(self._manifest))
            self._sync_artifacts(self._parent)
            self._describe_experiment(Manifest.from_text(self._manifest.read_text(encoding="utf-8")))

    def _describe_experiment(self, manifest: Manifest) -> None:
        """Views and description of the experiment; a description that it has already may be that of a report."""
        known = self._client.get_experiment(self._experiment).tags
        for name, value in page_tags(self._experiment, manifest.description).items():
            if name not in known or (name != NOTE_TAG and known[name] != value):
                self._client.set_experiment_tag(self._experiment, name, value)

    def _note_limit(self, event: Event) -> None:
        if self._parent is not None:
            self._write(self._parent, RunContent(tags={LIMIT_TAG: str(event.data["limit"])}))

    def _deliver_trial(self, trial_id: str, events: Sequence[tuple[Event, int]]) -> None:
        run = self._runs.get(trial_id) or self._open_run(trial_id, events)
        if run is None:
            return
        # All that is known of the trial in one request: a store commits every request, and waits for its disk.
        content = epoch_content(event for event, _ in events if event.kind == "report")
        ask, tell = (next((event for event, _ in events if event.kind == kind), None) for kind in ("ask", "tell"))
        if ask is not None:
            content.params |= trial_params(trial_from_json(ask.data["trial"]))
        record = None if tell is None else record_from_json(tell.data["record"])
        if tell is not None and record is not None:
            content.add(ending_content(record, tell.at_ms))
        self._write(run, content)
        if tell is not None and record is not None:
            self._end_run(run, tell, record)

    def _open_run(self, trial_id: str, events: Sequence[tuple[Event, int]]) -> str | None:
        """The run of a trial: looked up where it may exist, else created; None for a trial that was never asked."""
        run = self._find_run(TRIAL_ID_TAG, trial_id) if events[0][1] <= self._known_unsent_offset else None
        ask = next((event for event, _ in events if event.kind == "ask"), None)
        if run is None and ask is not None:
            trial = trial_from_json(ask.data["trial"])
            tags = trial_tags(trial)
            if self._parent is not None and trial.stage == "search":
                # MLflow folds child runs away: a list of runs opens on the confirm runs.
                tags[PARENT_TAG] = self._parent
            created = self._client.create_run(self._experiment, ask.at_ms, tags, run_name=run_name(trial))
            run = str(created.info.run_id)
            self._places[run] = str(created.info.artifact_uri)
        if run is not None:
            self._runs[trial_id] = run
        return run

    def _end_run(self, run: str, event: Event, record: RunRecord) -> None:
        with temporary_directory("artifacts-") as directory:
            folder = directory / "run"
            folder.mkdir()
            (folder / RECORD_ARTIFACT).write_text(json.dumps(event.data["record"]), encoding="utf-8")
            if record.predictions is not None:
                write_predictions(folder / "predictions.csv", record.predictions)
            details, weights = details_path(self._kept, record.trial_id), weights_path(self._kept, record.trial_id)
            for path, name in ((details, DETAILS_ARTIFACT), (weights, WEIGHTS_FILE)):
                if path.is_file():
                    (folder / name).symlink_to(path)
            self._log_artifacts(run, str(folder))
        self._sync_artifacts(run)
        self._client.set_terminated(run, RUN_STATUS[record.status], event.at_ms)
        del self._runs[event.trial_id]
        self._places.pop(run, None)

    def _log_artifacts(self, run: str, folder: str) -> None:
        """Copy a folder to the artifacts of a run, whose place is known if this process has made the run."""
        place = self._places.get(run)
        if place is None:
            self._client.log_artifacts(run, folder)
            return
        # The client would read the whole run again to learn the place: a quarter of what a short trial costs here.
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        repository: Any = get_artifact_repository(place, tracking_uri=self._client.tracking_uri)
        repository.log_artifacts(folder)

    def _sync_artifacts(self, run: str) -> None:
        """MLflow copies files; what it calls ended must have them after a power cut, too."""
        place = local_path(self._places.get(run) or self._client.get_run(run).info.artifact_uri)
        if place is not None and place.is_dir():
            sync_all([place])
            for folder in place.parents[:3]:
                sync(folder)

    def _find_run(self, tag: str, value: str) -> str | None:
        quoted = value.replace("'", "''")
        found = self._client.search_runs([self._experiment], f"tags.{tag} = '{quoted}'", max_results=1)
        return str(found[0].info.run_id) if found else None

    def _write(self, run: str, content: RunContent) -> None:
        """Add ``content`` to a run; MLflow's client cuts it into requests of the size that servers take."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(point.name, point.value, point.at_ms, point.step) for point in content.points]
        params = [Param(*item) for item in content.params.items()]
        tags = [RunTag(*item) for item in content.tags.items()]
        self._client.log_batch(run, metrics, params, tags)
