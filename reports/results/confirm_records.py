"""Which confirm trials enter the tables: each trial once, and one configuration per arm and cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reports.records.record import RunRecord
from reports.records.serialise import record_to_json
from reports.results.metrics import known_metric


def distinct_records(records: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """Each trial once, ordered by trial id.

    Raises ValueError if two different records carry the same trial id: one of them is not what it says.
    """
    kept: dict[str, RunRecord] = {}
    for record in records:
        known = kept.setdefault(record.trial_id, record)
        if known is not record and _content(known) != _content(record):
            raise ValueError(
                f"trial {record.trial_id} (arm {record.arm}, seed {record.seed}) has two different records; "
                "a trial runs once: give the report one ledger, or studies without common trials"
            )
    return tuple(kept[trial_id] for trial_id in sorted(kept))


def _content(record: RunRecord) -> object:
    """What a record says of its trial: its number says where the trial stood in one study, and is left out."""
    return record_to_json(replace(record, number=None))


def confirmed_records(records: Sequence[RunRecord], objective: str) -> tuple[RunRecord, ...]:
    """The confirm trials that speak for their arm: one configuration per arm and cell.

    Where several configurations of an arm were confirmed on a cell (``confirm.top`` above 1), the one with the best
    mean of ``objective`` (a validation metric, without prefix) over the fresh seeds speaks; test scores do not enter.
    A configuration with failed runs ranks behind those without.
    """
    by_place: dict[tuple[str, int, int | None], dict[str, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.stage == "confirm":
            by_place[record.arm, record.repeat, record.fold][record.configuration_id].append(record)
    chosen: list[RunRecord] = []
    for configurations in by_place.values():
        chosen.extend(configurations[_best_configuration(configurations, objective)])
    return tuple(sorted(chosen, key=lambda record: record.trial_id))


def _best_configuration(configurations: Mapping[str, Sequence[RunRecord]], objective: str) -> str:
    metric = known_metric(objective)
    sign = -1.0 if metric is not None and metric.higher_is_better else 1.0

    def rank(configuration_id: str) -> tuple[int, float, str]:
        runs = configurations[configuration_id]
        values = [run.valid[objective] for run in runs if run.status == "completed" and objective in run.valid]
        return len(runs) - len(values), sign * float(np.mean(values)) if values else np.inf, configuration_id

    return min(configurations, key=rank)
