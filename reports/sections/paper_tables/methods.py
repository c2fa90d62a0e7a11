"""Tables 1 (CMU-MOSI) and 2 (CMU-MOSEI): methods by setting."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.study_description import ArmDescription, StudyDescription
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
)
from reports.sections.paper_tables.table import PaperColumn, PaperEntry, PaperRow, PaperTable
from reports.text.listing import list_names

METRICS = tuple(METRIC_KEYS)
_NUMBERS = {"CMU-MOSI": 1, "CMU-MOSEI": 2}
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))
_THIS_STUDY = "this study"
_ALL_MODALITIES = "language+audio+vision"
_METHODS = ("baseline", "model")
"""Roles of the arms that have a row: an ablation, a subset of modalities and a control are arms of the baseline."""
_STYLE = "style"
"""Ends the label of a method that is made after the description of another one, of which there is no code."""


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
    own = [arm for arm in study.arms if arm.name not in placed and arm.role in _METHODS]
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
    others = [arm.label for arm in study.arms if arm.role not in _METHODS]
    if others:
        notes.append(
            f"Every method of this study has a row; arms of the baseline have none here: {list_names(others, 'arms')}."
        )
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
        if arm.role in _METHODS
        and not arm.varying
        and study.method(arm.model).has_defaults(arm.components)
        and str(arm.settings.get("modalities", _ALL_MODALITIES)).count("+") == _ALL_MODALITIES.count("+")
    )


def _row(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperRow:
    label = row.method + ("*" if row.setting.text == "bert" else "")
    return PaperRow((label, row.setting.alignment), label, (_entry(row, study, estimator, published),))


def _entry(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperEntry:
    arms = [arm for arm in published if is_method(study, arm, row.method)]
    arm = next((arm for arm in arms if setting_of(study, arm) == row.setting), None)
    if arm is not None:
        return measured_entry(estimator, arm.name, METRICS, row.metrics)
    why = _why_another_setting(row.setting, study, has_arm=bool(arms)) or _why_no_arm(row.method, study)
    return gap_entry(why, METRICS, row.metrics)


def _why_another_setting(setting: Setting, study: StudyDescription, has_arm: bool) -> str:
    """Why no arm of this study can stand at a row of this setting; empty if one could.

    has_arm: whether the study has an arm of the row's method, in whatever setting.
    """
    aligned, text = study.data.get("aligned"), study.data.get("text")
    if aligned is None:
        return "another setting than this study's" if has_arm else ""
    own = "aligned" if aligned else "unaligned"
    if setting.alignment != own:
        return f"printed for {setting.alignment} data, this study's are {own}"
    if setting.text == "bert" and text != "bert":
        return "printed for language features from BERT, which no arm of the method reads here"
    if setting.text != "bert" and text == "bert":
        return "printed for language features from GloVe, this study's are from BERT"
    return ""


def _why_no_arm(method: str, study: StudyDescription) -> str:
    if not study.methods:
        return "no arm of this study"
    known = {label_key(study.method(name).label): name for name in study.methods}
    if name := known.get(label_key(method)):
        return f"no arm of this study (arms.models: [{name}] would make it one)"
    if name := known.get(label_key(method) + _STYLE):
        if any(arm.model == name for arm in study.arms):
            return "not implemented as published; its -style arm, after its description, has a row of its own"
        return f"not implemented as published (arms.models: [{name}] adds a row of its own, after its description)"
    return "no arm of this study, and not implemented here"
