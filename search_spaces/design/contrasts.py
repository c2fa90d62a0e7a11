"""Which arms are compared: the family of contrasts that p-values are corrected over, and what stands beside it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces.design.subsets import SUBSET_SETTING, subset_of
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.trial import MODALITIES, Arm, Value


@dataclass(frozen=True)
class ContrastPair:
    """``first`` minus ``second``.

    Attributes:
        first, second: names of arms.
        isolates: the one thing in which they differ, or the components that a declared edge takes together; empty if
            they differ in more.
        in_family: whether the report may make a claim from it, so that it counts in the correction of p-values; others
            are shown with intervals alone.
    """

    first: str
    second: str
    isolates: str = ""
    in_family: bool = True


Methods = Mapping[str, MethodSchema]
"""By name. A method that is not among them has components without labels."""


def plan_contrasts(space: SearchSpace, arms: Sequence[Arm], methods: Methods) -> tuple[ContrastPair, ...]:
    """The declared pairs, or for ``auto`` every pair that isolates one thing.

    ``auto``: every two arms of the ablation that differ in exactly one component, the arm that has it first, then the
    baseline against every subset of modalities and against every other method. For the published design of a method
    that declares the edges which its table is read by, these edges stand in place of all pairs. A control is the
    baseline itself under other seeds, so it enters only where the space names it. Arms that keep the heads of a
    switched-off component are compared beside the family: they say how an edge comes about, not whether.

    Args:
        space: with its ``contrasts``.
        arms: of the space, baseline first.
        methods: of the arms.
    """
    if isinstance(space.contrasts, tuple):
        isolated = {frozenset((pair.first, pair.second)): pair.isolates for pair in _isolating_pairs(arms, methods)}
        return tuple(
            ContrastPair(first, second, isolated.get(frozenset((first, second)), ""))
            for first, second in space.contrasts
        )
    return auto_contrasts(arms, methods, design=space.arms.ablation.design if space.arms.ablation else None)


def auto_contrasts(arms: Sequence[Arm], methods: Methods, design: str | None) -> tuple[ContrastPair, ...]:
    """What ``contrasts: auto`` means (:func:`plan_contrasts`).

    Args:
        arms: baseline first.
        methods: of the arms.
        design: of the ablation; None without one.
    """
    baseline = arms[0]
    method = _method_of(baseline, methods)
    others = tuple(
        ContrastPair(baseline.name, arm.name, "settings" if arm.model == baseline.model else "method")
        for arm in arms
        if arm.role == "model"
    )
    family = [arm for arm in arms if arm.role in ("baseline", "ablation")]
    is_declared = design == "published" and method.published is not None and method.published.edges
    edges = _published_edges(family, method) if is_declared else _edges(family, method)
    return (*edges, *_subset_pairs(arms), *others, *_heads_pairs(family, method))


def _method_of(arm: Arm, methods: Methods) -> MethodSchema:
    return methods.get(arm.model) or MethodSchema(arm.model, {})


def _isolating_pairs(arms: Sequence[Arm], methods: Methods) -> tuple[ContrastPair, ...]:
    """Every pair that isolates one thing, also among the arms of another method."""
    by_method: dict[str, list[Arm]] = {}
    for arm in arms:
        if arm.role in ("baseline", "ablation", "model"):
            by_method.setdefault(arm.model, []).append(arm)
    pairs: list[ContrastPair] = []
    for alike in by_method.values():
        method = _method_of(alike[0], methods)
        pairs += (*_edges(alike, method), *_heads_pairs(alike, method))
    return (*pairs, *_subset_pairs(arms))


def _published_edges(family: Sequence[Arm], method: MethodSchema) -> tuple[ContrastPair, ...]:
    """The edges that the method declares, as far as their arms are there."""
    assert method.published is not None, "the method declares edges"
    rows = method.published.rows
    arms = {_on(arm, rows[0]): arm for arm in family if _other_settings(arm) == _other_settings(family[0])}
    ends = [(arms.get(frozenset(rows[i])), arms.get(frozenset(rows[j]))) for i, j in method.published.edges]
    pairs = [(first, second, _differing(first, second)) for first, second in ends if first and second]
    single = [(first, second, names[0]) for first, second, names in pairs if len(names) == 1]
    return tuple(
        ContrastPair(
            first.name,
            second.name,
            _isolated(method, first, names[0], single)
            if len(names) == 1
            else " and ".join(map(method.component_label, names)),
        )
        for first, second, names in pairs
    )


def _on(arm: Arm, names: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name in names if arm.components.get(name))


def _edges(arms: Sequence[Arm], method: MethodSchema) -> tuple[ContrastPair, ...]:
    """Pairs of one method's arms that differ in one component, the arm that has it first."""
    pairs: list[tuple[Arm, Arm, str]] = []
    for one, other in itertools.combinations(arms, 2):
        differing = _differing(one, other)
        if len(differing) == 1 and _other_settings(one) == _other_settings(other):
            component = differing[0]
            first, second = (one, other) if one.components[component] else (other, one)
            pairs.append((first, second, component))
    return tuple(
        ContrastPair(first.name, second.name, _isolated(method, first, component, pairs))
        for first, second, component in pairs
    )


