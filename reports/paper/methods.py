"""Tables 1 (CMU-MOSI) and 2 (CMU-MOSEI): methods by setting."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reports.paper.entries import gap_entry, measured_entry
from reports.paper.tables import PaperColumn, PaperEntry, PaperRow, PaperTable
from reports.published import METRIC_KEYS, MethodRow, Setting, is_published_data, method_rows, nearest_dataset
from reports.questions import Questions
from reports.record import ArmDescription, StudyDescription

METRICS = tuple(METRIC_KEYS)
_NUMBERS = {"CMU-MOSI": 1, "CMU-MOSEI": 2}
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))
_THIS_STUDY = "this study"


def methods_table(study: StudyDescription, questions: Questions) -> PaperTable | None:
    """Table 1 or 2, by the study's data; None where no arm besides the baseline is a method of it."""
    dataset = nearest_dataset(study.data_name)
    printed = [row for row in method_rows() if row.dataset == dataset]
    by_method = _arms_by_method(study)
    known = {_key(row.method) for row in printed}
    if not any(arm.role == "model" for key, arm in by_method.items() if key in known):
        return None
    setting = study_setting(study)
    rows = [_row(row, study, questions, by_method.get(_key(row.method)), setting) for row in printed]
    blocks = [place for place in range(1, len(printed)) if _block(printed[place]) != _block(printed[place - 1])]
    placed = {arm for row in rows for entry in row.entries for arm in entry.arms}
    own = [arm for arm in study.arms if arm.name not in placed and _is_method(arm)]
    if own:
        blocks.append(len(rows))
    for arm in own:
        rows.append(PaperRow((arm.label, _THIS_STUDY), arm.label, (measured_entry(questions, arm.name, METRICS, {}),)))
    return PaperTable(
        number=_NUMBERS[dataset],
        title=f"Comparison on {dataset}",
        dataset=dataset,
        is_same_data=is_published_data(study.data_name, dataset),
        name_headings=("Methods", "Setting"),
        groups=(_COLUMNS,),
        rows=tuple(rows),
        blocks=tuple(blocks),
        notes=_notes(study, setting),
    )


def study_setting(study: StudyDescription) -> Setting | None:
    """The paper's setting that the study's data are nearest to; None if its data do not say.

    Text features that are neither GloVe nor BERT count with the rows without asterisk.
    """
    aligned = study.data.get("aligned")
    if aligned is None:
        return None
    return Setting("aligned" if aligned else "unaligned", "bert" if study.data.get("text") == "bert" else "glove")


def _notes(study: StudyDescription, setting: Setting | None) -> tuple[str, ...]:
    notes = ["An asterisk marks language features from BERT; the other rows of the paper use GloVe."]
    if setting is None:
        notes.append("Whether this study's data are aligned was not recorded: measured numbers have rows of their own.")
    else:
        text = {"bert": "BERT text features", "glove": "GloVe text features"}.get(
            str(study.data.get("text")), f"{study.data.get('text') or 'unknown'} text features (neither GloVe nor BERT)"
        )
        notes.append(
            f"This study: {setting.alignment}, {text}; a measured number stands at the printed row of that alignment, "
            "or in a row of its own where the paper has none."
        )
    return tuple(notes)


def _arms_by_method(study: StudyDescription) -> dict[str, ArmDescription]:
    """Method -> the first arm that is it as published: every component of DMD on, no graph distillation in others."""
    arms: dict[str, ArmDescription] = {}
    for arm in study.arms:
        is_dmd = arm.model == "dmd"
        if arm.role not in ("baseline", "model") or any(on is not is_dmd for on in arm.components.values()):
            continue
        # Predictions of other code belong to the method that the study names them after.
        arms.setdefault(_key(arm.name if arm.is_external else arm.model), arm)
    return arms


def _is_method(arm: ArmDescription) -> bool:
    """Whether an arm is a whole method, of all modalities and no component switched off."""
    is_ablated = arm.model == "dmd" and not all(arm.components.values())
    return arm.role in ("baseline", "model") and arm.model != "unimodal" and not is_ablated


def _key(name: str) -> str:
    """``eflstm`` for ``EF-LSTM`` and ``ef_lstm``."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _block(row: MethodRow) -> Setting:
    return row.setting


def _row(
    row: MethodRow,
    study: StudyDescription,
    questions: Questions,
    arm: ArmDescription | None,
    setting: Setting | None,
) -> PaperRow:
    star = "*" if row.setting.text == "bert" else ""
    entry = _entry(row, study, questions, arm, setting)
    return PaperRow((row.method + star, row.setting.alignment), row.method + star, (entry,))


def _entry(
    row: MethodRow,
    study: StudyDescription,
    questions: Questions,
    arm: ArmDescription | None,
    setting: Setting | None,
) -> PaperEntry:
    printed = row.metrics
    if arm is None:
        return gap_entry(_why_no_arm(row.method, study), METRICS, printed)
    if row.setting != setting:
        return gap_entry("another setting than this study's", METRICS, printed)
    return measured_entry(questions, arm.name, METRICS, printed)


def _why_no_arm(method: str, study: StudyDescription) -> str:
    known: Mapping[str, str] = {_key(name): name for name in study.methods}
    if not known:
        return "no arm of this study"
    if _key(method) in known:
        return f"no arm of this study (arms.models: [{known[_key(method)]}] would make it one)"
    return "no arm of this study, and not implemented here"
