"""Table 5: graph distillation added to MulT."""

from __future__ import annotations

from reports.records.study_description import ArmDescription, StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.labels import find_component, is_method
from reports.sections.paper_tables.published import (
    METRIC_KEYS,
    GraphDistillationRow,
    graph_distillation_rows,
    is_published_data,
    nearest_dataset,
)
from reports.sections.paper_tables.table import PaperColumn, PaperRow, PaperTable

METRICS = tuple(METRIC_KEYS)
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))


def graph_distillation_table(study: StudyDescription, estimator: Estimator) -> PaperTable | None:
    """Table 5; None where no arm besides the baseline is of the method that gets the distillation."""
    dataset = nearest_dataset(study.data_origin)
    printed = [(row, _find(study, row)) for row in graph_distillation_rows() if row.dataset == dataset]
    extended = {row.base for row, _ in printed if row.adds is not None}
    if not any(arm.name != study.baseline for row, arm in printed if row.base in extended and arm is not None):
        return None
    rows = []
    for row, arm in printed:
        if arm is None:
            entry = gap_entry("no arm of this study", METRICS, row.metrics)
        else:
            entry = measured_entry(estimator, arm.name, METRICS, row.metrics)
        rows.append(PaperRow((row.method,), row.method, (entry,)))
    return PaperTable(
        number=5,
        title="Ablation study of graph distillation (GD) on MulT",
        dataset=dataset,
        is_same_data=is_published_data(study.data_origin, dataset),
        name_headings=("Methods",),
        groups=(_COLUMNS,),
        rows=tuple(rows),
        notes=(
            "Printed for unaligned data and GloVe text (inferred). Of the MulT row only one cell can be read; numbers "
            "in brackets are those of MulT in Tables 1 and 2.",
        ),
    )


def _find(study: StudyDescription, row: GraphDistillationRow) -> ArmDescription | None:
    return next((arm for arm in study.arms if _is_row(study, arm, row)), None)


def _is_row(study: StudyDescription, arm: ArmDescription, row: GraphDistillationRow) -> bool:
    """Whether an arm is the row's method as published, with the component that the row adds."""
    if arm.varying or arm.role not in ("baseline", "ablation", "model") or not is_method(study, arm, row.base):
        return False
    method, switches = study.method(arm.model), dict(arm.components)
    if row.adds is not None:
        added = find_component(method, row.adds)
        if added is None or not switches.pop(added, False):
            return False
    return method.has_defaults(switches)