def _subset_pairs(arms: Sequence[Arm]) -> tuple[ContrastPair, ...]:
    """The baseline against each of its subsets: what the hidden modalities are worth to it together."""
    shown = subset_of(arms[0].settings.get(SUBSET_SETTING, "+".join(MODALITIES))).seen
    subsets = ((arm, subset_of(arm.settings[SUBSET_SETTING]).hidden) for arm in arms if arm.role == "subset")
    return tuple(
        ContrastPair(arms[0].name, arm.name, " and ".join(modality for modality in hidden if modality in shown))
        for arm, hidden in subsets
    )


def _heads_pairs(arms: Sequence[Arm], method: MethodSchema) -> tuple[ContrastPair, ...]:
    """Where heads are kept: an edge as the sum of the component's effect and of the supervision that the heads give."""
    kept = method.kept_heads
    if kept is None:
        return ()
    heads_off = {kept.setting: False}
    without = [arm for arm in arms if not arm.settings.get(kept.setting)]
    pairs = []
    for arm in arms:
        if arm in without:
            continue
        for other in without:
            if _other_settings(arm) | heads_off != _other_settings(other) | heads_off:
                continue
            differing = _differing(arm, other)
            if len(differing) == 1 and other.components[differing[0]]:
                isolates = f"{method.component_label(differing[0])}'s {kept.effect}"
                pairs.append(ContrastPair(other.name, arm.name, isolates, in_family=False))
            elif not differing:
                off = ", ".join(method.component_label(name) for name, is_on in arm.components.items() if not is_on)
                pairs.append(ContrastPair(arm.name, other.name, f"supervision by {off}'s heads", in_family=False))
    return tuple(pairs)


def _differing(one: Arm, other: Arm) -> list[str]:
    return [name for name, on in one.components.items() if other.components[name] != on]


def _other_settings(arm: Arm) -> dict[str, Value]:
    """Everything that an arm fixes besides its components."""
    return {name: value for name, value in arm.settings.items() if name not in arm.components}


def _isolated(method: MethodSchema, first: Arm, component: str, pairs: Sequence[tuple[Arm, Arm, str]]) -> str:
    """``A``, or ``A given B`` where other pairs isolate the same component under other conditions."""
    rivals = [arm for arm, _, other in pairs if other == component]
    varying = [
        name for name in first.components if name != component and len({arm.components[name] for arm in rivals}) > 1
    ]
    given = ", ".join(method.component_label(name) for name in varying if first.components[name])
    without = ", ".join(method.component_label(name) for name in varying if not first.components[name])
    conditions = (f" given {given}" if given else "") + (f" without {without}" if without else "")
    return method.component_label(component) + conditions
