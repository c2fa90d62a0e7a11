"""Which arms are compared: the family of contrasts that p-values are corrected over, and what stands beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.design.components import KEEP_AUX_HEADS, label_component
from search_spaces.design.subsets import SUBSET_SETTING, subset_of
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.trial import MODALITIES, Arm, Value


@dataclass(frozen=True)
class ContrastPair:
    """``first`` minus ``second``.

    Attributes:
        first, second: names of arms.
        isolates: the one thing in which they differ; empty if they differ in more.
        in_family: whether the report may make a claim from it, so that it counts in the correction of p-values; others
            are shown with intervals alone.
    """

    first: str
    second: str
    isolates: str = ""
    in_family: bool = True


def plan_contrasts(space: SearchSpace, arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """The declared pairs, or for ``auto`` every pair that isolates one thing.

    ``auto``: every two arms of the ablation that differ in exactly one component, the arm that has it first (for the
    published design these are the six edges of Table 3), then the baseline against every subset of modalities and
    against every other method. A control is the baseline itself under other seeds, so it enters only where the space
    names it. Arms that keep the heads of a switched-off component are compared beside the family: they say how an edge
    comes about, not whether.
    """
    if isinstance(space.contrasts, tuple):
        isolated = {frozenset((pair.first, pair.second)): pair.isolates for pair in _isolating_pairs(arms)}
        return tuple(
            ContrastPair(first, second, isolated.get(frozenset((first, second)), ""))
            for first, second in space.contrasts
        )
    return auto_contrasts(arms)


def auto_contrasts(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """What ``contrasts: auto`` means for ``arms``, baseline first (:func:`plan_contrasts`)."""
    baseline = arms[0]
    methods = tuple(
        ContrastPair(baseline.name, arm.name, "settings" if arm.model == baseline.model else "method")
        for arm in arms
        if arm.role == "model"
    )
    family = [arm for arm in arms if arm.role in ("baseline", "ablation")]
    return (*_edges(family), *_subset_pairs(arms), *methods, *_heads_pairs(family))


def _isolating_pairs(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """Every pair that isolates one thing, also among the arms of another method."""
    methods: dict[str, list[Arm]] = {}
    for arm in arms:
        if arm.role in ("baseline", "ablation", "model"):
            methods.setdefault(arm.model, []).append(arm)
    of_methods = (pair for alike in methods.values() for pair in (*_edges(alike), *_heads_pairs(alike)))
    return (*of_methods, *_subset_pairs(arms))


def _edges(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """Pairs of one method's arms that differ in one component, the arm that has it first."""
    pairs: list[tuple[Arm, Arm, str]] = []
    for one, other in itertools.combinations(arms, 2):
        differing = _differing(one, other)
        if len(differing) == 1 and _other_settings(one) == _other_settings(other):
            component = differing[0]
            first, second = (one, other) if one.components[component] else (other, one)
            pairs.append((first, second, component))
    return tuple(
        ContrastPair(first.name, second.name, _isolated(first, component, pairs)) for first, second, component in pairs
    )


def _subset_pairs(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """The baseline against each of its subsets: what the hidden modalities are worth to it together."""
    shown = subset_of(arms[0].settings.get(SUBSET_SETTING, "+".join(MODALITIES))).seen
    subsets = ((arm, subset_of(arm.settings[SUBSET_SETTING]).hidden) for arm in arms if arm.role == "subset")
    return tuple(
        ContrastPair(arms[0].name, arm.name, " and ".join(modality for modality in hidden if modality in shown))
        for arm, hidden in subsets
    )


def _heads_pairs(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """Where heads are kept: an edge as the sum of distillation alone and of the supervision that the heads give."""
    without = [arm for arm in arms if not arm.settings.get(KEEP_AUX_HEADS)]
    pairs = []
    for arm in arms:
        if arm in without:
            continue
        for other in without:
            if _other_settings(arm) | {KEEP_AUX_HEADS: False} != _other_settings(other) | {KEEP_AUX_HEADS: False}:
                continue
            differing = _differing(arm, other)
            if len(differing) == 1 and other.components[differing[0]]:
                isolates = f"{label_component(differing[0])}'s distillation"
                pairs.append(ContrastPair(other.name, arm.name, isolates, in_family=False))
            elif not differing:
                off = ", ".join(label_component(name) for name, is_on in arm.components.items() if not is_on)
                pairs.append(ContrastPair(arm.name, other.name, f"supervision by {off}'s heads", in_family=False))
    return tuple(pairs)


def _differing(one: Arm, other: Arm) -> list[str]:
    return [name for name, on in one.components.items() if other.components[name] != on]


def _other_settings(arm: Arm) -> dict[str, Value]:
    """Everything that an arm fixes besides its components."""
    return {name: value for name, value in arm.settings.items() if name not in arm.components}


def _isolated(first: Arm, component: str, pairs: Sequence[tuple[Arm, Arm, str]]) -> str:
    """``HomoGD``, or ``HeteroGD given CA`` where other pairs isolate the same component under other conditions."""
    rivals = [arm for arm, _, other in pairs if other == component]
    varying = [
        name for name in first.components if name != component and len({arm.components[name] for arm in rivals}) > 1
    ]
    given = ", ".join(label_component(name) for name in varying if first.components[name])
    without = ", ".join(label_component(name) for name in varying if not first.components[name])
    conditions = (f" given {given}" if given else "") + (f" without {without}" if without else "")
    return label_component(component) + conditions
