"""Studies on data that look like CMU-MOSI, and the tables of the paper beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reports.analysis import analyse
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.sections.paper_tables.section import PaperTablesSection
from reports.sections.paper_tables.table import PaperTable
from tests.reports.example_studies import COMPONENTS, FALLBACK, make_records, make_study

METRICS = ("mae", "acc7", "acc2_non0", "f1_non0")
ALL_ON = dict.fromkeys(COMPONENTS, True)


def arm(name: str, model: str, role: str = "model", **changes: object) -> ArmDescription:
    """components and settings as keywords."""
    fields: dict[str, object] = {"components": {}, "settings": {}, **changes}
    return ArmDescription(name, name, role, model, **fields)  # type: ignore[arg-type]


FULL = arm("full", "dmd", "baseline", components=ALL_ON)


def study_of(*arms: ArmDescription, data: Mapping[str, object] | None = None, **changes: object) -> StudyDescription:
    study = make_study(("full",), contrasts=())
    arms = (FULL, *arms)
    planned = [PlannedCell(one.name, seed, 0, fold) for one in arms for seed in (1, 2, 3) for fold in range(5)]
    known = {"name": "mosi_toy", "aligned": False, "text": "glove"} | dict(data or {})
    fields: dict[str, object] = {
        "arms": arms,
        "metrics": METRICS,
        "planned": tuple(planned),
        "methods": ("dmd", "mult", "ridge", "misa"),
        **changes,
    }
    return replace(study, data=known, **fields)  # type: ignore[arg-type]


def with_accuracies(records: Sequence[RunRecord], acc2: Mapping[str, float]) -> list[RunRecord]:
    """Records whose ``acc2_non0`` is the arm's, give or take the noise of their MAE."""
    made = []
    for record in records:
        test = None
        if record.test is not None:
            noise = record.test["mae"] - 0.9
            test = {**record.test, "acc2_non0": acc2.get(record.arm, 0.8) + noise}
        fallback = None if record.fallback_test is None else {**FALLBACK, "acc2_non0": 0.55}
        made.append(replace(record, test=test, fallback_test=fallback))
    return made


def tables_of(study: StudyDescription, acc2: Mapping[str, float] | None = None) -> dict[int, PaperTable]:
    records = with_accuracies(make_records(study, lambda name: 0.9), acc2 or {})
    return {table.number: table for table in analyse(study, records).section(PaperTablesSection).tables}


def row_of(table: PaperTable, *names: str) -> tuple[str, list[float | None], list[float | None], str]:
    """(arms, printed, measured, gap) of the row that begins with ``names``."""
    (row,) = [row for row in table.rows if row.names[: len(names)] == names]
    (entry,) = row.entries
    printed = [None if cell.printed is None else cell.printed.value for cell in entry.cells]
    measured = [None if cell.measured is None else cell.measured.value for cell in entry.cells]
    return "+".join(entry.arms), printed, measured, entry.gap


def unimodal(modality: str, fd: bool) -> ArmDescription:
    return arm(f"{modality}-{fd}", "unimodal", settings={"modality": modality, "fd": fd})
