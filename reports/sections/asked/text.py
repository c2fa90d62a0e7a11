"""What was asked, in words made from the plan alone: nothing here knows an outcome."""

from __future__ import annotations

from collections.abc import Iterator

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.text.contrasts import MOST_NAMED, judged_by, question_text
from reports.text.rounding import count
from reports.text.seeds_and_folds import cells_text


def asked_sentences(study: StudyDescription, results: ResultsTable, metric: Metric) -> Iterator[str]:
    """The paragraph, the author's own words, and what is known of data that are generated. metric: the primary one."""
    asked, judged = question_text(study.contrasts, len(study.arms)), judged_by(metric)
    yield (
        f"**Asked:** {asked} {judged[:1].upper()}{judged[1:]}, with {_runs(results)}. Arms: {_arms(study)}. "
        f"Data: {_data(study)}."
    )
    if study.description:
        yield f"**In its author's words:** {study.description}"
    planted = study.data.get("planted") or ()
    if planted:
        yield (
            f"**How the data were planted**, which no model is told: {'; '.join(planted)}. What follows can be held to "
            "this truth."
        )


def _runs(results: ResultsTable) -> str:
    """``4 seeds``, ``3 to 5 seeds, 5 folds``: what was planned of every arm."""
    numbers = {int(seeds) for seeds in (results.state != RunState.NOT_PLANNED).any(axis=2).sum(axis=1) if seeds}
    least, most = min(numbers, default=0), max(numbers, default=0)
    seeds = count(most, "seed") if least == most else f"{least} to {most} seeds"
    return f"{seeds} per arm" if results.is_official else f"{seeds} per arm and {cells_text(results)}"


def _arms(study: StudyDescription) -> str:
    labels = [arm.label for arm in study.arms]
    if len(labels) > MOST_NAMED + 1:
        return f"{len(labels)}, all compared with {study.baseline}"
    return ", ".join(labels)


def _data(study: StudyDescription) -> str:
    data = study.data
    name = "generated" if data.get("planted") else study.data_name or "not recorded"
    items = f", {data['num_items']} items" if data.get("num_items") else ""
    groups = ""
    if data.get("num_groups") and study.groups_are != "items":
        groups = f" in {data['num_groups']} {study.groups_are}"
    return f"{name}{items}{groups}"
