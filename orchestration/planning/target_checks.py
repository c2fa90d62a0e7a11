"""Checks that the methods of a study can be trained for what is predicted, and that settings have a meaning there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dmd.data.samples.target import Target
from dmd.registry import find_method
from orchestration.process.errors import UsageError
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.terms.trial import Arm

_MEANT_FOR = {"class_weights": ("classes", "binaries"), "auxiliary_weight": ("several",)}
"""Setting of the training -> kinds of target that it does anything for."""


def require_meaning(arms: Sequence[Arm], searches: Mapping[str, ArmSearch], target: Target, data: str) -> None:
    """Refuse methods that cannot be trained for this target, and settings that would change nothing.

    Args:
        arms: that are trained.
        searches: name of an arm -> what is searched for it.
        target: of the data.
        data: name of the data, for the message.

    Raises:
        UsageError: with a line per arm, and per setting.
    """
    conflicts = ((arm, find_method(arm.model).find_target_conflict(target)) for arm in arms)
    problems = [f"arm {arm.name!r}: {arm.model} {conflict}" for arm, conflict in conflicts if conflict]
    problems += _find_idle(arms, searches, target, data)
    if problems:
        raise UsageError("\n".join(problems))


def _find_idle(arms: Sequence[Arm], searches: Mapping[str, ArmSearch], target: Target, data: str) -> Iterator[str]:
    for arm in arms:
        searched = searches[arm.name].parameters if arm.name in searches else {}
        for name, kinds in _MEANT_FOR.items():
            if target.kind not in kinds and (name in arm.settings or name in searched):
                yield (
                    f"arm {arm.name!r}: {name} means something for targets of {' and '.join(kinds)}, and the target "
                    f"of {data} is {target.kind}; remove it"
                )
