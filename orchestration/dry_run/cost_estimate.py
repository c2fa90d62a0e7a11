"""Cost estimates: time and resources of a study, from a few timed steps per arm, early stopping and finished trials.

An estimate has an expected value and a range: how many epochs a trial runs before it stops improving is not known
before. The expected value takes half the way between the fewest and the most; trials of an earlier session or of a
study that is reused replace that guess for their arm and stage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.completed_work import NOTHING_COMPLETED, CompletedWork
from orchestration.planning.planned_study import PlannedStudy
from orchestration.search.stopping.by_arm import share_of_epochs
from reports.records.run_record import Stage

TRIAL_S, EPOCH_S = 0.1, 0.02
"""Seconds beside the training: of a trial (it starts on a worker that runs already, and is scored), and between two of
its epochs (what it has reached is reported and decided, its state is kept)."""
ASYNC_EPOCHS_FACTOR = 1.5
"""How many more epochs an asynchronous stopping rule runs than one that saw all trials at once."""
MEMORY_CONTENTION = 1.25
"""How much slower a trial may be while others run beside it on the same memory: the upper end of the range."""


@dataclass(frozen=True)
class CostRange:
    """An expected cost with its range, all in one unit.

    Attributes:
        low: the lower end.
        expected: the most likely cost.
        high: the upper end.
    """

    low: float
    expected: float
    high: float

    def __add__(self, other: CostRange) -> CostRange:
        return CostRange(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, factor: float) -> CostRange:
        return CostRange(self.low * factor, self.expected * factor, self.high * factor)


UNDECLARED = CostRange(0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What is left of a study, and what it costs. The seconds of a trial are those of this machine in any case.

    Attributes:
        wall_s: seconds until the study ends, its start-up included.
        device_s: seconds that trials hold a device, summed.
        gpu_hours: device_s times the GPUs that a trial asks for.
        core_hours: device_s times the CPU cores that a trial asks for.
        num_trials: trials that are left to run.
        num_reused: trials whose results are reused from other studies.
        num_reopened: those of the trials that are left only if a search that goes on finds a better configuration.
        slots: trials at the same time.
        num_nodes: nodes of the cluster that trials run on; None on this machine.
        start_s: seconds of start-up alone.
        arm_trial_s: arm name -> expected seconds of one of its confirm trials.
    """

    wall_s: CostRange
    device_s: CostRange
    gpu_hours: CostRange
    core_hours: CostRange
    num_trials: int
    num_reused: int
    num_reopened: int
    slots: int
    num_nodes: int | None
    start_s: float
    arm_trial_s: dict[str, float]

    def wall_with(self, slots: int) -> CostRange:
        """Seconds until the study ends with so many trials at the same time, each as fast as it is here."""
        return _wall_range(self.device_s, self.start_s, max(self.arm_trial_s.values(), default=0.0), slots)


def estimate_study(planned: PlannedStudy, capacity: Capacity, completed: CompletedWork = NOTHING_COMPLETED) -> Estimate:
    """The cost of the trials that are left, each as fast as its arm is on this machine, spread over the slots.

    Several workers that train a trial together are assumed to need as long as one.

    Args:
        planned: the study.
        capacity: slots for its trials.
        completed: what need not run any more.
    """
    resources = planned.space.resources
    slots, contention = capacity.slots, capacity.contention
    device_s, num_trials, trial_s = UNDECLARED, 0, {}
    for name, stage, planned_range in _planned_trials(planned):
        done = completed.num_done(name, stage)
        left = CostRange(*(max(number - done, 0) for number in planned_range))
        if stage == "confirm" and (reopened := completed.reopened.get(name, 0)):
            left += CostRange(0, reopened / 2, reopened)
        one = _trial_range(planned, name, stage, completed.epochs.get((name, stage))).times(contention)
        device_s += CostRange(left.low * one.low, left.expected * one.expected, left.high * one.high)
        num_trials += round(left.high)
        if stage == "confirm":
            trial_s[name] = one.expected
    start_s = planned.start_up.ray_s + contention * planned.start_up.workers_s if num_trials else 0.0
    crowded = CostRange(device_s.low, device_s.expected, device_s.high * (MEMORY_CONTENTION if slots > 1 else 1.0))
    longest_s = max(trial_s.values(), default=0.0) if num_trials else 0.0
    hours = crowded.times(resources.num_workers / 3600)
    return Estimate(
        wall_s=_wall_range(crowded, start_s, longest_s, slots),
        device_s=crowded,
        gpu_hours=hours.times(resources.gpu),
        core_hours=hours.times(resources.cpu),
        num_trials=num_trials,
        num_reused=len(completed.reused),
        num_reopened=sum(completed.reopened.values()),
        slots=slots,
        num_nodes=capacity.num_nodes,
        start_s=start_s,
        arm_trial_s=trial_s,
    )


def _wall_range(device_s: CostRange, start_s: float, longest_s: float, slots: int) -> CostRange:
    # The last trials end one by one: on average half of the slots are empty for the length of one.
    ended_s = start_s + longest_s * (1 - 1 / slots) / 2
    return device_s.times(1 / slots) + CostRange(start_s, ended_s, ended_s)


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


def _trial_range(planned: PlannedStudy, name: str, stage: Stage, known_epochs: float | None) -> CostRange:
    """Seconds of one trial of an arm."""
    facts, search = planned.facts[name], planned.space.search
    fewest = min(facts.max_epochs, facts.patience + 1)
    epochs = CostRange(fewest, (fewest + facts.max_epochs) / 2, facts.max_epochs)
    if known_epochs is not None:
        epochs = CostRange(min(epochs.low, known_epochs), known_epochs, max(known_epochs, epochs.expected))
    elif stage == "search" and search is not None:
        share = share_of_epochs(search.scheduler, facts.max_epochs)
        # Rules that do not wait for each other let more trials pass than they would all at once.
        expected = epochs.expected * min(1.0, ASYNC_EPOCHS_FACTOR * share)
        epochs = CostRange(min(epochs.low, share * facts.max_epochs), expected, epochs.high)
    fixed_s = facts.overhead_s + TRIAL_S
    return epochs.times(facts.epoch_s + EPOCH_S) + CostRange(fixed_s, fixed_s, fixed_s)


def expected_costs(estimate: Estimate) -> dict[str, float]:
    """The estimate as the report compares it with what then happened."""
    content: dict[str, float] = {"trials": estimate.num_trials}
    for name, value in (("wall", estimate.wall_s), ("device", estimate.device_s)):
        content |= {f"{name}_s": value.expected, f"{name}_low_s": value.low, f"{name}_high_s": value.high}
    return content
