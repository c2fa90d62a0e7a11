"""The attribution section as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.results.metrics import Metric
from reports.sections.attribution.values import Attribution, Effect, Factorial, PathStep
from reports.sections.section import LeftOut
from reports.text.markdown_table import Grid
from reports.text.number_cells import column_decimals, difference_cells

Labels = Mapping[str, str]
"""Component -> as readers see it."""

MOST_MISSING = 3
"""Combinations without an arm that a sentence names."""

_INTERVALS = ("rerun 95%", "new data 95%")


@dataclass(frozen=True)
class AttributionGrids:
    """What the partial ``section.md.j2`` shows; None where there is nothing to show."""

    components: str
    held_on: str
    effects: Grid | None
    interactions: Grid | None
    constrained: Grid | None
    path: Grid | None


def attribution_grids(section: Attribution, metric: Metric, labels: Labels) -> AttributionGrids:
    """Every table of the section.

    Args:
        section: the values.
        metric: the primary one.
        labels: component -> as readers see it.
    """
    factorial, constrained = section.factorial, section.constrained
    return AttributionGrids(
        components=_names(factorial.components, labels) if factorial else "",
        held_on=_names(factorial.held_on, labels) if factorial else "",
        effects=_effect_grid(factorial, metric, labels) if factorial and factorial.main_effects else None,
        interactions=_interaction_grid(factorial.interactions, metric, labels)
        if factorial and factorial.interactions
        else None,
        constrained=_value_grid(constrained.values, metric, labels) if constrained and constrained.values else None,
        path=_path_grid(section.path, metric, labels) if section.path else None,
    )


def attribution_left_out(section: Attribution, labels: Labels) -> Iterator[LeftOut]:
    """What the study's arms do not allow to be computed."""
    if section.note:
        yield LeftOut("what single components are worth on average", section.note)
    factorial, constrained = section.factorial, section.constrained
    for what, held in (
        ("main effects, interactions and Shapley values", factorial),
        ("precedence-constrained values", constrained),
    ):
        if held is not None and held.missing:
            number = len(held.missing)
            named = f"{_combinations(held.missing, labels)}; " if number <= MOST_MISSING else ""
            yield LeftOut(
                what,
                f"they average over {len(held.arms) + number} combinations of components, of which {number} "
                f"{'has' if number == 1 else 'have'} no arm ({named}`design: factorial` runs all)",
            )


def _names(components: Sequence[str], labels: Labels) -> str:
    return ", ".join(labels[name] for name in components)


def _combinations(combinations: Sequence[Sequence[str]], labels: Labels) -> str:
    return "; ".join(" + ".join(labels[name] for name in on) or "none on" for on in combinations)


def _sum_columns(sums: Sequence[Effect] | Sequence[PathStep], metric: Metric) -> Iterator[tuple[str, str, str, str]]:
    """Sets of runs, value and both intervals of each sum, with equally many decimals."""
    column = [each.estimates[metric.name] for each in sums]
    decimals = column_decimals(column, metric)
    return (difference_cells(found, decimals) for found in column)


def _effect_grid(factorial: Factorial, metric: Metric, labels: Labels) -> Grid:
    effects = _sum_columns(factorial.main_effects, metric), _sum_columns(factorial.shapley, metric)
    rows = [
        (labels[main.components[0]], *of_main, *of_shapley[1:])
        for main, of_main, of_shapley in zip(factorial.main_effects, *effects, strict=True)
    ]
    unit = f"{metric.label} {metric.unit}".strip()
    headings = ("Component", "sets", f"main effect, {unit}", *_INTERVALS, f"Shapley value, {unit}", *_INTERVALS)
    return Grid(headings, "lrrrrrrr", tuple(rows))


def _interaction_grid(interactions: Sequence[Effect], metric: Metric, labels: Labels) -> Grid:
    rows = tuple(
        (" x ".join(labels[name] for name in effect.components), *columns)
        for effect, columns in zip(interactions, _sum_columns(interactions, metric), strict=True)
    )
    return Grid(("Pair", "sets", "interaction", *_INTERVALS), "lrrrr", rows)


def _value_grid(values: Sequence[Effect], metric: Metric, labels: Labels) -> Grid:
    rows = tuple(
        (labels[value.components[0]], *columns)
        for value, columns in zip(values, _sum_columns(values, metric), strict=True)
    )
    return Grid(("Component", "sets", "precedence-constrained value", *_INTERVALS), "lrrrr", rows)


def _path_grid(steps: Sequence[PathStep], metric: Metric, labels: Labels) -> Grid:
    rows = []
    for step, columns in zip(steps, _sum_columns(steps, metric), strict=True):
        changes = [f"- {labels[name]}" for name in step.removed]
        changes += [f"+ {labels[name]}" for name in step.added]
        rows.append((f"{step.from_arm} to {step.to_arm}", ", ".join(changes), *columns))
    headings = ("Step", "Change", "pairs", f"{metric.label} changes by", *_INTERVALS)
    return Grid(headings, "llrrrr", tuple(rows))
