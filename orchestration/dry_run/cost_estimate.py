"""What a study will cost, from a few timed steps per arm on this machine, what stopping rules save, and what is there.

An estimate has a middle and a range: how many epochs a trial runs before it stops improving is not known before. The
middle takes half the way between the fewest and the most; trials of an earlier session or of a study that is reused
replace that guess for their arm and stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestration.driver.known_results import FindResult, find_nothing
from orchestration.dry_run.capacity import TrialRoom
from orchestration.planning.planned_study import PlannedStudy
from orchestration.search.stopping.by_arm import share_of_epochs
from reports.records.record import RunRecord, Stage

TRIAL_S, EPOCH_S = 0.1, 0.02
"""Seconds beside the training: of a trial (it starts on a worker that runs already, and is scored), and between two of
its epochs (what it has reached is reported and decided, its state is kept)."""
LENIENCE = 1.5
"""How many more epochs an asynchronous stopping rule runs than one that saw all trials at once."""
CROWDING = 1.25
"""How much slower a trial may be while others run beside it on the same memory: the upper end of the range."""


@dataclass(frozen=True)
class Range:
    """A middle between a low and a high end, each in the same unit."""

    low: float
    middle: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def times(self, factor: float) -> Range:
        return Range(self.low * factor, self.middle * factor, self.high * factor)


NOTHING = Range(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Earlier:
    """What is there already. done: (arm, stage) -> trials that have ended in this study. epochs: (arm, stage) -> mean
    epochs of trials that ran to their end, here or in a study that is reused. taken: records to be taken over."""

    done: Mapping[tuple[str, Stage], int] = field(default_factory=dict)
    epochs: Mapping[tuple[str, Stage], float] = field(default_factory=dict)
    taken: tuple[RunRecord, ...] = ()

    def count_gone(self, arm: str, stage: Stage) -> int:
        """Trials that need not run any more."""
        taken = sum(record.arm == arm and record.stage == stage for record in self.taken)
        return self.done.get((arm, stage), 0) + taken


NOTHING_EARLIER = Earlier()


@dataclass(frozen=True)
class Estimate:
    """wall_s: seconds until the study ends, its start-up included. device_s: seconds that trials hold a device, summed.

    num_trials: that are left to run. num_known: trials that are taken over. slots: trials at the same time. num_nodes:
    those of the cluster that they run on, None on this machine; the seconds of a trial are those of this machine in
    either case. start_s: start-up alone. arm_trial_s: arm name -> seconds of one of its trials (the middle).
    gpu_hours, core_hours: device_s in the resources that the space asks for.
    """

    wall_s: Range
    device_s: Range
    gpu_hours: Range
    core_hours: Range
    num_trials: int
    num_known: int
    slots: int
    num_nodes: int | None
    start_s: float
    arm_trial_s: dict[str, float]


def estimate_study(planned: PlannedStudy, room: TrialRoom, earlier: Earlier = NOTHING_EARLIER) -> Estimate:
    """The trials that are left, each at the pace that its arm has on this machine, spread over the slots of ``room``.

    Several workers that train a trial together are taken to need no longer than one.
    """
    resources = planned.space.resources
    slots, crowding = room.slots, room.crowding
    device_s, num_trials, trial_s = NOTHING, 0, {}
    for name, stage, planned_range in _planned_trials(planned):
        gone = earlier.count_gone(name, stage)
        left = Range(*(max(number - gone, 0) for number in planned_range))
        one = _trial_range(planned, name, stage, earlier.epochs.get((name, stage))).times(crowding)
        device_s += Range(left.low * one.low, left.middle * one.middle, left.high * one.high)
        num_trials += round(left.high)
        if stage == "confirm":
            trial_s[name] = one.middle
    start_s = planned.start_up.ray_s + crowding * planned.start_up.workers_s if num_trials else 0.0
    crowded = Range(device_s.low, device_s.middle, device_s.high * (CROWDING if slots > 1 else 1.0))
    # The last trials end one by one: on average half of the slots are empty for the length of one.
    tail_s = max(trial_s.values(), default=0.0) * (1 - 1 / slots) / 2 if num_trials else 0.0
    hours = crowded.times(resources.num_workers / 3600)
    return Estimate(
        wall_s=crowded.times(1 / slots) + Range(start_s, start_s + tail_s, start_s + tail_s),
        device_s=crowded,
        gpu_hours=hours.times(resources.gpu),
        core_hours=hours.times(resources.cpu),
        num_trials=num_trials,
        num_known=len(earlier.taken),
        slots=slots,
        num_nodes=room.num_nodes,
        start_s=start_s,
        arm_trial_s=trial_s,
    )


def _planned_trials(planned: PlannedStudy) -> Iterable[tuple[str, Stage, tuple[float, float, float]]]:
    """(arm, stage, fewest, expected and most trials) of everything that runs here."""
    space, cells = planned.space, len(planned.cells)
    if space.search is not None:
        for name in sorted(planned.searched_arms):
            number = planned.num_searched(name)
            yield name, "search", (number, number, number)
    least, most = len(planned.certain_seeds), len(planned.seeds)
    for arm in planned.running_arms:
        if not arm.is_external:
            top = space.confirm.top if planned.searches[arm.name].owner is not None else 1
            per_seed = cells * top
            yield arm.name, "confirm", (least * per_seed, (least + most) / 2 * per_seed, most * per_seed)


def _trial_range(planned: PlannedStudy, name: str, stage: Stage, known_epochs: float | None) -> Range:
    """Seconds of one trial of an arm."""
    facts, search = planned.facts[name], planned.space.search
    fewest = min(facts.max_epochs, facts.patience + 1)
    epochs = Range(fewest, (fewest + facts.max_epochs) / 2, facts.max_epochs)
    if known_epochs is not None:
        epochs = Range(min(epochs.low, known_epochs), known_epochs, max(known_epochs, epochs.middle))
    elif stage == "search" and search is not None:
        share = share_of_epochs(search.scheduler, facts.max_epochs)
        # Rules that do not wait for each other let more trials pass than they would all at once.
        middle = epochs.middle * min(1.0, LENIENCE * share)
        epochs = Range(min(epochs.low, share * facts.max_epochs), middle, epochs.high)
    fixed_s = facts.overhead_s + TRIAL_S
    return epochs.times(facts.epoch_s + EPOCH_S) + Range(fixed_s, fixed_s, fixed_s)


def look_back(planned: PlannedStudy, records: Sequence[RunRecord], known: FindResult = find_nothing) -> Earlier:
    """What the study's own records say, and which of its trials other studies have."""
    done: dict[tuple[str, Stage], int] = defaultdict(int)
    epochs: dict[tuple[str, Stage], list[int]] = defaultdict(list)
    for record in records:
        if planned.is_running(record.arm, record.stage):
            done[record.arm, record.stage] += 1
            if record.status != "failed":
                epochs[record.arm, record.stage].append(record.num_epochs)
    taken = tuple(_known_records(planned, {record.trial_id: record for record in records}, known))
    for record in taken:
        epochs[record.arm, record.stage].append(record.num_epochs)
    means = {place: sum(numbers) / len(numbers) for place, numbers in epochs.items()}
    return Earlier(dict(done), means, taken)


def _known_records(planned: PlannedStudy, own: Mapping[str, RunRecord], known: FindResult) -> Iterable[RunRecord]:
    """The trials that would be taken over, as far as can be told: what a searcher proposes after a trial that has to
    run first is not known. own: the records of this study, by trial id."""
    if known is find_nothing:
        return
    source = planned.make_source()
    while (trial := source.ask()) is not None:
        found = known(trial) if trial.id not in own else None
        if found is not None:
            record = replace(found.record, trial_id=trial.id, arm=trial.arm)
            source.tell(record)
            yield record
        elif trial.id in own:
            source.tell(own[trial.id])


def expectation_of(estimate: Estimate) -> dict[str, float]:
    """The estimate as the report compares it with what then happened."""
    content: dict[str, float] = {"trials": estimate.num_trials}
    for name, value in (("wall", estimate.wall_s), ("device", estimate.device_s)):
        content |= {f"{name}_s": value.middle, f"{name}_low_s": value.low, f"{name}_high_s": value.high}
    return content
