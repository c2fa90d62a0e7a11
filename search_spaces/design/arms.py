"""From a search space to its arms. Pure: the same space gives the same arms in the same order."""

from __future__ import annotations

from dataclasses import replace

from search_spaces.design.components import (
    Combination,
    design_combinations,
    label_combination,
    name_combination,
    possible_combinations,
)
from search_spaces.design.settings import fixed_settings, full_settings
from search_spaces.design.subsets import SUBSET_SETTING, Subset, design_subsets
from search_spaces.schema.schema import ModelArm, SearchSpace
from search_spaces.terms.catalogue import Catalogue, MethodSchema
from search_spaces.terms.trial import EXTERNAL, MODALITIES, Arm, ArmRole, Value

CONTROL_NAME = "control"
CONTROL_SEED_OFFSET = 1000


def plan_arms(space: SearchSpace, catalogue: Catalogue) -> tuple[Arm, ...]:
    """Every arm of a loaded space: the baseline, its ablations, its subsets of modalities, other methods, the control.

    Predictions of other code stand with the other methods. An arm that needs a modality which the data lack is as its
    section has it: who opens the data refuses it.

    Raises:
        DesignError: if an ablation or a subset is impossible (``load`` reports it with its line).
    """
    method = catalogue.methods[space.model.name]
    family = _plan_family(space, method)
    subsets = tuple(
        _plan_subset(family[0], subset)
        for subset in design_subsets(
            method, family[0].settings, space.arms.modalities, space.data.modalities or MODALITIES
        )
    )
    others = tuple(_plan_model(spec, catalogue.methods[spec.name]) for spec in space.arms.models)
    external = tuple(
        Arm(name=spec.arm, label=spec.arm, role="model", model=EXTERNAL, settings={}, components={})
        for spec in space.arms.external
    )
    controls = (_plan_control(family[0]),) if space.arms.controls else ()
    arms = (*family, *subsets, *others, *external, *controls)
    return tuple(arm if arm.is_external else _show_what_there_is(arm, space, catalogue) for arm in arms)


def _show_what_there_is(arm: Arm, space: SearchSpace, catalogue: Catalogue) -> Arm:
    """The arm on data that lack a modality, if it can do without: what it is shown is then what they have."""
    available, method = space.data.modalities or MODALITIES, catalogue.methods[arm.model]
    if available == MODALITIES or SUBSET_SETTING in arm.settings:
        return arm
    if method.needs(full_settings(method, arm.settings)) - set(available):
        return arm
    return replace(arm, settings={**arm.settings, SUBSET_SETTING: "+".join(available)})


def _plan_family(space: SearchSpace, method: MethodSchema) -> tuple[Arm, ...]:
    """The baseline and its ablations."""
    fixed = fixed_settings(method, [space.model])
    if space.arms.ablation is None:
        toggles = _all_toggles(method, fixed)
        return (
            Arm(
                name=method.name,
                label=method.label or method.name,
                role="baseline",
                model=method.name,
                settings={**fixed, **toggles},
                components=toggles,
            ),
        )
    combinations = design_combinations(method, fixed, space.arms.ablation)
    return tuple(
        _plan_combination(method, fixed, combination, "ablation" if i else "baseline")
        for i, combination in enumerate(combinations)
    )


def list_combinations(space: SearchSpace, catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """The components that are on, for every combination of the ablated ones that can run; empty without an ablation.

    Components that are not ablated stand as the model section has them. An attribution needs this to tell a missing
    arm from an impossible one.
    """
    if space.arms.ablation is None:
        return ()
    method = catalogue.methods[space.model.name]
    fixed = fixed_settings(method, [space.model])
    every = [
        _all_toggles(method, {**fixed, **c.toggles}) for c in possible_combinations(method, fixed, space.arms.ablation)
    ]
    return tuple(tuple(name for name, on in toggles.items() if on) for toggles in every)


def _plan_combination(method: MethodSchema, fixed: dict[str, Value], combination: Combination, role: ArmRole) -> Arm:
    settings = {**fixed, **combination.settings}
    toggles = _all_toggles(method, settings)
    name = name_combination(toggles, bool(combination.kept_by))
    label = label_combination(method, combination, toggles)
    return Arm(
        name=name, label=label, role=role, model=method.name, settings={**settings, **toggles}, components=toggles
    )


def _plan_subset(baseline: Arm, subset: Subset) -> Arm:
    settings = {**baseline.settings, SUBSET_SETTING: subset.value}
    return Arm(
        name=subset.name,
        label=subset.label,
        role="subset",
        model=baseline.model,
        settings=settings,
        components=baseline.components,
    )


def _plan_model(spec: ModelArm, method: MethodSchema) -> Arm:
    fixed = fixed_settings(method, [spec])
    toggles = _all_toggles(method, fixed)
    name = spec.arm or spec.name
    return Arm(
        name=name,
        label=spec.arm or method.label or name,
        role="model",
        model=method.name,
        settings={**fixed, **toggles},
        components=toggles,
    )


def _plan_control(baseline: Arm) -> Arm:
    return Arm(
        name=CONTROL_NAME,
        label=f"{baseline.label}, other seeds",
        role="control",
        model=baseline.model,
        settings=baseline.settings,
        components=baseline.components,
        seed_offset=CONTROL_SEED_OFFSET,
    )


def _all_toggles(method: MethodSchema, fixed: dict[str, Value]) -> dict[str, bool]:
    full = full_settings(method, fixed)
    return {name: bool(full[name]) for name in method.component_names}
