"""Tables 1 (CMU-MOSI) and 2 (CMU-MOSEI): methods by setting."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.record import ArmDescription, StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.labels import is_method, label_key
from reports.sections.paper_tables.published import (
    METRIC_KEYS,
    MethodRow,
    Setting,
    is_published_data,
    method_rows,
    nearest_dataset,
    unimodal_sources,
)
from reports.sections.paper_tables.table import PaperColumn, PaperEntry, PaperRow, PaperTable

METRICS = tuple(METRIC_KEYS)
_NUMBERS = {"CMU-MOSI": 1, "CMU-MOSEI": 2}
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))
_THIS_STUDY = "this study"
_ALL_MODALITIES = "language+audio+vision"


def methods_table(study: StudyDescription, estimator: Estimator) -> PaperTable | None:
    """Table 1 or 2, by the study's data; None where no arm besides the baseline is a method of it."""
    dataset = nearest_dataset(study.data_origin)
    printed = [row for row in method_rows() if row.dataset == dataset]
    published = _published_methods(study)
    others = [arm for arm in published if arm.role == "model"]
    if not any(is_method(study, arm, row.method) for arm in others for row in printed):
        return None
    rows = [_row(row, study, estimator, published) for row in printed]
    blocks = [place for place in range(1, len(printed)) if printed[place].setting != printed[place - 1].setting]
    placed = {arm for row in rows for entry in row.entries for arm in entry.arms}
    own = [arm for arm in study.arms if arm.name not in placed and _is_whole(study, arm)]
    if own:
        blocks.append(len(rows))
    for arm in own:
        rows.append(PaperRow((arm.label, _THIS_STUDY), arm.label, (measured_entry(estimator, arm.name, METRICS, {}),)))
    return PaperTable(
        number=_NUMBERS[dataset],
        title=f"Comparison on {dataset}",
        dataset=dataset,
        is_same_data=is_published_data(study.data_origin, dataset),
        name_headings=("Methods", "Setting"),
        groups=(_COLUMNS,),
        rows=tuple(rows),
        blocks=tuple(blocks),
        notes=_notes(study),
    )


def setting_of(study: StudyDescription, arm: ArmDescription) -> Setting | None:
    """The paper's setting that an arm is nearest to; None if the study's data do not say whether they are aligned.

    Text features that are neither GloVe nor BERT count with the rows without asterisk.
    """
    aligned = study.data.get("aligned")
    if aligned is None:
        return None
    reads_bert = study.data.get("text") == "bert" or arm.settings.get("text") == "bert_ids"
    return Setting("aligned" if aligned else "unaligned", "bert" if reads_bert else "glove")


def _notes(study: StudyDescription) -> tuple[str, ...]:
    notes = ["An asterisk marks language features from BERT; the other rows of the paper use GloVe."]
    aligned = study.data.get("aligned")
    if aligned is None:
        notes.append("Whether this study's data are aligned was not recorded: measured numbers have rows of their own.")
    else:
        text = {"bert": "BERT text features", "glove": "GloVe text features"}.get(
            str(study.data.get("text")), f"{study.data.get('text') or 'unknown'} text features (neither GloVe nor BERT)"
        )
        notes.append(
            f"This study: {'aligned' if aligned else 'unaligned'}, {text}; a measured number stands at the printed row "
            "of that alignment, or in a row of its own where the paper has none."
        )
    return tuple(notes)


def _published_methods(study: StudyDescription) -> tuple[ArmDescription, ...]:
    """The arms that are a method as published: with the components that its authors have, and every modality."""
    return tuple(
        arm
        for arm in study.arms
        if arm.role in ("baseline", "model")
        and not arm.varying
        and study.method(arm.model).has_defaults(arm.components)
        and str(arm.settings.get("modalities", _ALL_MODALITIES)).count("+") == _ALL_MODALITIES.count("+")
    )


def _is_whole(study: StudyDescription, arm: ArmDescription) -> bool:
    """Whether an arm is a whole method, of all modalities and with every component that its authors have."""
    default = {component.name for component in study.method(arm.model).components if component.is_default}
    lost = default & {*arm.varying, *(name for name, on in arm.components.items() if not on)}
    return arm.role in ("baseline", "model") and not lost and not is_method(study, arm, unimodal_sources().alone)


def _row(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperRow:
    label = row.method + ("*" if row.setting.text == "bert" else "")
    return PaperRow((label, row.setting.alignment), label, (_entry(row, study, estimator, published),))


def _entry(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperEntry:
    arms = [arm for arm in published if is_method(study, arm, row.method)]
    if not arms:
        return gap_entry(_why_no_arm(row.method, study), METRICS, row.metrics)
    arm = next((arm for arm in arms if setting_of(study, arm) == row.setting), None)
    if arm is None:
        return gap_entry("another setting than this study's", METRICS, row.metrics)
    return measured_entry(estimator, arm.name, METRICS, row.metrics)


def _why_no_arm(method: str, study: StudyDescription) -> str:
    if not study.methods:
        return "no arm of this study"
    known = {label_key(study.method(name).label): name for name in study.methods}
    if label_key(method) in known:
        return f"no arm of this study (arms.models: [{known[label_key(method)]}] would make it one)"
    return "no arm of this study, and not implemented here"
