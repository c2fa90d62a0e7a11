"""What ``--dry-run`` prints: arms, contrasts, trials, cost with its range, and what the study could detect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestration.dry_run.contrasts import contrast_lines, contrasts_as_json
from orchestration.dry_run.cost_estimate import CostRange, Estimate
from orchestration.dry_run.power import DetectableDifference
from orchestration.extension.extend import PlannedExtension
from orchestration.planning.planned_study import PlannedStudy
from reports.results.metrics import find_metric
from reports.text.durations import duration_text, estimated_duration_text, held_time_text, rough_duration_text
from reports.text.rounding import count
from search_spaces.schema.distributions import Choice, IntRange
from search_spaces.schema.schema import Resources
from search_spaces.terms.trial import Arm

_NUMBERS_OF_GPUS = (1, 8)
"""What people rent."""

NO_NOISE = "every arm of a declared contrast gives the same numbers under any seed: one seed says as much as many"


@dataclass(frozen=True)
class DryRun:
    """What is known of a study before it runs.

    Attributes:
        planned: the study.
        estimate: what it will cost.
        differences: what each number of seeds can detect.
        extension: what this adds to a study that has begun; None: nothing.
    """

    planned: PlannedStudy
    estimate: Estimate
    differences: Sequence[DetectableDifference] = ()
    extension: PlannedExtension | None = None

    def as_json(self) -> str:
        """One JSON object for programs; the middle of every range stands under its plain name."""
        planned, size = self.planned, self.planned.size
        content = {
            "study": planned.space.study,
            "arms": [arm.name for arm in planned.running_arms],
            **contrasts_as_json(planned),
            "num_trials": size.num_trials,
            "stages": {"search": size.num_search, "confirm": size.num_confirm},
            "estimate": _cost_as_json(self.estimate),
            "detectable": [asdict(row) for row in self.differences],
            "extension": None if self.extension is None else self.extension.as_json(),
        }
        return json.dumps(content)

    def as_text(self) -> str:
        """Lines for a person."""
        planned, estimate = self.planned, self.estimate
        begun = [] if self.extension is None else self.extension.lines(planned.space.study)
        lines = [_headline(planned), *begun, *_arm_lines(planned), *contrast_lines(planned)]
        lines += [*_default_search_lines(planned), *_stopping_lines(planned), _trial_line(planned, estimate)]
        lines += _cost_lines(planned, estimate)
        lines += [f"caution: {sentence}" for sentence in planned.cautions]
        return "\n".join([*lines, *_foresight_lines(planned, self.differences)])


def _cost_as_json(estimate: Estimate) -> dict[str, Any]:
    cost: dict[str, Any] = {
        "slots": estimate.slots,
        "num_nodes": estimate.num_nodes,
        "num_left": estimate.num_trials,
        "num_taken_over": estimate.num_reused,
        "num_reopened": estimate.num_reopened,
        "start_s": estimate.start_s,
        "arm_trial_s": estimate.arm_trial_s,
    }
    for name in ("wall_s", "device_s", "gpu_hours", "core_hours"):
        value: CostRange = getattr(estimate, name)
        cost |= {name: value.expected, f"{name}_range": [value.low, value.high]}
    return cost


def _cost_lines(planned: PlannedStudy, estimate: Estimate) -> list[str]:
    wall, gpu, core = estimate.wall_s, estimate.gpu_hours, estimate.core_hours
    at_once = "1 trial" if estimate.slots == 1 else f"{estimate.slots} trials"
    lines = [
        f"about {estimated_duration_text(wall.expected, wall.low, wall.high)} with "
        f"{at_once} at a time, {rough_duration_text(estimate.start_s)} of it start-up"
    ]
    if estimate.num_nodes is not None:
        lines.append(
            f"this many fit on the cluster as it is now (nodes that can train: {estimate.num_nodes}); "
            "the seconds of a trial were measured on this machine, not on theirs"
        )
    if planned.tried_on == planned.runner.device:
        lines += gpu_lines(estimate, planned.space.resources)
    else:
        lines.append("timed on the CPUs of this machine: it has no GPU, and the GPUs of the cluster were not tried")
    if gpu.high:
        lines.append(held_time_text(*_in_seconds(gpu), "GPU"))
    return [*lines, held_time_text(*_in_seconds(core), "core")]


def gpu_lines(estimate: Estimate, wanted: Resources) -> list[str]:
    """How long the study takes on one GPU and on more, where its trials run on GPUs; a trial is as fast as it was here.

    Args:
        estimate: of the study.
        wanted: what one trial takes.
    """
    lines = []
    for num_gpus in _NUMBERS_OF_GPUS if wanted.gpu else ():
        slots = int(num_gpus / (wanted.gpu * wanted.num_workers) + 1e-9)
        if slots:
            wall, cores = estimate.wall_with(slots), slots * wanted.cpu * wanted.num_workers
            room = f"{count(slots, 'trial')} at a time, {cores:g} CPUs"
            lines.append(
                f"with {count(num_gpus, 'GPU')} like the one tried ({room}): "
                f"about {estimated_duration_text(wall.expected, wall.low, wall.high)}"
            )
    return lines


def _in_seconds(hours: CostRange) -> tuple[float, float, float]:
    seconds = hours.times(3600)
    return seconds.expected, seconds.low, seconds.high


def _headline(planned: PlannedStudy) -> str:
    race = planned.space.confirm.race
    seeds = f"{race.least} to {race.most} confirm seeds" if race else count(len(planned.seeds), "confirm seed")
    cells = len(planned.cells)
    where = f"{cells} cells (folds)" if cells > 1 else "1 cell"
    return f"study {planned.space.study}: {_arms_text(planned)}, {where}, {seeds}"


def _arms_text(planned: PlannedStudy) -> str:
    if not planned.only:
        return count(len(planned.arms), "arm")
    borrowed = sorted(planned.searched_arms - planned.only)
    with_searches = f" (and the search of {', '.join(borrowed)})" if borrowed else ""
    return f"{len(planned.running_arms)} of {len(planned.arms)} arms{with_searches}"


def _arm_lines(planned: PlannedStudy) -> list[str]:
    lines = []
    for arm in planned.running_arms:
        if arm.is_external:
            runs = planned.external[arm.name]
            lines.append(
                f"  {arm.name}: predictions of {runs.path}, {count(len(runs.seeds), 'seed')}, nothing to train"
            )
            continue
        facts = planned.facts[arm.name]
        shown = arm.name if arm.label == arm.name else f"{arm.name} ({arm.label})"
        if facts.num_parameters == 0:
            lines.append(f"  {shown}: no parameter is trained by gradients, so no epochs")
            continue
        built = " before its search" if _search_may_rebuild(planned, arm) else ""
        pace = f"{facts.num_parameters} parameters{built}, {duration_text(facts.epoch_s)} per epoch"
        lines.append(f"  {shown}: {pace}, at most {facts.max_epochs} epochs")
    return lines


def _search_may_rebuild(planned: PlannedStudy, arm: Arm) -> bool:
    """Whether a search chooses switches, whole numbers or words for the arm; a weight or a rate changes no model."""
    chosen = planned.searches[arm.name].parameters.values()
    return any(isinstance(distribution, (Choice, IntRange)) for distribution in chosen)


def _default_search_lines(planned: PlannedStudy) -> list[str]:
    """Of every method, what ``search.parameters: default`` means to its arms."""
    search = planned.space.search
    if search is None or not search.uses_defaults:
        return []
    lines = []
    arms = [arm for arm in planned.running_arms if not arm.is_external]
    for method in (planned.catalogue.methods[name] for name in dict.fromkeys(arm.model for arm in arms)):
        mine = [planned.searches[arm.name] for arm in arms if arm.model == method.name]
        searched = {name: text for plan in mine if plan.owner for name, text in plan.parameters.items()}
        if searched:
            ranges = ", ".join(f"{name} {distribution.describe()}" for name, distribution in searched.items())
            lines.append(f"searched in {method.name}: {ranges}")
        elif not method.search:
            names = ", ".join(plan.arm for plan in mine)
            lines.append(f"not searched: {names}, as {method.name} declares no default distributions")
    return lines


def _stopping_lines(planned: PlannedStudy) -> list[str]:
    """How search trials are stopped early; the estimate counts on it."""
    search = planned.space.search
    words = "" if search is None or not planned.searched_arms else search.scheduler.describe()
    return [f"early stopping: {words}"] if words else []


def _trial_line(planned: PlannedStudy, estimate: Estimate) -> str:
    size = planned.size
    most = "at most " if planned.space.confirm.race else ""
    line = f"trials: {size.num_search} search + {most}{size.num_confirm} confirm = {size.num_trials}"
    if estimate.num_reused:
        line += f"; at least {estimate.num_reused} are reused from other studies"
    if estimate.num_reopened:
        return f"{line}; {estimate.num_trials - estimate.num_reopened} to {estimate.num_trials} left to run"
    return line if estimate.num_trials == size.num_trials else f"{line}; {estimate.num_trials} left to run"


def _foresight_lines(planned: PlannedStudy, differences: Sequence[DetectableDifference]) -> list[str]:
    if not differences:
        return [NO_NOISE] if any(pair.in_family for pair in planned.contrasts) else []
    metric = find_metric(planned.space.primary_metric)
    is_known = differences[0].in_metric is not None
    source = "from the runs so far" if is_known else "no runs yet, so its size in " + metric.label + " is unknown"
    lines = [f"detected at 80% power per declared contrast, with new seeds on these data ({source}):"]
    for row in differences:
        size = f"{row.in_deviations:.2g} run SDs"
        if row.in_metric is not None:
            size += f" = {row.in_metric:.2g}{metric.unit} {metric.label}"
        mark = (
            f"  <- {'at most' if planned.space.confirm.race else 'planned'}"
            if row.num_seeds == len(planned.seeds)
            else ""
        )
        lines.append(
            f"  {row.num_seeds} seeds: {size}; {row.num_confirm} confirm trials, "
            f"about {rough_duration_text(row.wall_s)} in all{mark}"
        )
    return lines
