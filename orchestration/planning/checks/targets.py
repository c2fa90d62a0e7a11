"""Checks that the methods of a study can be trained for what is predicted, and that settings have a meaning there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dmd.data.samples.target import Target
from dmd.registry import find_method
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.schema.distributions import Distribution
from search_spaces.terms.trial import Arm, Value


@dataclass(frozen=True)
class _Meaning:
    """Where a setting of the training does anything.

    Attributes:
        kinds: of the target.
        values: of the setting, as far as they want these kinds; None: all.
    """

    kinds: tuple[str, ...]
    values: tuple[Value, ...] | None = None

    def is_idle(self, name: str, settings: Mapping[str, Value], searched: Mapping[str, Distribution]) -> bool:
        """Whether an arm sets, or searches, the setting where its target is none of the kinds."""
        if self.values is None:
            return name in settings or name in searched
        return settings.get(name) in self.values or (
            name in searched and any(searched[name].contains(value) for value in self.values)
        )


_MEANT_FOR = {
    "class_weights": _Meaning(("classes", "binaries")),
    "selection": _Meaning(("classes", "binaries"), ("answers",)),
    "auxiliary_weight": _Meaning(("several",)),
}


def find_target_conflicts(
    arms: Sequence[Arm], searches: Mapping[str, ArmSearch], target: Target, data: str
) -> Iterator[str]:
    """A line per method that cannot be trained for this target, and per setting that would change nothing.

    Args:
        arms: that are trained.
        searches: name of an arm -> what is searched for it.
        target: of the data.
        data: name of the data, for the message.
    """
    for arm in arms:
        if conflict := find_method(arm.model).find_target_conflict(target):
            yield f"arm {arm.name!r}: {arm.model} {conflict}"
    yield from _find_idle(arms, searches, target, data)


def _find_idle(arms: Sequence[Arm], searches: Mapping[str, ArmSearch], target: Target, data: str) -> Iterator[str]:
    for arm in arms:
        searched = searches[arm.name].parameters if arm.name in searches else {}
        for name, meaning in _MEANT_FOR.items():
            if target.kind not in meaning.kinds and meaning.is_idle(name, arm.settings, searched):
                shown = name if meaning.values is None else f"{name}: {', '.join(map(str, meaning.values))}"
                yield (
                    f"arm {arm.name!r}: {shown} means something for targets of {' and '.join(meaning.kinds)}, and the "
                    f"target of {data} is {target.kind}; remove it"
                )
