"""Table 5: graph distillation added to MulT."""

from __future__ import annotations

from reports.records.record import ArmDescription, StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.published import (
    METRIC_KEYS,
    graph_distillation_rows,
    is_published_data,
    nearest_dataset,
)
from reports.sections.paper_tables.table import PaperColumn, PaperRow, PaperTable

METRICS = tuple(METRIC_KEYS)
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))
MULT, MULT_GD, DMD = "MulT", "MulT (w/ GD)", "DMD"


def graph_distillation_table(study: StudyDescription, estimator: Estimator) -> PaperTable | None:
    """Table 5; None where no arm besides the baseline is MulT."""
    arms = {MULT: _find_mult(study, False), MULT_GD: _find_mult(study, True), DMD: _find_dmd(study)}
    found = [arm for arm in (arms[MULT], arms[MULT_GD]) if arm is not None]
    if not any(arm.name != study.baseline for arm in found):
        return None
    dataset = nearest_dataset(study.data_name)
    rows = []
    for row in graph_distillation_rows():
        if row.dataset != dataset:
            continue
        arm = arms[row.method]
        if arm is None:
            entry = gap_entry("no arm of this study", METRICS, row.metrics)
        else:
            entry = measured_entry(estimator, arm.name, METRICS, row.metrics)
        rows.append(PaperRow((row.method,), row.method, (entry,)))
    return PaperTable(
        number=5,
        title="Ablation study of graph distillation (GD) on MulT",
        dataset=dataset,
        is_same_data=is_published_data(study.data_name, dataset),
        name_headings=("Methods",),
        groups=(_COLUMNS,),
        rows=tuple(rows),
        notes=(
            "Printed for unaligned data and GloVe text (inferred). Of the MulT row only one cell can be read; numbers "
            "in brackets are those of MulT in Tables 1 and 2.",
        ),
    )


def _find_mult(study: StudyDescription, has_gd: bool) -> ArmDescription | None:
    return next(
        (
            arm
            for arm in study.arms
            if arm.model == "mult"
            and arm.role in ("baseline", "ablation", "model")
            and not arm.varying
            and arm.components.get("gd", False) is has_gd
        ),
        None,
    )


def _find_dmd(study: StudyDescription) -> ArmDescription | None:
    return next(
        (
            arm
            for arm in study.arms
            if arm.model == "dmd"
            and arm.role in ("baseline", "model")
            and not arm.varying
            and all(arm.components.values())
        ),
        None,
    )
