"""What a study will cost on this machine, from a few timed batches per arm."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from orchestration.local_machine import count_local_slots
from orchestration.planning import PlannedStudy


@dataclass(frozen=True)
class Estimate:
    """An upper bound: every trial runs all of its epochs; early stopping and pruning only shorten it.

    The pace is that of one worker; several that train a trial together are taken to need no longer than one.

    slots: trials at the same time on this machine. arm_trial_s: arm name -> seconds of one of its trials.
    """

    wall_s: float
    gpu_hours: float
    core_hours: float
    slots: int
    arm_trial_s: dict[str, float]


def estimate_study(planned: PlannedStudy) -> Estimate:
    """Seconds of every planned trial by its arm's pace, spread over the slots of this machine."""
    resources, search = planned.space.resources, planned.space.search
    slots = count_local_slots(resources)
    paces = {name: facts.epoch_s * facts.max_epochs for name, facts in planned.facts.items()}
    trial_s = {arm.name: paces[arm.name] for arm in planned.running_arms if not arm.is_external}
    per_arm = len(planned.cells) * len(planned.seeds) * planned.space.confirm.top
    total_s = sum(seconds * per_arm for seconds in trial_s.values())
    if search is not None:
        total_s += sum(paces[name] * search.trials * len(planned.cells) for name in planned.searched_arms)
    hours = total_s / 3600
    workers = resources.num_workers
    return Estimate(total_s / slots, hours * resources.gpu * workers, hours * resources.cpu * workers, slots, trial_s)


def describe_estimate(planned: PlannedStudy, estimate: Estimate, as_json: bool) -> str:
    """Arms, trials and cost: lines for a person, or one JSON object."""
    size = planned.size
    if as_json:
        return json.dumps(
            {
                "study": planned.space.study,
                "arms": [arm.name for arm in planned.running_arms],
                "num_trials": size.num_trials,
                "stages": {"search": size.num_search, "confirm": size.num_confirm},
                "estimate": asdict(estimate),
            }
        )
    lines = [
        f"study {planned.space.study}: {_arms_text(planned)}, {len(planned.cells)} cells (folds), "
        f"{len(planned.seeds)} confirm seeds"
    ]
    for arm in planned.running_arms:
        if arm.is_external:
            runs = planned.external[arm.name]
            lines.append(f"  {arm.name}: predictions of {runs.path}, {len(runs.seeds)} seeds, nothing to train")
            continue
        facts = planned.facts[arm.name]
        pace = f"{facts.num_parameters} parameters, {facts.epoch_s:.2f} s per epoch"
        lines.append(f"  {arm.name} ({arm.label}): {pace}, at most {facts.max_epochs} epochs")
    lines.append(f"trials: {size.num_search} search + {size.num_confirm} confirm = {size.num_trials}")
    lines.append(
        f"at most {estimate.wall_s / 60:.1f} min with {estimate.slots} trials at a time, "
        f"{estimate.gpu_hours:.2f} GPU-hours, {estimate.core_hours:.2f} core-hours (early stopping shortens it)"
    )
    return "\n".join(lines)


def _arms_text(planned: PlannedStudy) -> str:
    if not planned.only:
        return f"{len(planned.arms)} arms"
    borrowed = sorted(planned.searched_arms - planned.only)
    with_searches = f" (and the search of {', '.join(borrowed)})" if borrowed else ""
    return f"{len(planned.running_arms)} of {len(planned.arms)} arms{with_searches}"
