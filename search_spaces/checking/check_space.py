"""What a search space must agree with beyond its own shape: methods, settings, metrics, arms, budgets.

Each check gives findings and runs only where the sections it reads are sound, so that one mistake is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from search_spaces.checking.check_declarations import find_design_problems
from search_spaces.checking.check_parameters import (
    check_conditions,
    check_defaults,
    check_distributions,
    check_effects,
    check_grid,
    check_names,
    check_starts,
)
from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import CONTROL_SEED_OFFSET, plan_arms
from search_spaces.design.components import DesignError, switched_components
from search_spaces.design.contrasts import plan_contrasts
from search_spaces.design.missing import missing_conditions
from search_spaces.design.plan import confirm_seeds
from search_spaces.design.settings import check_value, fixed_settings, full_settings, known_presets
from search_spaces.design.subsets import SUBSET_SETTING
from search_spaces.schema.fields import COSTS, MAX_SEED
from search_spaces.schema.schema import Method, SearchSpace
from search_spaces.terms.catalogue import Catalogue, MethodSchema
from search_spaces.terms.problems import Finding, covers, join_path, show, suggest
from search_spaces.terms.trial import Arm

Check = Callable[[SearchSpace, Catalogue], Iterator[Finding]]
CheckWithArms = Callable[[SearchSpace, Catalogue, Sequence[Arm]], Iterator[Finding]]


@dataclass(frozen=True)
class SpaceCheck:
    """A space against a catalogue.

    Attributes:
        findings: everything that is wrong.
        arms: the planned arms, so that nothing plans them again; empty where mistakes keep them from being planned.
    """

    findings: tuple[Finding, ...]
    arms: tuple[Arm, ...]


def check_space(space: SearchSpace, catalogue: Catalogue, known: Sequence[Finding] = ()) -> SpaceCheck:
    """Every finding of a space against the catalogue.

    Args:
        space: whose shape is right.
        catalogue: of the methods.
        known: what the schema has found already.
    """
    findings: list[Finding] = []
    arms: tuple[Arm, ...] = ()
    for check, sections in _CHECKS:
        if _are_sound(sections, (*known, *findings)):
            findings += check(space, catalogue)
    if _are_sound(_DECIDE_ARMS, (*known, *findings)):
        try:
            arms = plan_arms(space, catalogue)
        except DesignError as error:
            findings.append(Finding(f"arms.{error.path}", error.message))
    for check_with_arms, sections in _CHECKS_WITH_ARMS:
        if _are_sound(sections, (*known, *findings)):
            findings += check_with_arms(space, catalogue, arms)
    return SpaceCheck(tuple(findings), arms)


def _are_sound(sections: Collection[str], findings: Iterable[Finding]) -> bool:
    return not any(covers(section, finding.path) for finding in findings for section in sections)


def _check_methods(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    yield from _check_method("model", space.model, catalogue)
    for i, spec in enumerate(space.arms.models):
        yield from _check_method(join_path("arms", "models", i), spec, catalogue)


def _check_method(path: str, spec: Method, catalogue: Catalogue) -> Iterator[Finding]:
    method = catalogue.methods.get(spec.name)
    if method is None:
        hint = catalogue.explain(spec.name) or suggest(spec.name, catalogue.methods)
        yield Finding(join_path(path, "name"), f"unknown method {show(spec.name)}; {hint}")
        return
    if spec.preset is not None and spec.preset not in known_presets(method):
        hint = suggest(spec.preset, known_presets(method))
        yield Finding(join_path(path, "preset"), f"{spec.name} has no preset {show(spec.preset)}; {hint}")
    is_sound = True
    for name, value in spec.settings.items():
        schema = method.settings.get(name)
        message = check_value(schema, value) if schema else None
        if schema is None:
            hint = suggest(name, method.settings)
            yield Finding(join_path(path, name), f"unknown setting of {spec.name}; {hint}", at_key=True)
        elif message:
            yield Finding(join_path(path, name), message)
        is_sound = is_sound and schema is not None and message is None
    conflict = method.find_conflict(full_settings(method, fixed_settings(method, [spec]))) if is_sound else None
    if conflict:
        yield Finding(path, f"these settings cannot go together: {conflict}")


def _check_metrics(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    named = [("primary", space.primary_metric)]
    if space.search is not None:
        metrics = [name.removeprefix("valid/") for name in space.search.objectives if name not in COSTS]
        named += [("search.objective", metric) for metric in metrics]
    for path, metric in named:
        if not catalogue.may_have(metric):
            hint = suggest(metric, catalogue.metrics)
            yield Finding(path, f"unknown metric {show(metric)}; {hint}")


def _check_components(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    ablation = space.arms.ablation
    if ablation is None:
        return
    method = catalogue.methods[space.model.name]
    path = "arms.ablation"
    if not method.components:
        having = [name for name, other in catalogue.methods.items() if other.components]
        yield Finding(path, f"{method.name} has no components to switch; use a model that has: {', '.join(having)}")
        return
    for i, name in enumerate(ablation.components or ()):
        if name not in method.component_names:
            hint = suggest(name, method.component_names)
            yield Finding(join_path(path, "components", i), f"unknown component {show(name)}; {hint}")
    if ablation.design == "published":
        having = [name for name, other in catalogue.methods.items() if other.published is not None]
        yield from _check_published(join_path(path, "design"), method, having)
    for name in switched_components(method, ablation):
        if name in space.model.settings:
            message = "is fixed here and switched by arms.ablation; remove it here or from the components"
            yield Finding(join_path("model", name), message, at_key=True)


def _check_published(path: str, method: MethodSchema, having: Sequence[str]) -> Iterator[Finding]:
    """The method has published rows, and they are of its components."""
    if method.published is None:
        there_are = f" (methods that have some: {', '.join(having)})" if having else ""
        yield Finding(path, f"{method.name} declares no published rows{there_are}; write leave_one_out or factorial")
    for problem in find_design_problems(method):
        yield Finding(path, problem)


def _check_subsets(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    if space.arms.modalities and SUBSET_SETTING in space.model.settings:
        message = "is fixed here and varied by arms.modalities; remove it from one"
        yield Finding(join_path("model", SUBSET_SETTING), message, at_key=True)


def _check_missing(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    try:
        missing_conditions(space)
    except DesignError as error:
        yield Finding(error.path, error.message)


def _check_budget(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    seeds = confirm_seeds(space)
    if not seeds and space.scope == "none":
        yield Finding("confirm.seeds", "is 0 and nothing is searched, so nothing would run; give at least 1")
    if space.search is None or space.scope == "none":
        if space.confirm.top > 1:
            yield Finding("confirm.top", f"is {space.confirm.top}, but nothing is searched; remove it")
    elif space.confirm.top > space.search.trials:
        yield Finding("confirm.top", f"is {space.confirm.top}, but a search has {space.search.trials} trials; lower it")
    if space.scope != "none" and space.seed in seeds:
        message = f"lists {space.seed}, which the search uses; confirm needs fresh seeds, so take another (or `seed`)"
        yield Finding("confirm.seeds", message)
    if max(seeds, default=0) + CONTROL_SEED_OFFSET > MAX_SEED:
        yield Finding("confirm.seeds", f"must stay below {MAX_SEED - CONTROL_SEED_OFFSET}, got {max(seeds)}")
    overlap = set(seeds) & {seed + CONTROL_SEED_OFFSET for seed in seeds}
    if space.arms.controls and overlap:
        message = (
            f"the control runs under these seeds + {CONTROL_SEED_OFFSET}, and {min(overlap)} is in both; "
            "list seeds closer together"
        )
        yield Finding("confirm.seeds", message)


def _check_arms(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> Iterator[Finding]:
    taken = {arm.name for arm in arms if arm.role != "model"}
    named = [(join_path("arms", "models", i), spec.arm or spec.name) for i, spec in enumerate(space.arms.models)]
    named += [(join_path("arms", "external", i), spec.arm) for i, spec in enumerate(space.arms.external)]
    for path, name in named:
        if name in taken:
            message = f"another arm is called {name!r}; give this one a name of its own: `arm: {name}-2`"
            yield Finding(path, message)
        taken.add(name)
    if not isinstance(space.contrasts, tuple):
        return
    for i, pair in enumerate(space.contrasts):
        for j, name in enumerate(pair):
            if name not in taken:
                yield Finding(join_path("contrasts", i, j), f"no arm is called {name!r}; {suggest(name, taken)}")


def _check_limits(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> Iterator[Finding]:
    if space.limits.gpu_hours is not None and space.resources.gpu == 0:
        yield Finding("limits.gpu_hours", "has no meaning with `resources: {gpu: 0}`; use wall_time or trials")
    if space.limits.stagnation is not None and space.scope == "none":
        yield Finding("limits.stagnation", "ends searches, and nothing is searched; remove it")


def _check_race(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> Iterator[Finding]:
    if space.confirm.race is None:
        return
    family = [pair for pair in plan_contrasts(space, arms, catalogue.methods) if pair.in_family]
    if not family:
        yield Finding("confirm.until", "a race decides contrasts, and none is declared; add arms or `contrasts`")
    raced = {arm for pair in family for arm in (pair.first, pair.second)}
    for i, spec in enumerate(space.arms.external):
        if spec.arm in raced:
            message = "a race adds seeds, and other code's cannot be added to; list `contrasts` without it"
            yield Finding(join_path("arms", "external", i), message)


def _check_searches(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> Iterator[Finding]:
    own = [search for search in plan_searches(space, catalogue, arms) if search.owner == search.arm]
    yield from check_effects(space, arms[0], own)
    yield from check_grid(space, own)


_DECIDE_ARMS = ("model", "arms")
_CHECKS: tuple[tuple[Check, tuple[str, ...]], ...] = (
    (_check_methods, ()),
    (_check_metrics, ()),
    (_check_components, ("model.name", "arms.ablation.components")),
    (_check_subsets, ("arms.modalities",)),
    (check_defaults, ("model.name", "arms.models", "search.parameters")),
    (check_names, ("model.name", "arms.models")),
    (check_distributions, ("model.name",)),
    (check_conditions, ("model.name", "search.parameters")),
    (_check_budget, ("seed", "search", "confirm")),
    (_check_missing, ("data.modalities", "confirm.missing")),
)
_CHECKS_WITH_ARMS: tuple[tuple[CheckWithArms, tuple[str, ...]], ...] = (
    (_check_arms, ("model", "arms", "contrasts")),
    (check_starts, ("model", "arms", "search")),
    (_check_limits, ("limits", "search", "resources")),
    (_check_race, ("model", "arms", "contrasts", "confirm")),
    (_check_searches, ("model", "arms", "search")),
)
