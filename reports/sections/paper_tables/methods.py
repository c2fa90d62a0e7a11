"""Tables 1 (CMU-MOSI) and 2 (CMU-MOSEI): methods by setting."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reports.records.record import ArmDescription, StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.published import (
    METRIC_KEYS,
    MethodRow,
    Setting,
    is_published_data,
    method_rows,
    nearest_dataset,
)
from reports.sections.paper_tables.table import PaperColumn, PaperEntry, PaperRow, PaperTable

METRICS = tuple(METRIC_KEYS)
_NUMBERS = {"CMU-MOSI": 1, "CMU-MOSEI": 2}
_COLUMNS = (PaperColumn("ACC7"), PaperColumn("ACC2"), PaperColumn("F1"))
_THIS_STUDY = "this study"
_ALL_MODALITIES = "language+audio+vision"


def methods_table(study: StudyDescription, estimator: Estimator) -> PaperTable | None:
    """Table 1 or 2, by the study's data; None where no arm besides the baseline is a method of it."""
    dataset = nearest_dataset(study.data_name)
    printed = [row for row in method_rows() if row.dataset == dataset]
    published = _published_methods(study)
    known = {_key(row.method) for row in printed}
    if not any(arm.role == "model" and _method_of(arm) in known for arm in published):
        return None
    rows = [_row(row, study, estimator, published) for row in printed]
    blocks = [place for place in range(1, len(printed)) if printed[place].setting != printed[place - 1].setting]
    placed = {arm for row in rows for entry in row.entries for arm in entry.arms}
    own = [arm for arm in study.arms if arm.name not in placed and _is_method(arm)]
    if own:
        blocks.append(len(rows))
    for arm in own:
        rows.append(PaperRow((arm.label, _THIS_STUDY), arm.label, (measured_entry(estimator, arm.name, METRICS, {}),)))
    return PaperTable(
        number=_NUMBERS[dataset],
        title=f"Comparison on {dataset}",
        dataset=dataset,
        is_same_data=is_published_data(study.data_name, dataset),
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
    """The arms that are a method as published: all components of DMD, no distillation elsewhere, every modality."""
    return tuple(
        arm
        for arm in study.arms
        if arm.role in ("baseline", "model")
        and not arm.varying
        and all(on is (arm.model == "dmd") for on in arm.components.values())
        and str(arm.settings.get("modalities", _ALL_MODALITIES)).count("+") == _ALL_MODALITIES.count("+")
    )


def _method_of(arm: ArmDescription) -> str:
    """The key of an arm's method; predictions of other code belong to the method that the study names them after."""
    return _key(arm.name if arm.is_external else arm.model)


def _is_method(arm: ArmDescription) -> bool:
    """Whether an arm is a whole method, of all modalities and no component switched off."""
    is_ablated = arm.model == "dmd" and (bool(arm.varying) or not all(arm.components.values()))
    return arm.role in ("baseline", "model") and arm.model != "unimodal" and not is_ablated


def _key(name: str) -> str:
    """``eflstm`` for ``EF-LSTM`` and ``ef_lstm``."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _row(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperRow:
    label = row.method + ("*" if row.setting.text == "bert" else "")
    return PaperRow((label, row.setting.alignment), label, (_entry(row, study, estimator, published),))


def _entry(
    row: MethodRow, study: StudyDescription, estimator: Estimator, published: Sequence[ArmDescription]
) -> PaperEntry:
    arms = [arm for arm in published if _method_of(arm) == _key(row.method)]
    if not arms:
        return gap_entry(_why_no_arm(row.method, study), METRICS, row.metrics)
    arm = next((arm for arm in arms if setting_of(study, arm) == row.setting), None)
    if arm is None:
        return gap_entry("another setting than this study's", METRICS, row.metrics)
    return measured_entry(estimator, arm.name, METRICS, row.metrics)


def _why_no_arm(method: str, study: StudyDescription) -> str:
    known: Mapping[str, str] = {_key(name): name for name in study.methods}
    if not known:
        return "no arm of this study"
    if _key(method) in known:
        return f"no arm of this study (arms.models: [{known[_key(method)]}] would make it one)"
    return "no arm of this study, and not implemented here"
