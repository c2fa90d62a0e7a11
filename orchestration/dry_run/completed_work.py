"""What of a study need not run any more: its own ended trials, and results of other studies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestration.driver.reusable_results import FindResult, find_nothing
from orchestration.planning.make_source import make_source
from orchestration.planning.planned_study import PlannedStudy
from reports.records.run_record import RunRecord, Stage
from reports.results.confirm_records import superseded_records
from reports.results.current_choice import ChoiceRule


@dataclass(frozen=True)
class CompletedWork:
    """What need not run any more.

    Attributes:
        done: (arm, stage) -> trials that have ended in this study, without those of choices that validation has left.
        epochs: (arm, stage) -> mean epochs of trials that did not fail, here or in a study that is reused.
        reused: records of other studies that will be reused.
        reopened: arm -> confirm trials among ``done`` whose configuration a search that goes on may replace.
    """

    done: Mapping[tuple[str, Stage], int] = field(default_factory=dict)
    epochs: Mapping[tuple[str, Stage], float] = field(default_factory=dict)
    reused: tuple[RunRecord, ...] = ()
    reopened: Mapping[str, int] = field(default_factory=dict)

    def num_done(self, arm: str, stage: Stage) -> int:
        """Trials that need not run any more."""
        reused = sum(record.arm == arm and record.stage == stage for record in self.reused)
        return self.done.get((arm, stage), 0) + reused


NOTHING_COMPLETED = CompletedWork()
NOTHING_REUSABLE = (
    "--reuse: no trial there has the same data, code, settings and seed as one of this study, so all are run"
)


def count_completed(
    planned: PlannedStudy,
    records: Sequence[RunRecord],
    find_result: FindResult = find_nothing,
    is_extended: bool = False,
) -> CompletedWork:
    """Count the trials that have ended in this study, and find those whose results are reused.

    Args:
        planned: the study.
        records: of its own ended trials.
        find_result: finds results in other studies.
        is_extended: whether its plan was changed after it had begun: a search that has fewer trials than its budget may
            then have been at its end, and confirmed.
    """
    done: dict[tuple[str, Stage], int] = defaultdict(int)
    epochs: dict[tuple[str, Stage], list[int]] = defaultdict(list)
    current, left_behind = _divide(planned, records)
    for record in records:
        if planned.is_running(record.arm, record.stage):
            if record.trial_id not in left_behind:
                done[record.arm, record.stage] += 1
            if record.status != "failed":
                epochs[record.arm, record.stage].append(record.num_epochs)
    reused = tuple(_known_records(planned, {record.trial_id: record for record in records}, find_result))
    for record in reused:
        epochs[record.arm, record.stage].append(record.num_epochs)
    means = {key: sum(numbers) / len(numbers) for key, numbers in epochs.items()}
    return CompletedWork(dict(done), means, reused, _reopened(planned, current) if is_extended else {})


def num_beside(planned: PlannedStudy, records: Sequence[RunRecord]) -> int:
    """Ended confirm trials of an extended study that may stand beside those of its plan, being of an earlier choice."""
    current, left_behind = _divide(planned, records)
    return len(left_behind) + sum(_reopened(planned, current).values())


def _divide(planned: PlannedStudy, records: Sequence[RunRecord]) -> tuple[list[RunRecord], frozenset[str]]:
    """The records that stand, and the ids of confirm trials of choices that validation has left since."""
    owners = {name: search.owner for name, search in planned.searches.items() if search.owner is not None}
    rule = ChoiceRule(planned.space.objective_metric, planned.space.confirm.top, owners)
    left_behind = frozenset(record.trial_id for record in superseded_records(records, rule))
    return [record for record in records if record.trial_id not in left_behind], left_behind


def _reopened(planned: PlannedStudy, records: Sequence[RunRecord]) -> dict[str, int]:
    """Arm -> confirm trials on cells whose search has trials left."""
    searched = Counter((r.arm, r.repeat, r.fold) for r in records if r.stage == "search")
    reopened = Counter[str]()
    for record in records:
        if record.stage == "confirm" and planned.is_running(record.arm, "confirm"):
            owner = planned.searches[record.arm].owner
            if owner is None:
                continue
            budget = planned.num_searched(owner) // len(planned.cells)
            if searched[owner, record.repeat, record.fold] < budget:
                reopened[record.arm] += 1
    return dict(reopened)


def _known_records(planned: PlannedStudy, own: Mapping[str, RunRecord], find_result: FindResult) -> Iterator[RunRecord]:
    """The results that would be reused, as far as they are known: what a searcher proposes after a trial that has
    to run first is not.

    Args:
        planned: the study.
        own: the records of this study, by trial id.
        find_result: finds results in other studies.
    """
    if find_result is find_nothing:
        return
    source = make_source(planned)
    while (trial := source.ask()) is not None:
        found = find_result(trial) if trial.id not in own else None
        if found is not None:
            record = replace(found.record, trial_id=trial.id, arm=trial.arm)
            source.tell(record)
            yield record
        elif trial.id in own:
            source.tell(own[trial.id])
