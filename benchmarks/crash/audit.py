"""What a study has become: trials lost or doubled, points in MLflow, decisions against a replay of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.events import Event
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.ledger.trial_json import trial_from_json
from orchestration.planning.make_source import make_source
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.prepared import prepare
from orchestration.search.stopping.by_arm import make_stopping
from orchestration.tracking.delivery import connect
from orchestration.tracking.run_content import TRIAL_ID_TAG, MetricPoint, ending_content, epoch_content
from reports.records.json_values import numbers_from_json
from reports.records.serialise import record_from_json
from search_spaces.schema.schedulers import Scheduler
from search_spaces.schema.schema import SearchSpace


@dataclass(frozen=True)
class Audit:
    """lost: asked or planned, and without an end. doubled: ended, or in MLflow, more than once.

    points_wrong: metric points that are missing in MLflow, or there twice, or at another time or value.
    is_replay_consistent: a fresh searcher and stopping rule, fed the ledger in its order, propose and stop what it
    holds.
    """

    lost: int
    doubled: int
    points_wrong: int
    is_replay_consistent: bool


def audit(study: Path, space: SearchSpace, uri: str) -> Audit:
    """Look at the finished study in ``study``; its MLflow store is at ``uri``."""
    return audit_planned(study, prepare(space, None).planned, uri)


def audit_planned(study: Path, planned: PlannedStudy, uri: str) -> Audit:
    """:func:`audit` of a study whose plan is at hand."""
    events = [event for event, _ in read_events(study / LEDGER_FILE)]
    state = fold_events(events)
    tells = Counter(event.trial_id for event in events if event.kind == "tell")
    missing = max(planned.num_trials - len(state.ended) - len(state.running), 0)
    runs = _runs_by_trial(uri, planned.space.study)
    lost = len(state.running) + missing + len(set(state.ended) - set(runs))
    doubled = sum(count - 1 for count in tells.values()) + sum(len(found) - 1 for found in runs.values())
    return Audit(lost, doubled, _count_wrong_points(uri, events, runs), _replays(planned, events))


def _runs_by_trial(uri: str, study: str) -> Mapping[str, list[str]]:
    client = connect(uri)
    experiment = client.get_experiment_by_name(study)
    found: dict[str, list[str]] = {}
    if experiment is not None:
        for run in client.search_runs([experiment.experiment_id], max_results=10_000):
            if TRIAL_ID_TAG in run.data.tags:
                found.setdefault(run.data.tags[TRIAL_ID_TAG], []).append(run.info.run_id)
    return found


def _count_wrong_points(uri: str, events: Sequence[Event], runs: Mapping[str, list[str]]) -> int:
    client = connect(uri)
    wrong = 0
    for trial, expected in _expected_points(events).items():
        stored: Counter[tuple[str, int, int, float]] = Counter()
        for run in runs.get(trial, []):
            for name in client.get_run(run).data.metrics:
                history = client.get_metric_history(run, name)
                stored.update((name, point.step, point.timestamp, point.value) for point in history)
        wrong += ((expected - stored) + (stored - expected)).total()
    return wrong


def _expected_points(events: Sequence[Event]) -> dict[str, Counter[tuple[str, int, int, float]]]:
    """Trial id -> (metric, step, time, value) of all points that its run must have: its epochs and its end."""
    reports: dict[str, list[Event]] = {}
    points: dict[str, list[MetricPoint]] = {}
    for event in events:
        if event.kind == "report":
            reports.setdefault(event.trial_id, []).append(event)
        elif event.kind == "tell":
            content = epoch_content(reports.get(event.trial_id, []))
            ending = ending_content(record_from_json(event.data["record"]), event.at_ms)
            points[event.trial_id] = [*content.points, *ending.points]
    return {
        trial: Counter((point.name, point.step, point.at_ms, point.value) for point in its_points)
        for trial, its_points in points.items()
    }


def _replays(planned: PlannedStudy, events: Sequence[Event]) -> bool:
    source, search, objective = make_source(planned), planned.space.search, planned.objective
    longest = max(facts.max_epochs for facts in planned.facts.values())
    direction = "minimize" if objective is None else objective.direction
    stopping = make_stopping(Scheduler() if search is None else search.scheduler, direction, longest)
    trials, stopped, seen = {}, set(), set()
    for event in events:
        if event.kind == "ask":
            trial = trial_from_json(event.data["trial"])
            if source.ask() != trial:
                return False
            trials[trial.id] = trial
        elif event.kind == "report" and (event.trial_id, event.data["epoch"]) not in seen:
            seen.add((event.trial_id, event.data["epoch"]))
            value = None if objective is None else objective.of_epoch(numbers_from_json(event.data["metrics"]))
            if value is not None:
                decision = stopping.report(trials[event.trial_id], int(event.data["epoch"]), value)
                if decision == "stop":
                    stopped.add(event.trial_id)
        elif event.kind == "tell":
            record = record_from_json(event.data["record"])
            if (record.status == "pruned") != (record.trial_id in stopped) and record.status != "failed":
                return False
            source.tell(record)
            stopping.end(trials[record.trial_id], record.status)
    return True
