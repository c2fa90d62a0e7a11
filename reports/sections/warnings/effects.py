"""Parts that are built and trained, and have no effect: said by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription

LARGEST_WITHOUT_EFFECT = 1e-6
"""In the unit of the labels: below it a change is rounding."""


def without_effect(study: StudyDescription, records: Sequence[RunRecord]) -> list[str]:
    """One sentence per arm on what moves no prediction of any of its confirm runs.

    Args:
        study: whose arms are named.
        records: of its trials.
    """
    largest: dict[str, dict[str, float]] = defaultdict(dict)
    for record in records:
        if record.stage == "confirm" and record.status == "completed":
            for part, change in record.effects.items():
                largest[record.arm][part] = max(change, largest[record.arm].get(part, 0.0))
    sentences = []
    for arm in study.arms:
        without = [part for part, change in largest.get(arm.name, {}).items() if change < LARGEST_WITHOUT_EFFECT]
        if without:
            named = " and ".join(f"the {kind} {name}" for kind, _, name in (part.partition("/") for part in without))
            sentences.append(
                f"{arm.label}: {named} moved no prediction of the trained model, though it is there: drawn anew or "
                "blanked, every prediction stays as it is. What the tables say of it is about something else."
            )
    return sentences
