"""Merge conflicts: why recorded studies may not be merged into one.

Studies that cut one large study into sittings have the same data, folds, software, primary metric, baseline and search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.ledger.study_directory import EXTERNAL_KEY
from orchestration.past_studies.arm_identity import ArmKey, arm_key, describe_difference
from reports.records.study_description import ArmDescription, StudyDescription


def group_mergeable(studies: Sequence[RecordedStudy]) -> list[list[RecordedStudy]]:
    """Studies that may be merged together, in the order given."""
    groups: list[list[RecordedStudy]] = []
    for study in studies:
        fitting = (group for group in groups if not any(any(find_merge_conflicts(member, study)) for member in group))
        group = next(fitting, None)
        if group is None:
            groups.append([study])
        else:
            group.append(study)
    return groups


def find_merge_conflicts(one: RecordedStudy, other: RecordedStudy) -> Iterator[str]:
    """Why two studies cannot be merged, one sentence per reason; none if they can."""
    names = f"{one.origin} and {other.origin}"
    first, second = one.description, other.description
    yield from _differences(names, _deciding(one), _deciding(other))
    if first.primary != second.primary or set(first.metrics) != set(second.metrics):
        yield f"{names}: other metrics ({first.primary} first, and {second.primary} first)"
    if arm_key(_baseline(first)) != arm_key(_baseline(second)):
        yield f"{names}: other baselines ({describe_difference(_baseline(first), _baseline(second))})"
    if one.manifest.space.get("search") != other.manifest.space.get("search"):
        yield f"{names}: configurations were searched in other ways"
    elif one.manifest.space.get("search") and one.manifest.space.get("seed") != other.manifest.space.get("seed"):
        yield f"{names}: searches under other seeds"
    if first.confirm.get("top") != second.confirm.get("top"):
        yield f"{names}: top {first.confirm.get('top')} and {second.confirm.get('top')} configurations were confirmed"
    if first.confirm.get("racing") or second.confirm.get("racing"):
        yield f"{names}: seeds were raced, and a race is decided inside one study"
    yield from _arm_conflicts(names, first, second)
    yield from _configuration_conflicts(names, one, other)


def _differences(names: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{names}: {name} {_short(one.get(name))} and {_short(other.get(name))}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 16 else f"{text[:12]}..."


def _deciding(study: RecordedStudy) -> dict[str, Any]:
    """What decides numbers besides arms and seeds; predictions of other code are compared arm by arm."""
    return {name: value for name, value in study.manifest.deciding.items() if not name.startswith(EXTERNAL_KEY)}


def _baseline(study: StudyDescription) -> ArmDescription:
    return next(arm for arm in study.arms if arm.name == study.baseline)


def _arm_conflicts(names: str, first: StudyDescription, second: StudyDescription) -> Iterator[str]:
    known = {arm.name: arm for arm in first.arms}
    for arm in second.arms:
        if arm.name in known and arm_key(known[arm.name]) != arm_key(arm):
            yield f"{names}: arm {arm.name!r} is not the same ({describe_difference(known[arm.name], arm)})"


def _configuration_conflicts(names: str, one: RecordedStudy, other: RecordedStudy) -> Iterator[str]:
    """An arm that two searches led to different configurations would choose among more of them than the others."""
    confirmed, again = _confirmed(one), _confirmed(other)
    for key in confirmed.keys() & again.keys():
        if confirmed[key] != again[key]:
            arms = {arm_key(arm): arm.name for arm in one.description.arms}
            yield f"{names}: searches confirmed other configurations of arm {arms[key[0]]!r} on the same fold"
            return


def _confirmed(study: RecordedStudy) -> dict[tuple[ArmKey, int, int | None], frozenset[str]]:
    keys = {arm.name: arm_key(arm) for arm in study.description.arms}
    found: dict[tuple[ArmKey, int, int | None], frozenset[str]] = {}
    for record in study.records:
        if record.stage == "confirm" and record.arm in keys:
            key = keys[record.arm], record.repeat, record.fold
            found[key] = found.get(key, frozenset()) | {record.configuration_id}
    return found
