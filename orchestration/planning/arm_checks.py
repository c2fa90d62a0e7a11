"""Checks of built arms: how each differs from the baseline, and that no two of them are the same."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dmd.training.profile_job import JobFacts
from orchestration.external.predictions import describe_external
from orchestration.planning.planned_study import PlannedStudy
from orchestration.process.errors import UsageError
from search_spaces.terms.trial import Arm, Value, digest


def describe_arm(arm: Arm, planned: PlannedStudy) -> dict[str, Any]:
    """What was found by building the arm (or by reading its predictions), and how it differs from the baseline."""
    if arm.is_external:
        return describe_external(planned.external[arm.name])
    facts, base = planned.facts[arm.name], planned.facts[planned.baseline.name]
    return {
        "num_parameters": facts.num_parameters,
        "modules": list(facts.modules),
        "loss_terms": list(facts.loss_terms),
        "inputs": list(facts.inputs),
        "differs_from_baseline": _difference(arm, facts, planned.baseline, base),
    }


def _difference(arm: Arm, facts: JobFacts, baseline: Arm, base: JobFacts) -> str:
    if arm.name == baseline.name:
        return "is the baseline"
    if arm.role == "control":
        return "is the baseline under other seeds"
    if arm.model != baseline.model:
        against = f"{facts.num_parameters} against {base.num_parameters} parameters"
        seen = "" if facts.inputs == base.inputs else f", sees {' and '.join(facts.inputs) or 'no modality'}"
        return f"another method: {against}{seen}"
    parts = [f"{facts.num_parameters - base.num_parameters:+d} parameters"]
    for what, mine, theirs in (
        ("inputs", facts.inputs, base.inputs),
        ("modules", facts.modules, base.modules),
        ("loss terms", facts.loss_terms, base.loss_terms),
    ):
        without = [name for name in theirs if name not in mine]
        extra = [name for name in mine if name not in theirs]
        parts += [f"without {what} {', '.join(without)}"] if without else []
        parts += [f"with {what} {', '.join(extra)}"] if extra else []
    return "; ".join(parts)


def require_distinct(arms: Sequence[Arm], facts: Mapping[str, JobFacts]) -> None:
    """Two arms that would train the same thing are one arm under two names: their contrast would be pure noise."""
    seen: dict[str, str] = {}
    for arm in arms:
        if arm.role == "control":
            continue
        found = facts[arm.name]
        key = digest([arm.model, found.num_parameters, found.modules, found.loss_terms, dict(arm.settings)])
        if key in seen:
            raise UsageError(
                f"arms {seen[key]!r} and {arm.name!r} are the same model with the same settings; remove one"
            )
        seen[key] = arm.name
    _require_effects([arm for arm in arms if arm.role in ("baseline", "ablation")], facts)


def _require_effects(family: Sequence[Arm], facts: Mapping[str, JobFacts]) -> None:
    """A component is more than a setting: two arms that differ in it must not train the same thing."""
    problems = []
    for one, other in itertools.combinations(family, 2):
        differing = [name for name, on in one.components.items() if other.components.get(name) != on]
        is_alike = facts[one.name].trace and facts[one.name].trace == facts[other.name].trace
        if len(differing) == 1 and is_alike and _without(one, differing) == _without(other, differing):
            problems.append(
                f"component {differing[0]!r} of {one.model} changes nothing: arms {one.name!r} and {other.name!r} have "
                "the same predictions and losses in their first training steps; use it in the model, or remove it"
            )
    if problems:
        raise UsageError("\n".join(dict.fromkeys(problems)))


def _without(arm: Arm, names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in arm.settings.items() if name not in names}
