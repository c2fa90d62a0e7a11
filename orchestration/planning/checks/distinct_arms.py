"""Checks of built arms: no two of them are the same, and every component changes something."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

from dmd.training.profile_job import JobFacts
from search_spaces.terms.trial import Arm, Value, digest


def find_equal_arms(arms: Sequence[Arm], facts: Mapping[str, JobFacts]) -> Iterator[str]:
    """A line per arm that would train the same thing as another one, and per component that changes nothing.

    Two such arms are one arm under two names: their contrast would be pure noise.

    Args:
        arms: that are trained.
        facts: arm -> what its model is.
    """
    seen: dict[str, str] = {}
    for arm in arms:
        if arm.role == "control":
            continue
        found = facts[arm.name]
        key = digest([arm.model, found.num_parameters, found.modules, found.loss_terms, dict(arm.settings)])
        if key in seen:
            yield f"arms {seen[key]!r} and {arm.name!r} are the same model with the same settings; remove one"
        seen.setdefault(key, arm.name)
    family = [arm for arm in arms if arm.role in ("baseline", "ablation")]
    yield from dict.fromkeys(_find_idle_components(family, facts))


def _find_idle_components(family: Sequence[Arm], facts: Mapping[str, JobFacts]) -> Iterator[str]:
    """A component is more than a setting: two arms that differ in it must not train the same thing."""
    for one, other in itertools.combinations(family, 2):
        differing = [name for name, on in one.components.items() if other.components.get(name) != on]
        is_alike = facts[one.name].trace and facts[one.name].trace == facts[other.name].trace
        if len(differing) == 1 and is_alike and _without(one, differing) == _without(other, differing):
            yield (
                f"component {differing[0]!r} of {one.model} changes nothing: arms {one.name!r} and {other.name!r} have "
                "the same predictions and losses in their first training steps; use it in the model, or remove it"
            )


def _without(arm: Arm, names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in arm.settings.items() if name not in names}
