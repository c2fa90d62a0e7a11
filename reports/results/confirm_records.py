"""Which confirm trials enter the tables: each trial once, and one configuration per arm and cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reports.records.run_record import RunRecord
from reports.records.serialise import record_to_json
from reports.results.current_choice import ChoiceRule, current_configurations, is_behind, sign_of

Place = tuple[str, int, int | None]
"""Arm, repeat and fold."""


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


def confirmed_records(records: Sequence[RunRecord], rule: ChoiceRule) -> tuple[RunRecord, ...]:
    """The confirm trials that speak for their arm: one configuration per arm and cell.

    Where several configurations of an arm were confirmed on a cell that the search still chooses (``confirm.top`` above
    1), the one with the best mean of the objective on validation over the fresh seeds speaks; test scores do not enter.
    A configuration with failed runs ranks behind those without.
    """
    chosen: list[RunRecord] = []
    for configurations in current_by_place(records, rule).values():
        chosen.extend(configurations[_best_configuration(configurations, rule.objective)])
    return tuple(sorted(chosen, key=lambda record: record.trial_id))


def superseded_records(records: Sequence[RunRecord], rule: ChoiceRule) -> tuple[RunRecord, ...]:
    """The confirm trials of configurations that a search which went on chooses no longer: no estimate has them."""
    places = current_by_place(records, rule).values()
    current = {run.trial_id for configurations in places for runs in configurations.values() for run in runs}
    return tuple(record for record in records if record.stage == "confirm" and record.trial_id not in current)


def unconfirmed_places(records: Sequence[RunRecord], rule: ChoiceRule) -> tuple[Place, ...]:
    """Where the search has found better than anything that is confirmed there."""
    confirms, searches = _by_place(records)
    return tuple(
        place
        for place, configurations in confirms.items()
        if is_behind(configurations, _deciding(place, searches, rule), rule)
    )


def current_by_place(records: Sequence[RunRecord], rule: ChoiceRule) -> dict[Place, dict[str, Sequence[RunRecord]]]:
    """(arm, repeat, fold) -> id of each configuration that the search chooses -> its confirm trials."""
    confirms, searches = _by_place(records)
    return {
        place: {
            name: configurations[name]
            for name in current_configurations(configurations, _deciding(place, searches, rule), rule)
        }
        for place, configurations in confirms.items()
    }


def _by_place(
    records: Sequence[RunRecord],
) -> tuple[dict[Place, dict[str, list[RunRecord]]], dict[Place, list[RunRecord]]]:
    """Confirm trials by place and configuration, search trials by place."""
    confirms: dict[Place, dict[str, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    searches: dict[Place, list[RunRecord]] = defaultdict(list)
    for record in records:
        place = record.arm, record.repeat, record.fold
        if record.stage == "confirm":
            confirms[place][record.configuration_id].append(record)
        else:
            searches[place].append(record)
    return confirms, searches


def _deciding(place: Place, searches: Mapping[Place, Sequence[RunRecord]], rule: ChoiceRule) -> Sequence[RunRecord]:
    arm, repeat, fold = place
    return searches.get((rule.decided_by.get(arm, arm), repeat, fold), ())


def _best_configuration(configurations: Mapping[str, Sequence[RunRecord]], objective: str) -> str:
    sign = sign_of(objective)

    def rank(configuration_id: str) -> tuple[int, float, str]:
        runs = configurations[configuration_id]
        values = [run.valid[objective] for run in runs if run.status == "completed" and objective in run.valid]
        return len(runs) - len(values), sign * float(np.mean(values)) if values else np.inf, configuration_id

    return min(configurations, key=rank)
