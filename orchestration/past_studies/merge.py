"""Recorded studies that may be merged, as one: their arms and seeds united.

An arm is known by its settings, not by its name. What ran twice counts once if both runs gave the same result, and is
refused if they did not.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.ledger.study_directory import Manifest
from orchestration.past_studies.arm_identity import ROLES, ArmKey, arm_key, role_of
from orchestration.process.errors import UsageError
from reports.records.details import Details
from reports.records.run_record import RunRecord
from reports.records.serialise import record_to_json
from reports.records.study_description import ArmDescription, Contrast, MergedPart, PlannedCell, StudyDescription
from reports.sections.run_log.provenance import command_of
from search_spaces.terms.trial import Arm

if TYPE_CHECKING:
    from search_spaces.design.contrasts import Methods

MOST_SHOWN = 10

RunKey = tuple[str, str, str, int, int, int | None]


def merge_studies(studies: Sequence[RecordedStudy], methods: Methods) -> RecordedStudy:
    """One study out of several that have no merge conflict.

    Args:
        studies: at least one.
        methods: by name, for what their components are called.

    Raises:
        UsageError: a line per run, where the same run gave different results.
    """
    if len(studies) == 1:
        return studies[0]
    arms, names = _unite_arms(studies)
    records = _unite_records(studies, names)
    description = _unite_descriptions(studies, arms, names, methods)

    def read_details(trial_id: str) -> Details | None:
        return next((found for study in studies if (found := study.read_details(trial_id)) is not None), None)

    first = studies[0].manifest
    manifest = Manifest(description, first.space, first.deciding)
    return RecordedStudy(" and ".join(study.origin for study in studies), manifest, records, read_details)


@dataclass(frozen=True)
class _Names:
    """Origin of a study -> its name of an arm -> the name in the merged study."""

    of: Mapping[str, Mapping[str, str]]


def _unite_arms(studies: Sequence[RecordedStudy]) -> tuple[tuple[ArmDescription, ...], _Names]:
    """Every arm once, in the order of roles and then of appearance, under the first name that it has."""
    united: dict[ArmKey, ArmDescription] = {}
    names: dict[str, dict[str, str]] = {}
    for study in studies:
        for arm in study.description.arms:
            known = united.setdefault(arm_key(arm), arm)
            if ROLES.index(role_of(arm)) < ROLES.index(role_of(known)):
                united[arm_key(arm)] = replace(known, role=arm.role, label=arm.label)
            names.setdefault(study.origin, {})[arm.name] = known.name
    ordered = sorted(united.values(), key=lambda arm: ROLES.index(role_of(arm)))
    return tuple(ordered), _Names(names)


def _unite_records(studies: Sequence[RecordedStudy], names: _Names) -> tuple[RunRecord, ...]:
    kept: dict[RunKey, tuple[RunRecord, str]] = {}
    contradictions = []
    for study in studies:
        renamed = names.of.get(study.origin, {})
        for record in study.records:
            record = replace(record, arm=renamed.get(record.arm, record.arm))
            known, origin = kept.setdefault(_run_key(record), (record, study.origin))
            if known is not record and _result(known) != _result(record):
                contradictions.append(_contradiction(known, origin, record, study.origin))
    if contradictions:
        more = len(contradictions) - MOST_SHOWN
        raise UsageError(
            "\n".join(
                [*contradictions[:MOST_SHOWN], *([f"{more} more runs contradict each other"] if more > 0 else [])]
            )
        )
    return tuple(record for record, _ in kept.values())


def _run_key(record: RunRecord) -> RunKey:
    return record.arm, record.stage, record.configuration_id, record.seed, record.repeat, record.fold


def _result(record: RunRecord) -> object:
    """What must not differ between two runs of the same thing: all but where, when and how fast it ran."""
    return record_to_json(
        replace(record, study="", trial_id="", arm="", number=None, attempts=1, duration_s=0.0, epochs=())
    )


def _contradiction(one: RunRecord, origin: str, other: RunRecord, other_origin: str) -> str:
    where = f"arm {one.arm}, {one.stage}, seed {one.seed}"
    where += "" if one.fold is None else f", fold {one.fold}" + (f" of repeat {one.repeat}" if one.repeat else "")
    return (
        f"{where}: {origin} says {_describe_result(one)}, {other_origin} says {_describe_result(other)}; "
        "the same run cannot give both: report one of them, or use --side-by-side"
    )


def _describe_result(record: RunRecord) -> str:
    scores = record.test or record.valid
    name = next(iter(scores), None)
    return record.status if name is None else f"{record.status}, {name} {scores[name]:.6g}"


def _unite_confirm(descriptions: Sequence[StudyDescription]) -> dict[str, Any]:
    """Seeds of all of them; of the conditions with modalities missing those that every study was scored under."""
    first, *others = (dict(description.confirm) for description in descriptions)
    first["seeds"] = sorted({seed for confirm in (first, *others) for seed in confirm.get("seeds", ())})
    missing = [name for name in first.pop("missing", ()) if all(name in other.get("missing", ()) for other in others)]
    return first | ({"missing": missing} if missing else {})


def _unite_descriptions(
    studies: Sequence[RecordedStudy], arms: tuple[ArmDescription, ...], names: _Names, methods: Methods
) -> StudyDescription:
    descriptions = [study.description for study in studies]
    first = descriptions[0]
    planned: dict[PlannedCell, None] = {}
    for study in studies:
        renamed = names.of[study.origin]
        planned.update((replace(cell, arm=renamed[cell.arm]), None) for cell in study.description.planned)
    texts = dict.fromkeys(description.description for description in descriptions if description.description)
    combinations = dict.fromkeys(on for description in descriptions for on in description.combinations)
    return replace(
        first,
        study=" + ".join(dict.fromkeys(description.study for description in descriptions)),
        arms=arms,
        baseline=arms[0].name,
        contrasts=_unite_contrasts(studies, arms, names, methods),
        planned=tuple(planned),
        search=_unite_search(descriptions),
        confirm=_unite_confirm(descriptions),
        provenance=_unite_provenance(studies),
        description=" ".join(texts),
        ended_by="; ".join(dict.fromkeys(d.ended_by for d in descriptions if d.ended_by)),
        wall_s=None,
        estimate={},
        combinations=tuple(combinations),
        extensions=tuple(extension for description in descriptions for extension in description.extensions),
        scored_before=_unite_test_set_uses(descriptions),
        methods=tuple(dict.fromkeys(name for description in descriptions for name in description.methods)),
        declared=dict(ChainMap(*(dict(description.declared) for description in descriptions))),
        parts=tuple(
            MergedPart(
                study.description.study,
                {names.of[study.origin][arm.name]: arm.name for arm in study.description.arms},
                command_of(study.description),
                study.description.space_text,
            )
            for study in studies
        ),
    )


def _unite_contrasts(
    studies: Sequence[RecordedStudy], arms: Sequence[ArmDescription], names: _Names, methods: Methods
) -> tuple[Contrast, ...]:
    """``auto`` over all arms where every study says so (an edge may lie between two sittings); else all declared."""
    if all(study.manifest.space.get("contrasts", "auto") == "auto" for study in studies):
        planned = [
            Arm(
                name=arm.name,
                label=arm.label,
                role=role_of(arm),
                model=arm.model,
                settings=dict(arm.settings),
                components=dict(arm.components),
            )
            for arm in arms
        ]
        designs = {_design_of(study.manifest.space) for study in studies}
        # One study alone has its contrasts, and needs no checks of a space.
        from search_spaces.design.contrasts import auto_contrasts

        pairs = auto_contrasts(planned, methods, design=designs.pop() if len(designs) == 1 else None)
        return tuple(Contrast(pair.first, pair.second, pair.isolates, pair.in_family) for pair in pairs)
    united: dict[frozenset[str], Contrast] = {}
    for study in studies:
        renamed = names.of[study.origin]
        for contrast in study.description.contrasts:
            first, second = renamed[contrast.first], renamed[contrast.second]
            united.setdefault(frozenset((first, second)), replace(contrast, first=first, second=second))
    return tuple(united.values())


def _design_of(space: Mapping[str, Any]) -> str | None:
    ablation = (space.get("arms") or {}).get("ablation") or {}
    return ablation.get("design")


def _unite_test_set_uses(descriptions: Sequence[StudyDescription]) -> dict[str, int]:
    """Configurations that studies outside had scored before the last of these began."""
    inside = {description.study for description in descriptions}
    looks: dict[str, int] = {}
    for description in descriptions:
        for study, number in description.scored_before.items():
            if study not in inside:
                looks[study] = max(number, looks.get(study, 0))
    return looks


def _unite_search(descriptions: Sequence[StudyDescription]) -> dict[str, Any]:
    """Parameters of all arms; everything else is equal."""
    united: dict[str, Any] = {}
    for description in descriptions:
        for name, value in description.search.items():
            united[name] = {**united[name], **value} if isinstance(value, dict) and name in united else value
    return united


def _unite_provenance(studies: Sequence[RecordedStudy]) -> dict[str, Any]:
    """What is the same in all studies once, the rest by study."""
    provenances = {study.origin: study.description.provenance for study in studies}
    united: dict[str, Any] = {}
    for name in dict.fromkeys(name for provenance in provenances.values() for name in provenance):
        values = {origin: provenance.get(name) for origin, provenance in provenances.items()}
        alike = all(value == next(iter(values.values())) for value in values.values())
        united[name] = next(iter(values.values())) if alike else values
    return {name: value for name, value in united.items() if name != "command_line"}
