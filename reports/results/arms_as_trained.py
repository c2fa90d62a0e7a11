"""The arms of a study as their confirm runs were trained: where components or sizes were searched, the plan is not it.

A plan says what an arm has before its search. Where the search chose otherwise, everything that a report says of the
arm follows its runs: components, settings, number of parameters, which published row it stands beside, what a contrast
with it isolates. Where the searches of different cells chose differently, it is said of how many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reports.records.run_record import Value
from reports.records.study_description import ArmDescription, Contrast, StudyDescription
from reports.results.fold_cell import FoldCell
from reports.results.results import ResultsTable

SIZE, SIZES, DIFFERENCE = "num_parameters", "sizes", "differs_from_baseline"


@dataclass(frozen=True)
class LabelledContrast(Contrast):
    """A contrast of which an arm is printed under another name than commands take; labels: of both arms."""

    labels: tuple[str, str] = ("", "")

    @property
    def shown(self) -> tuple[str, str]:
        """The labels."""
        return self.labels


@dataclass(frozen=True)
class _Trained:
    """One arm.

    chosen: cell -> the settings that decide what is built, as the search chose them there: switches, whole numbers,
    words; a weight or a rate changes no model. sizes: cell -> parameters of the model, where a run completed. tuned:
    names of all settings that a search chose for any run.
    """

    arm: ArmDescription
    chosen: Mapping[FoldCell, Mapping[str, Value]]
    sizes: Mapping[FoldCell, int]
    tuned: frozenset[str]

    @property
    def planned_size(self) -> int | None:
        """Of the model before a search; None if not recorded."""
        return self.arm.facts.get(SIZE)

    def components_in(self, cell: FoldCell) -> dict[str, bool]:
        return {name: bool(self.chosen[cell].get(name, on)) for name, on in self.arm.components.items()}

    @property
    def is_as_planned(self) -> bool:
        """Whether every run has the components and the size that the plan says."""
        if not any(self.chosen.values()):
            return True
        has_components = all(self.components_in(cell) == dict(self.arm.components) for cell in self.chosen)
        return has_components and set(self.sizes.values()) <= {self.planned_size}


def as_trained(study: StudyDescription, results: ResultsTable) -> StudyDescription:
    """``study`` with arms, contrasts and fixed settings as its confirm runs have them; readers see labels of arms."""
    trained = _as_trained(study, results)
    labels = {arm.name: arm.label for arm in trained.arms}
    return replace(trained, contrasts=tuple(labelled(contrast, labels) for contrast in trained.contrasts))


def labelled(contrast: Contrast, labels: Mapping[str, str]) -> Contrast:
    """The contrast with what readers see of its arms. labels: arm -> its label."""
    names = (contrast.first, contrast.second)
    first, second = (labels.get(name, name) for name in names)
    if (first, second) == names:
        return contrast
    return LabelledContrast(*names, contrast.isolates, contrast.in_family, (first, second))


def _as_trained(study: StudyDescription, results: ResultsTable) -> StudyDescription:
    searched = frozenset(study.search.get("parameters") or ())
    if not searched:
        return study
    trained = {arm.name: _trained(arm, results, searched) for arm in study.arms}
    baseline = trained.get(study.baseline)
    return replace(
        study,
        arms=tuple(_describe(found, baseline, searched) for found in trained.values()),
        contrasts=tuple(_contrast(contrast, trained) for contrast in study.contrasts),
        fixed={name: value for name, value in study.fixed.items() if name not in _searched_in(baseline, searched)},
    )


def _trained(arm: ArmDescription, results: ResultsTable, searched: frozenset[str]) -> _Trained:
    runs = results.runs_of(arm.name)
    chosen: dict[FoldCell, Mapping[str, Value]] = {}
    sizes: dict[FoldCell, int] = {}
    for (_, place), run in sorted(runs.items(), key=lambda item: (item[0][1], item[0][0])):
        cell = results.cells[place]
        values = {name: run.settings[name] for name in searched if name in run.settings}
        chosen.setdefault(cell, {name: value for name, value in values.items() if not isinstance(value, float)})
        if run.status == "completed":
            sizes.setdefault(cell, run.num_parameters)
    tuned = frozenset(name for run in runs.values() for name in run.parameters)
    return _Trained(arm, chosen, sizes, tuned)


def _describe(found: _Trained, baseline: _Trained | None, searched: frozenset[str]) -> ArmDescription:
    arm = found.arm
    if not found.chosen:
        return _unknown(arm, searched)
    if found.is_as_planned:
        return replace(arm, facts=_facts(found, baseline))
    on_in = {name: sum(found.components_in(cell)[name] for cell in found.chosen) for name in arm.components}
    num_cells = len(found.chosen)
    changed = any(found.components_in(cell) != dict(arm.components) for cell in found.chosen)
    return replace(
        arm,
        label=f"{arm.label} (as tuned)" if changed and arm.label != arm.name else arm.label,
        components={name: number > 0 for name, number in on_in.items() if number in (0, num_cells)},
        varying={name: (number, num_cells) for name, number in on_in.items() if number not in (0, num_cells)},
        settings=_settings(found),
        facts=_facts(found, baseline),
    )


def _unknown(arm: ArmDescription, searched: frozenset[str]) -> ArmDescription:
    """An arm of which nothing was trained yet: of the components that are searched nobody knows."""
    if searched.isdisjoint(arm.components):
        return arm
    facts = {name: fact for name, fact in arm.facts.items() if name != SIZE}
    return replace(arm, components={n: on for n, on in arm.components.items() if n not in searched}, facts=facts)


def _settings(found: _Trained) -> dict[str, Value]:
    """Without those that differ from cell to cell; empty where they were not recorded."""
    settings = dict(found.arm.settings)
    first, *others = found.chosen.values()
    for name in {name for chosen in found.chosen.values() for name in chosen} & settings.keys():
        if name in first and all(chosen.get(name) == first[name] for chosen in others):
            settings[name] = first[name]
        else:
            del settings[name]
    return settings


def _facts(found: _Trained, baseline: _Trained | None) -> dict[str, Any]:
    facts = dict(found.arm.facts)
    sizes = set() if found.is_as_planned else set(found.sizes.values())
    if len(sizes) == 1:
        facts[SIZE] = next(iter(sizes))
    elif sizes:
        facts.pop(SIZE, None)
        facts[SIZES] = {cell.name: size for cell, size in found.sizes.items()}
    if facts.get(DIFFERENCE) and baseline is not None and not (found.is_as_planned and baseline.is_as_planned):
        facts[DIFFERENCE] = _difference(found, baseline)
    return facts


def _difference(found: _Trained, baseline: _Trained) -> str:
    """How many parameters more or fewer than the baseline the arm was trained with."""
    arm = found.arm
    if arm.name == baseline.arm.name or arm.role == "control":
        return str(arm.facts[DIFFERENCE])
    differences = sorted({size - baseline.sizes[cell] for cell, size in found.sizes.items() if cell in baseline.sizes})
    lead = "another method" if arm.model != baseline.arm.model else "each with what its own search chose"
    if not differences:
        return lead
    least, most = differences[0], differences[-1]
    return f"{lead}: {least:+d}{'' if least == most else f' to {most:+d}'} parameters against the baseline"


def _contrast(contrast: Contrast, trained: Mapping[str, _Trained]) -> Contrast:
    """Without the word for what it isolates where the two arms were trained to differ in something else."""
    first, second = trained.get(contrast.first), trained.get(contrast.second)
    if first is None or second is None or first.arm.model != second.arm.model:
        return contrast
    planned = _differing(first.arm.components, second.arm.components)
    common = [cell for cell in first.chosen if cell in second.chosen]
    is_as_planned = all(_differing(first.components_in(cell), second.components_in(cell)) == planned for cell in common)
    return contrast if is_as_planned else replace(contrast, isolates="")


def _differing(one: Mapping[str, bool], other: Mapping[str, bool]) -> dict[str, bool]:
    """What differs, and whether the first has it."""
    return {name: on for name, on in one.items() if other.get(name) != on}


def _searched_in(baseline: _Trained | None, searched: frozenset[str]) -> frozenset[str]:
    """The parameters that were searched for the baseline; before any run of it all that are searched anywhere."""
    return searched if baseline is None or not baseline.chosen else baseline.tuned
