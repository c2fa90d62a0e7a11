"""What the report is told of a study's search: its rules, and where each parameter was searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.planning.planned_study import PlannedStudy
from orchestration.search.history import describe_history
from search_spaces.design.searched_parameters import parameters_of
from search_spaces.schema.conditions import Condition
from search_spaces.schema.distributions import Distribution, hull_of
from search_spaces.terms.problems import show


@dataclass(frozen=True)
class _Searched:
    """One parameter in the searches of one method. text: its distribution and condition, for readers."""

    method: str
    distribution: Distribution
    text: str


def describe_search(planned: PlannedStudy) -> dict[str, Any]:
    """``StudyDescription.search``; empty where nothing is searched.

    Two methods may search one parameter over different distributions: its text then says which is whose, and its
    distribution is the narrowest that holds both; ``ranges`` has each arm's own.
    """
    search = planned.space.search
    found = _searched_parameters(planned)
    if search is None or not found:
        return {}
    hulls = {name: hull_of([each.distribution for each in entries]) for name, entries in found.items()}
    content: dict[str, Any] = {
        "scope": search.scope,
        "searcher": search.searcher,
        "scheduler": search.scheduler.name,
        "objective": planned.space.objective_metric,
        "trials": search.trials,
        "parameters": {name: _text(entries) for name, entries in found.items()},
        "distributions": {name: hull.declare() for name, hull in hulls.items() if hull is not None},
        "ranges": _ranges_by_arm(planned),
    }
    if words := search.scheduler.describe():
        content["stopping"] = words
    if search.start:
        content["starting_points"] = len(search.start)
    if planned.space.further_objectives:
        content["objectives"] = [f"valid/{planned.space.objective_metric}", *planned.space.further_objectives]
    if (memory := describe_history(search.searcher, search.trials)) is not None:
        content["memory"] = memory
    return content


def _owners(planned: PlannedStudy) -> list[str]:
    """Arms that are searched for themselves."""
    return sorted({plan.owner for plan in planned.searches.values() if plan.owner is not None})


def _ranges_by_arm(planned: PlannedStudy) -> dict[str, dict[str, Any]]:
    """Searched arm -> parameter -> its distribution there, and the least and the greatest value that there can be."""
    models = {arm.name: arm.model for arm in planned.arms}
    ranges: dict[str, dict[str, Any]] = {}
    for owner in _owners(planned):
        settings = planned.catalogue.methods[models[owner]].settings
        ranges[owner] = {
            name: {"distribution": distribution.declare(), "least": settings[name].low, "most": settings[name].high}
            for name, distribution in planned.searches[owner].parameters.items()
        }
    return ranges


def _searched_parameters(planned: PlannedStudy) -> Mapping[str, list[_Searched]]:
    """Parameter -> where it is searched, once per distribution."""
    search = planned.space.search
    if search is None:
        return {}
    models = {arm.name: arm.model for arm in planned.arms}
    found: dict[str, dict[str, _Searched]] = {}
    for owner in _owners(planned):
        whole = parameters_of(search, planned.catalogue.methods[models[owner]])
        for name, distribution in planned.searches[owner].parameters.items():
            text = distribution.describe() + _describe_condition(whole[name].when)
            found.setdefault(name, {}).setdefault(text, _Searched(models[owner], distribution, text))
    return {name: list(entries.values()) for name, entries in found.items()}


def _text(entries: Iterable[_Searched]) -> str:
    first, *others = entries
    if not others:
        return first.text
    return "; ".join(f"{entry.text} ({entry.method})" for entry in (first, *others))


def _describe_condition(condition: Condition) -> str:
    parts = [f"{name} is {' or '.join(map(show, values))}" for name, values in condition.items()]
    return f", when {' and '.join(parts)}" if parts else ""
