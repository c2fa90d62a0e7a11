"""What of a study is what in the paper: methods and components are joined by their labels."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reports.records.declared import DeclaredMethod
from reports.records.study_description import ArmDescription, StudyDescription
from reports.sections.paper_tables.published import (
    AblationRow,
    ablated_components,
    ablated_method,
    find_ablation_row,
)


def label_key(label: str) -> str:
    """``eflstm`` for ``EF-LSTM`` and ``ef_lstm``: labels that share it are the same."""
    return re.sub("[^a-z0-9]", "", label.lower())


def is_method(study: StudyDescription, arm: ArmDescription, label: str) -> bool:
    """Whether an arm is of the method that the paper calls ``label``.

    Predictions of other code belong to the method that the study names them after.
    """
    return label_key(arm.name if arm.is_external else study.method(arm.model).label) == label_key(label)


def find_component(method: DeclaredMethod, label: str) -> str | None:
    """The component that the paper calls ``label``, by name; None if the method has none."""
    key = label_key(label)
    return next((name for name, own in method.component_labels.items() if label_key(own) == key), None)


def switches_of_table_3(study: StudyDescription, arm: ArmDescription) -> Mapping[str, bool] | None:
    """Heading of Table 3 -> whether the arm has that component.

    None unless the arm is of the ablated method, and its components are those of the table and no others.
    """
    if not is_method(study, arm, ablated_method()):
        return None
    method = study.method(arm.model)
    names = {heading: find_component(method, heading) for heading in ablated_components()}
    if set(names.values()) != set(arm.components):
        return None
    return {heading: arm.components[name] for heading, name in names.items() if name is not None}


def find_row_of_table_3(study: StudyDescription, arm: ArmDescription, dataset: str) -> AblationRow | None:
    """The row of Table 3 that an arm is; None if it is none, or differs from the baseline in more than components."""
    switches = switches_of_table_3(study, arm) if arm in study.family else None
    return None if switches is None else find_ablation_row(dataset, switches)
