"""Which arms are compared: the family of contrasts that p-values are corrected over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.components import label_component
from search_spaces.schema import SearchSpace
from search_spaces.subsets import SUBSET_SETTING, subset_of
from search_spaces.trial import Arm


@dataclass(frozen=True)
class ContrastPair:
    """``first`` minus ``second``, by arm name. ``isolates``: what alone differs between them; empty if it is more."""

    first: str
    second: str
    isolates: str = ""


def plan_contrasts(space: SearchSpace, arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """The declared pairs, or for ``auto`` every pair that isolates one thing.

    ``auto``: every two arms of the ablation that differ in exactly one component, the arm that has it first (for the
    published design these are the six edges of Table 3), then the baseline against every subset of modalities and
    against every other method. A control is the baseline itself under other seeds, so it enters only where the space
    names it.
    """
    edges = (*_edges(arms), *_subset_pairs(arms))
    if isinstance(space.contrasts, tuple):
        isolated = {frozenset((edge.first, edge.second)): edge.isolates for edge in edges}
        return tuple(
            ContrastPair(first, second, isolated.get(frozenset((first, second)), ""))
            for first, second in space.contrasts
        )
    baseline = arms[0]
    methods = tuple(ContrastPair(baseline.name, arm.name, "method") for arm in arms if arm.role == "model")
    return (*edges, *methods)


def _edges(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    family = [arm for arm in arms if arm.role in ("baseline", "ablation")]
    pairs: list[tuple[Arm, Arm, str]] = []
    for one, other in itertools.combinations(family, 2):
        differing = [name for name, on in one.components.items() if other.components[name] != on]
        if len(differing) == 1:
            component = differing[0]
            first, second = (one, other) if one.components[component] else (other, one)
            pairs.append((first, second, component))
    return tuple(
        ContrastPair(first.name, second.name, _isolated(first, component, pairs)) for first, second, component in pairs
    )


def _subset_pairs(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """The baseline against each of its subsets: what the hidden modalities are worth to it together."""
    return tuple(
        ContrastPair(arms[0].name, arm.name, " and ".join(subset_of(arm.settings[SUBSET_SETTING]).hidden))
        for arm in arms
        if arm.role == "subset"
    )


def _isolated(first: Arm, component: str, pairs: Sequence[tuple[Arm, Arm, str]]) -> str:
    """``HomoGD``, or ``HeteroGD given CA`` where other pairs isolate the same component in another company."""
    rivals = [arm for arm, _, other in pairs if other == component]
    varying = [
        name for name in first.components if name != component and len({arm.components[name] for arm in rivals}) > 1
    ]
    given = ", ".join(label_component(name) for name in varying if first.components[name])
    without = ", ".join(label_component(name) for name in varying if not first.components[name])
    company = (f" given {given}" if given else "") + (f" without {without}" if without else "")
    return label_component(component) + company
