"""Small studies with known effects, built record by record: what the tests of reports read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from reports.records.declared import DeclaredComponent, DeclaredMethod
from reports.records.run_record import EpochPoint, Predictions, RunRecord
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from reports.report import Report
from reports.sections.ablation.section import ContrastsSection
from reports.sections.ablation.values import ContrastTable
from reports.sections.warnings.section import WarningsSection

COMPONENTS = ("fd", "homo_gd", "ca", "hetero_gd")
METRICS = ("mae", "acc7", "f1_non0", "corr")
FALLBACK = {"mae": 1.4, "acc7": 0.15, "f1_non0": 0.4, "corr": 0.0}

TABLE3 = {
    "full": (True, True, True, True),
    "no_hetero_gd": (True, True, True, False),
    "no_ca": (True, True, False, True),
    "no_ca_hetero_gd": (True, True, False, False),
    "fd_only": (True, False, False, False),
    "plain": (False, False, False, False),
}

DECLARED = {
    "dmd": DeclaredMethod(
        "DMD",
        components=tuple(map(DeclaredComponent, COMPONENTS, ("FD", "HomoGD", "CA", "HeteroGD"))),
        kept_heads="keep_aux_heads",
        rows=tuple(tuple(name for name, on in zip(COMPONENTS, row, strict=True) if on) for row in TABLE3.values()),
        source="Table 3 of the DMD paper",
    ),
    "mult": DeclaredMethod("MulT", components=(DeclaredComponent("gd", "GD", is_default=False),)),
    "unimodal": DeclaredMethod("unimodal", components=(DeclaredComponent("fd", "FD", is_default=False),)),
}

EDGES = (
    Contrast("full", "no_hetero_gd", "HeteroGD given CA"),
    Contrast("full", "no_ca", "CA given HeteroGD"),
    Contrast("no_hetero_gd", "no_ca_hetero_gd", "CA without HeteroGD"),
    Contrast("no_ca", "no_ca_hetero_gd", "HeteroGD without CA"),
    Contrast("no_ca_hetero_gd", "fd_only", "HomoGD"),
    Contrast("fd_only", "plain", "FD"),
)


KEEP_AUX_HEADS = {
    "no_hetero_gd_heads": (True, True, True, False),
    "no_homo_gd_heads": (True, False, True, True),
}
"""Arms that keep the heads of what they switch off."""

BESIDE = (
    Contrast("full", "no_hetero_gd_heads", "HeteroGD's distillation", in_family=False),
    Contrast("full", "no_homo_gd_heads", "HomoGD's distillation", in_family=False),
)


def make_arms(names: Sequence[str]) -> tuple[ArmDescription, ...]:
    arms = []
    for name in names:
        if name in TABLE3:
            role = "baseline" if name == "full" else "ablation"
            arms.append(ArmDescription(name, name, role, "dmd", dict(zip(COMPONENTS, TABLE3[name], strict=True))))
        elif name in KEEP_AUX_HEADS:
            components = dict(zip(COMPONENTS, KEEP_AUX_HEADS[name], strict=True))
            settings = {"keep_aux_heads": True, **components}
            arms.append(ArmDescription(name, name, "ablation", "dmd", components, settings=settings))
        elif name == "control":
            components = dict.fromkeys(COMPONENTS, True)
            arms.append(ArmDescription(name, "full (other seeds)", "control", "dmd", components))
        else:
            arms.append(ArmDescription(name, name, "model", name, {}))
    return tuple(arms)


def make_study(
    arms: Sequence[str] = ("full", "no_ca"),
    contrasts: Sequence[Contrast] | None = None,
    seeds: Sequence[int] = (1, 2, 3),
    folds: Sequence[int | None] = (0, 1, 2, 3, 4),
    scope: str = "baseline",
) -> StudyDescription:
    """A study of ``arms`` on ``folds``; a control runs under seeds of its own (plus 100)."""
    declared = [edge for edge in EDGES if edge.first in arms and edge.second in arms]
    planned = [
        PlannedCell(arm, seed + (100 if arm == "control" else 0), 0, fold)
        for arm in arms
        for seed in seeds
        for fold in folds
    ]
    return StudyDescription(
        study="toy",
        arms=make_arms(arms),
        baseline="full",
        contrasts=tuple(declared if contrasts is None else contrasts),
        primary="mae",
        metrics=METRICS,
        planned=tuple(planned),
        search={
            "scope": scope,
            "searcher": "tpe",
            "objective": "valid/mae",
            "trials": 2,
            "parameters": {"gamma": "log"},
        },
        confirm={"seeds": list(seeds), "top": 1},
        data={"name": "mosi_toy", "num_items": 500, "num_groups": 50, "protocol": "Five folds by video."},
        provenance={"command_line": ["dmd-search", "--space", "toy"], "versions": {"torch": "2.13.0", "numpy": "2"}},
        fixed={"max_epochs": 3},
        declared=DECLARED,
    )


def make_record(arm: str, seed: int, fold: int | None, mae: float, **changes: object) -> RunRecord:
    """A completed confirm trial with test MAE ``mae``; the other metrics follow from it."""
    test = {"mae": mae, "acc7": 0.8 - mae / 2, "f1_non0": 1.2 - mae / 2, "corr": 1 - mae / 2}
    fields: dict[str, object] = {
        "study": "toy",
        "trial_id": f"{arm}-confirm-{seed}-{fold}",
        "configuration_id": f"c{fold}",
        "arm": arm,
        "model": "dmd",
        "stage": "confirm",
        "status": "completed",
        "seed": seed,
        "repeat": 0,
        "fold": fold,
        "parameters": {"gamma": 0.1 * ((fold or 0) + 1)},
        "settings": {"gamma": 0.1 * ((fold or 0) + 1), "ca": arm != "no_ca"},
        "valid": {"mae": mae + 0.01},
        "test": test,
        "fallback_test": FALLBACK,
        "best_epoch": 2,
        "num_epochs": 3,
        "num_parameters": 1000,
        "num_train": 300,
        "num_valid": 100,
        "num_test": 100,
        "duration_s": 2.5,
        "device": "cpu",
        "epochs": (EpochPoint(1, {"valid/mae": mae + 0.2}),),
    }
    return RunRecord(**{**fields, **changes})  # type: ignore[arg-type]


def make_search_record(arm: str, fold: int | None, number: int, mae: float, **changes: object) -> RunRecord:
    """A search trial; trial 0 is the one whose configuration was confirmed."""
    return make_record(
        arm,
        0,
        fold,
        mae,
        **{
            "trial_id": f"{arm}-search-{fold}-{number}",
            "stage": "search",
            "test": None,
            "fallback_test": None,
            "parameters": {"gamma": 0.1 * ((fold or 0) + 1) + number},
            "number": number,
            **changes,
        },
    )


def failed(record: RunRecord, error: str = "training loss became non-finite in epoch 2") -> RunRecord:
    """The same trial, diverged."""
    return replace(record, status="failed", test=None, valid={}, error=error, best_epoch=None, predictions=None)


def make_records(
    study: StudyDescription,
    mean_of: Callable[[str], float],
    run_spread: float = 0.01,
    fold_spread: float = 0.03,
    seed: int = 0,
) -> list[RunRecord]:
    """A record for every planned trial: the arm's mean, a shared effect per fold, run noise; plus the search trials."""
    random = np.random.default_rng(seed)
    cells = sorted({(p.repeat, p.fold) for p in study.planned}, key=str)
    shared = {cell: fold_spread * random.standard_normal() for cell in cells}
    records = []
    for planned in study.planned:
        noise = run_spread * random.standard_normal()
        mae = mean_of(planned.arm) + shared[planned.repeat, planned.fold] + noise
        records.append(make_record(planned.arm, planned.seed, planned.fold, float(mae)))
    for _, fold in cells:
        records += [make_search_record(study.baseline, fold, number, 0.9 + 0.1 * number) for number in range(2)]
    return records


def make_predictions(num_groups: int, per_group: int, shift: float, seed: int) -> Predictions:
    """Predictions that are ``shift`` above the labels, give or take a group's own offset and an item's noise."""
    random = np.random.default_rng(seed)
    groups = tuple(f"video{g}" for g in range(num_groups) for _ in range(per_group))
    labels = np.clip(np.random.default_rng(7).normal(0, 1.5, num_groups * per_group), -3, 3).astype(np.float32)
    offsets = np.repeat(random.normal(0, 0.2, num_groups), per_group)
    values = (labels + shift + offsets + random.normal(0, 0.3, labels.size)).astype(np.float32)
    ids = tuple(f"{group}$_${place}" for place, group in enumerate(groups))
    return Predictions(ids, groups, labels, values)


def contrasts_of(report: Report) -> ContrastTable:
    """The declared contrasts of a report, and the comparisons beside them."""
    return report.section(ContrastsSection).table


def warnings_of(report: Report) -> tuple[str, ...]:
    """What a report warns of."""
    return report.section(WarningsSection).warnings
