"""What a study will cost on this machine, from a few timed batches per arm."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.planning import PlannedStudy


@dataclass(frozen=True)
class Estimate:
    """An upper bound: every trial runs all of its epochs; early stopping and pruning only shorten it.

    device_hours: GPU-hours if trials take a GPU, else core-hours. slots: trials at the same time.
    """

    wall_s: float
    gpu_hours: float
    core_hours: float
    slots: int
    arm_trial_s: dict[str, float]


def estimate_study(planned: PlannedStudy, slots: int) -> Estimate:
    """Seconds of every planned trial by its arm's pace, spread over ``slots`` trials at a time."""
    resources, search = planned.space.resources, planned.space.search
    trial_s = {name: facts.epoch_s * facts.max_epochs for name, facts in planned.facts.items()}
    per_arm = len(planned.cells) * len(planned.seeds) * planned.space.confirm.top
    total_s = sum(seconds * per_arm for seconds in trial_s.values())
    if search is not None:
        searching = [name for name, plan in planned.searches.items() if plan.owner == name]
        total_s += sum(trial_s[name] * search.trials * len(planned.cells) for name in searching)
    workers = resources.workers if isinstance(resources.workers, int) else 1
    hours = total_s / 3600 * workers
    return Estimate(total_s / slots, hours * resources.gpu, hours * resources.cpu, slots, trial_s)
