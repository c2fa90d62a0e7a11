"""The study description for the report: what was planned, on which data, with which software."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.groups import ITEMS
from dmd.data.formats.load import find_data
from dmd.data.formats.planted_spec import PLANTED
from dmd.data.formats.planted_words import describe_planted
from dmd.metrics.sentiment import clip_limit
from orchestration.node_setup.fingerprint import Fingerprint
from orchestration.planning.arm_difference import describe_arm
from orchestration.planning.declared_methods import declare_methods
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.search_description import describe_search
from orchestration.process.redaction import one_line
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from reports.sections.model_inside.why_none import KEEPS_DETAILS
from search_spaces.design.arms import list_combinations
from search_spaces.design.settings import full_settings
from search_spaces.terms.trial import Arm, Value

_LONGEST_NAME = 60
PACKAGES = ("torch", "ray", "optuna", "mlflow", "numpy", "scipy")


def describe_study(
    planned: PlannedStudy, dataset: Dataset, fingerprint: Fingerprint, command: str, started: str
) -> StudyDescription:
    """Everything a report needs besides the records.

    Args:
        planned: the study.
        dataset: its data.
        fingerprint: of the software that decides numbers.
        command: as the user typed it.
        started: date and time in ISO 8601, UTC.
    """
    space = planned.space
    primary = space.primary_metric
    names = planned.scoring.names
    return StudyDescription(
        study=space.study,
        arms=tuple(_arm_description(arm, planned) for arm in planned.arms),
        baseline=planned.baseline.name,
        contrasts=tuple(Contrast(pair.first, pair.second, pair.isolates, pair.in_family) for pair in planned.contrasts),
        primary=primary,
        metrics=(primary, *(name for name in names if name != primary)),
        planned=tuple(_planned_cells(planned)),
        search=describe_search(planned),
        confirm=_describe_confirm(planned),
        data=_describe_data(planned, dataset),
        provenance={
            "command_line": command,
            "started": started,
            **_describe_software(planned, fingerprint),
        },
        fixed={"model": space.model.name, **planned.baseline.settings},
        description=one_line(space.description or ""),
        methods=tuple(planned.catalogue.methods),
        combinations=list_combinations(space, planned.catalogue),
        declared=declare_methods(planned.catalogue.methods),
    )


def _arm_description(arm: Arm, planned: PlannedStudy) -> ArmDescription:
    return ArmDescription(
        name=arm.name,
        label=arm.label,
        role=arm.role,
        model=arm.model,
        components=dict(arm.components),
        facts=describe_arm(arm, planned),
        settings=_settings_of(arm, planned),
        overrides=_overrides_of(arm, planned),
    )


def _describe_software(planned: PlannedStudy, fingerprint: Fingerprint) -> dict[str, Any]:
    """What ran the study, and on which machine."""
    return {
        "versions": {name: version(name) for name in ("dmd-search", *PACKAGES)},
        "hardware": describe_hardware(),
        **fingerprint.as_dict(),
        **({"plugins": planned.plugin_methods} if planned.plugin_methods else {}),
    }


def _describe_confirm(planned: PlannedStudy) -> dict[str, Any]:
    confirm = planned.space.confirm
    content: dict[str, Any] = {"seeds": list(planned.seeds), "top": confirm.top, KEEPS_DETAILS: confirm.details}
    if confirm.race is not None:
        content["racing"] = {"looks": list(confirm.race.looks), "smallest_effect": confirm.smallest_effect}
    if planned.runner.missing:
        content["missing"] = list(planned.runner.missing)
    return content


def _settings_of(arm: Arm, planned: PlannedStudy) -> dict[str, Value]:
    if arm.is_external:
        return planned.external[arm.name].settings
    return full_settings(planned.catalogue.methods[arm.model], arm.settings)


def _overrides_of(arm: Arm, planned: PlannedStudy) -> dict[str, Value]:
    """What the study's file has otherwise than the preset that the arm names, or than the method's defaults."""
    if arm.is_external:
        return {}
    method, settings = planned.catalogue.methods[arm.model], _settings_of(arm, planned)
    preset = full_settings(method, method.presets.get(str(settings.get("preset")), {}))
    return {n: value for n, value in settings.items() if n != "preset" and value != preset.get(n)}


def _planned_cells(planned: PlannedStudy) -> Iterator[PlannedCell]:
    for arm in planned.arms:
        seeds = planned.certain_seeds
        if arm.is_external:
            seeds = planned.external[arm.name].seeds
        for cell in planned.cells:
            for seed in seeds:
                yield PlannedCell(arm.name, seed + arm.seed_offset, cell.repeat, cell.fold)


def _describe_data(planned: PlannedStudy, dataset: Dataset) -> dict[str, Any]:
    target = dataset.target
    limit = clip_limit(target.scale) if target.is_numeric else None
    folds, groups_are = planned.runner.folds, dataset.grouping.noun
    overlap = dataset.overlap(folds.any)
    repeats = f"{folds.repeats} repeat{'s' if folds.repeats > 1 else ''}"
    kinds = {
        "official": "The file's own train, valid and test parts.",
        "file": f"The file's own {len(planned.cells)} folds",
        "group": f"{folds.k} folds over {groups_are}, {repeats}, seed {folds.seed}",
    }
    rotation = "; fold f is tested, f+1 validates, the rest train"
    rotation += "." if groups_are == ITEMS else f"; {groups_are} never cross folds."
    return {
        "name": _name_data(planned, dataset),
        "path": planned.runner.data,
        "content_hash": dataset.content_hash,
        "protocol": kinds[folds.kind] + (rotation if folds.kind != "official" else ""),
        "num_items": len(dataset),
        "num_groups": len(set(dataset.groups)),
        "groups_are": groups_are,
        **({"label_scale": list(astuple(target.scale))} if target.is_numeric else {}),
        **({} if target.kind == "regression" else {"target": {"kind": target.kind, "names": list(target.names)}}),
        **({} if limit is None else {"clip_limit": limit}),
        "cautions": list(planned.cautions),
        "planted": list(describe_planted(planned.runner.data)) if _is_planted(planned) else [],
        "tested_groups_seen": [overlap.num_tested_seen, overlap.num_tested],
        "non_finite": {modality: dataset.non_finite[modality] for modality in dataset.modalities},
        "official_split": folds.kind == "official",
        "aligned": _is_aligned(dataset),
        "modalities": list(dataset.modalities),
        "text": _describe_text(dataset),
    }


def _is_planted(planned: PlannedStudy) -> bool:
    return find_data(planned.runner.data, planned.runner.data_dir) is None


def _name_data(planned: PlannedStudy, dataset: Dataset) -> str:
    """The name that tables and captions print; planted data with many settings are called shorter there."""
    return PLANTED if _is_planted(planned) and len(dataset.name) > _LONGEST_NAME else dataset.name


# The paper's two kinds of language features, told apart by their width as every reader of these files does.
_TEXT_BY_WIDTH = {300: "glove", 768: "bert"}


def _describe_text(dataset: Dataset) -> str:
    if "language" not in dataset.modalities:
        return "none"
    width = dataset.widths["language"]
    return _TEXT_BY_WIDTH.get(width, f"{width}-d")


def _is_aligned(dataset: Dataset) -> bool:
    """Whether the modalities of every item have equally many real steps."""
    first, *others = (dataset.lengths[modality] for modality in dataset.modalities)
    return all(np.array_equal(first, other) for other in others)


def describe_hardware() -> Mapping[str, Any]:
    """The machine, as far as it tells."""
    facts: dict[str, Any] = {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        facts["cpu"] = models[0] if models else "unknown"
    if torch.cuda.is_available():
        facts["gpus"] = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return facts
