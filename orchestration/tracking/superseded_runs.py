"""Takes confirm runs out of what people look at in MLflow once a search that went on chooses another configuration.

A superseded run stays in the store, for it is a use of the test part. It gets another stage, a tag, a name and a note
that say so, and is folded under the study's run as search trials are. So whoever lists the confirm runs, in a view or
by a filter of their own, sees those that the report counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.ledger.events import Event, EventKind
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.study_directory import Manifest
from orchestration.tracking.experiment_page import NOTE_TAG
from orchestration.tracking.run_content import (
    PARENT_TAG,
    STAGE_TAG,
    SUPERSEDED,
    SUPERSEDED_TAG,
    TRIAL_ID_TAG,
)
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json
from reports.results.confirm_records import superseded_records
from reports.results.current_choice import ChoiceRule

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_NAME_ENDS = f" ({SUPERSEDED})"
_NOTE = (
    "Superseded: the search went on after this run and chooses another configuration of its arm here. The run counts "
    "as a use of the test part; no estimate of the report has it."
)
_PAGE = 1000
_TELLS: tuple[EventKind, ...] = ("tell",)


class SupersededRuns:
    """Which confirm runs of an extended study are superseded, and which of them its store has marked.

    Made anew for every connection: it reads from ledger and store what earlier sessions have left.

    Args:
        client: of the store.
        experiment: MLflow's id of the study's.
        rule: by which the study chooses configurations.
        earlier: events of the ledger that were delivered before.
    """

    def __init__(self, client: MlflowClient, experiment: str, rule: ChoiceRule, earlier: Iterable[Event]) -> None:
        self._client = client
        self._experiment = experiment
        self._rule = rule
        self._records: list[RunRecord] = []
        self._marked: set[str] | None = None
        self._has_news = True
        self.see(earlier)

    def see(self, events: Iterable[Event]) -> None:
        """Take in events that are being delivered."""
        for event in events:
            if event.kind == "tell":
                record = replace(record_from_json(event.data["record"]), epochs=(), predictions=None)
                self._records.append(record)
                self._has_news |= record.stage == "confirm"

    def mark(self, parent: str | None) -> None:
        """Bring the store up to date. parent: the study's run."""
        if not self._has_news:
            return
        if self._marked is None:
            self._marked = {run.data.tags[TRIAL_ID_TAG] for run in self._runs(f"tags.{STAGE_TAG} = '{SUPERSEDED}'")}
        superseded = {record.trial_id for record in superseded_records(self._records, self._rule)}
        for run in self._runs_of(superseded - self._marked):
            self._supersede(run, parent)
        for run in self._runs_of(self._marked - superseded):
            self._restore(run)
        self._marked = superseded
        self._has_news = False

    def _supersede(self, run: Run, parent: str | None) -> None:
        from mlflow.entities import RunTag

        tags = {STAGE_TAG: SUPERSEDED, SUPERSEDED_TAG: "yes", NOTE_TAG: _NOTE}
        if parent is not None:
            tags[PARENT_TAG] = parent
        self._rename(run, f"{_name_of(run)}{_NAME_ENDS}")
        self._client.log_batch(run.info.run_id, tags=[RunTag(*item) for item in tags.items()])

    def _restore(self, run: Run) -> None:
        """The search chooses its configuration again (``confirm.top`` was raised)."""
        self._rename(run, _name_of(run))
        for tag in (SUPERSEDED_TAG, NOTE_TAG, PARENT_TAG):
            if tag in run.data.tags:
                self._client.delete_tag(run.info.run_id, tag)
        self._client.set_tag(run.info.run_id, STAGE_TAG, "confirm")

    def _rename(self, run: Run, name: str) -> None:
        self._client.update_run(run.info.run_id, name=name)

    def _runs_of(self, trials: Iterable[str]) -> Iterator[Run]:
        """Their runs, as far as the store has them."""
        for trial in sorted(trials):
            yield from itertools.islice(self._runs(f"tags.{TRIAL_ID_TAG} = '{trial}'"), 1)

    def _runs(self, query: str) -> Iterator[Run]:
        token = None
        while True:
            page = self._client.search_runs([self._experiment], query, max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return


def follow_superseded(
    client: MlflowClient, experiment: str, manifest: Path, ledger: Path, offset: int
) -> SupersededRuns | None:
    """What marks the superseded runs of a study; None for one that was never extended, which has none.

    Args:
        client: of the store.
        experiment: MLflow's id of the study's.
        manifest: file of the study's manifest, which need not exist.
        ledger: file of its ledger.
        offset: bytes of the ledger that were delivered before.
    """
    if not manifest.is_file():
        return None
    study = Manifest.from_text(manifest.read_text(encoding="utf-8")).description
    if not study.extensions:
        return None
    earlier = read_events(ledger, stop=offset, kinds=_TELLS)
    return SupersededRuns(client, experiment, ChoiceRule.of(study), (event for event, _ in earlier))


def _name_of(run: Run) -> str:
    """The name that it had as a confirm run."""
    return str(run.info.run_name).removesuffix(_NAME_ENDS)
