"""Identity of arms across studies: two arms are the same if they train the same thing, whatever their names."""

from __future__ import annotations

from typing import Any

from reports.records.study_description import ArmDescription
from search_spaces.terms.trial import ArmRole

ROLES: tuple[ArmRole, ...] = ("baseline", "ablation", "subset", "model", "control")
"""The order of arms, and which of its roles an arm keeps that has several."""

ArmKey = tuple[Any, ...]


def arm_key(arm: ArmDescription) -> ArmKey:
    """Equal for arms that train the same thing under the same seeds; by name where settings were not recorded."""
    is_control = arm.role == "control"
    return arm.model, is_control, tuple(sorted(arm.settings.items())) or (arm.name,)


def describe_difference(one: ArmDescription, other: ArmDescription) -> str:
    """Which settings differ, in words."""
    if one.model != other.model:
        return f"{one.model} and {other.model}"
    apart = [
        f"{name} {one.settings.get(name)} and {other.settings.get(name)}"
        for name in sorted({*one.settings, *other.settings})
        if one.settings.get(name) != other.settings.get(name)
    ]
    return ", ".join(apart[:3]) + (", ..." if len(apart) > 3 else "") if apart else f"{one.role} and {other.role}"


def role_of(arm: ArmDescription) -> ArmRole:
    """The role, checked."""
    return next(role for role in ROLES if role == arm.role)
