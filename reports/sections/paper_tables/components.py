"""Table 3: which components of DMD are on."""

from __future__ import annotations

from collections.abc import Mapping

from reports.records.study_description import StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.labels import switches_of_table_3
from reports.sections.paper_tables.published import (
    ablated_components,
    ablated_method,
    ablation_rows,
    is_published_data,
    nearest_dataset,
)
from reports.sections.paper_tables.table import PaperColumn, PaperRow, PaperTable

METRICS = ("acc7", "f1_non0")
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("F1"))


def components_table(study: StudyDescription, estimator: Estimator) -> PaperTable | None:
    """Table 3; None where no ablation of the study is one of the components of its method."""
    dataset = nearest_dataset(study.data_origin)
    candidates = [arm for arm in study.arms if arm.role in ("baseline", "ablation")]
    ablations = [(arm, on) for arm in candidates if (on := switches_of_table_3(study, arm)) is not None]
    if not any(arm.role == "ablation" for arm, _ in ablations):
        return None
    plain = {_on(switches): arm for arm, switches in reversed(ablations) if arm in study.family}
    printed = [row for row in ablation_rows() if row.dataset == dataset]
    rows = []
    for row in printed:
        arm = plain.pop(_on(row.components), None)
        label = f"row {row.row}"
        if arm is None:
            entry = gap_entry("no arm of this study switches these components", METRICS, row.metrics)
        else:
            entry = measured_entry(estimator, arm.name, METRICS, row.metrics)
        rows.append(PaperRow((str(row.row), *_ticks(row.components)), label, (entry,)))
    placed = {arm for row in rows for entry in row.entries for arm in entry.arms}
    others = [(arm, switches) for arm, switches in ablations if arm.name not in placed]
    rows += [
        PaperRow((arm.label, *_ticks(switches)), arm.label, (measured_entry(estimator, arm.name, METRICS, {}),))
        for arm, switches in others
    ]
    method = ablated_method()
    notes = [
        f"Printed for unaligned data and GloVe text (inferred: the full rows equal the unaligned rows of {method})."
    ]
    if others:
        notes.append("The rows after the printed ones are this study's alone.")
    return PaperTable(
        number=3,
        title=f"Ablation study of the key components in {method}",
        dataset=dataset,
        is_same_data=is_published_data(study.data_origin, dataset),
        name_headings=("Row", *ablated_components()),
        groups=(_COLUMNS,),
        rows=tuple(rows),
        blocks=(len(printed),) if others else (),
        notes=tuple(notes),
    )


def _on(components: Mapping[str, bool]) -> frozenset[str]:
    return frozenset(name for name, on in components.items() if on)


def _ticks(components: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple("✓" if components[heading] else "×" for heading in ablated_components())  # noqa: RUF001
