"""What a built arm is, and how it differs from the baseline."""

from __future__ import annotations

from typing import Any

from dmd.training.profile_job import JobFacts
from orchestration.external.predictions import describe_external
from orchestration.planning.planned_study import PlannedStudy
from search_spaces.terms.trial import Arm


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
