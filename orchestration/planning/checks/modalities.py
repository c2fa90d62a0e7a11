"""Checks that the data have every modality that a study's arms need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dmd.modalities import MODALITIES, Modality
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.settings import full_settings
from search_spaces.design.subsets import SUBSET_SETTING
from search_spaces.schema.distributions import Choice
from search_spaces.terms.catalogue import Catalogue, MethodSchema
from search_spaces.terms.trial import Arm, Value


def find_missing_modalities(
    arms: Sequence[Arm], searches: Mapping[str, ArmSearch], catalogue: Catalogue, available: Sequence[Modality]
) -> Iterator[str]:
    """A line per arm or searched value that needs a modality which the data do not have.

    Args:
        arms: of the study.
        searches: arm -> its search.
        catalogue: methods and what they need.
        available: the modalities of the data.
    """
    absent = frozenset(MODALITIES) - frozenset(available)
    able = [name for name, method in catalogue.methods.items() if not method.needs(full_settings(method, {})) & absent]
    for arm in arms:
        method = catalogue.methods[arm.model]
        for who, missing in _find_missing(arm, searches[arm.name], method, absent):
            yield (
                f"{who} needs {' and '.join(m for m in MODALITIES if m in missing)}, which the data do not have; "
                f"{_suggest_blank(method, arm, available)}methods that can do without: {', '.join(able)}"
            )


def _find_missing(
    arm: Arm, search: ArmSearch, method: MethodSchema, absent: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Who needs what: the arm as it is, or else with values that are searched for it."""

    def missing_with(searched: Mapping[str, Value]) -> frozenset[str]:
        return method.needs(full_settings(method, {**arm.settings, **searched})) & absent

    components = ", ".join(name for name, is_on in arm.components.items() if is_on)
    who = f"arm {arm.name!r} ({arm.model}{f' with {components}' if components else ''})"
    by_value = {
        (name, value): missing_with({name: value})
        for name, distribution in search.parameters.items()
        for value in (distribution.options if isinstance(distribution, Choice) else ())
    }
    # What every proposal sets takes the place of what the arm has: a search may avoid what the arm alone would need.
    is_avoidable = any(not missing for (name, _), missing in by_value.items() if name not in search.conditions)
    if (missing := missing_with({})) and not is_avoidable:
        yield who, missing
        return
    for (name, value), missing in by_value.items():
        if missing:
            yield f"{who}, with {name} {value} as its search may have it,", missing


def _suggest_blank(method: MethodSchema, arm: Arm, available: Sequence[Modality]) -> str:
    """How the arm can run all the same, shown a blank; empty if it cannot."""
    shown = "+".join(available)
    if method.find_conflict(full_settings(method, {**arm.settings, SUBSET_SETTING: shown})):
        return ""
    return f"`{SUBSET_SETTING}: {shown}` in its settings shows it a blank instead; "
