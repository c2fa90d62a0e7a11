"""Which confirmed configurations a search still chooses.

A search that goes on after its winner was confirmed may find a better one. The confirm trials of the earlier winner
stay recorded; they speak for their arm no longer. Validation alone decides, as when the study ran.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.metrics import known_metric


@dataclass(frozen=True)
class ChoiceRule:
    """How a study chooses configurations.

    Attributes:
        objective: the validation metric, without prefix.
        top: configurations of one search that are confirmed.
        decided_by: arm -> the arm whose search chooses for it; an arm that is not named has its own.
    """

    objective: str
    top: int = 1
    decided_by: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, study: StudyDescription) -> ChoiceRule:
        """The rule of a study: a control takes what the baseline chose, under ``scope: baseline`` all but other methods
        do."""
        objective = str(study.search.get("objective") or study.primary).removeprefix("valid/")
        own = (
            ("baseline", "model")
            if study.search.get("scope") == "baseline"
            else ("baseline", "ablation", "subset", "model")
        )
        heirs = (arm.name for arm in study.arms if arm.role not in own)
        return cls(objective, int(study.confirm.get("top") or 1), dict.fromkeys(heirs, study.baseline))


def sign_of(objective: str) -> float:
    """-1 where higher is better, so that the product with a value is smaller the better it is."""
    metric = known_metric(objective)
    return 1.0 if metric is None else metric.loss_sign


def current_configurations(
    configurations: Mapping[str, Sequence[RunRecord]], searched: Sequence[RunRecord], rule: ChoiceRule
) -> tuple[str, ...]:
    """Ids of the confirmed configurations that the search chooses now: the ``top`` best, ties included.

    Where none of the best is confirmed yet, the best of those that are; where nothing says what was chosen, all.

    Args:
        configurations: id -> confirm trials of one arm on one cell.
        searched: trials of the search that decides there.
        rule: of the study.
    """
    if len(configurations) == 1:
        return tuple(configurations)
    values, found = _worths(configurations, searched, rule)
    if not values:
        return tuple(configurations)
    worst = sorted(found)[: rule.top][-1]
    return tuple(name for name, value in values.items() if value <= worst) or (min(values, key=values.__getitem__),)


def is_behind(
    configurations: Mapping[str, Sequence[RunRecord]], searched: Sequence[RunRecord], rule: ChoiceRule
) -> bool:
    """Whether the best search trial is not among those that are confirmed; arguments as above."""
    values, found = _worths(configurations, searched, rule)
    return bool(found) and min(found) < min(values.values(), default=math.inf)


def _worths(
    configurations: Mapping[str, Sequence[RunRecord]], searched: Sequence[RunRecord], rule: ChoiceRule
) -> tuple[dict[str, float], list[float]]:
    """Configuration -> the best search trial that it confirms, and all search trials; smaller is better."""
    sign, values, found = sign_of(rule.objective), dict[str, float](), list[float]()
    for trial in searched:
        value = trial.valid.get(rule.objective, math.nan)
        if trial.status == "completed" and math.isfinite(value):
            found.append(sign * value)
            for name in _confirmed_as(trial, configurations):
                values[name] = min(sign * value, values.get(name, math.inf))
    return values, found


def _confirmed_as(trial: RunRecord, configurations: Mapping[str, Sequence[RunRecord]]) -> tuple[str, ...]:
    """The configurations that confirm a search trial: its own in its arm; in an arm that inherits, the one that has
    most of its values and no other."""
    first = {name: runs[0] for name, runs in configurations.items()}
    if any(run.arm == trial.arm for run in first.values()):
        return (trial.configuration_id,) if trial.configuration_id in first else ()
    fitting = {
        name: len(run.parameters) for name, run in first.items() if run.parameters.items() <= trial.parameters.items()
    }
    return tuple(name for name, size in fitting.items() if size == max(fitting.values()))
