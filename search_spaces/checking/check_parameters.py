"""Searched parameters against the settings of the methods they would be searched in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from search_spaces.checking.check_declarations import find_distribution_problem, find_search_problems
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.components import switched_settings
from search_spaces.design.proposals import COARSEST, find_impossible, grid_size
from search_spaces.design.searched_parameters import parameters_of
from search_spaces.design.settings import check_value
from search_spaces.design.subsets import SUBSET_SETTING
from search_spaces.schema.conditions import WHEN, parents_first
from search_spaces.schema.distributions import Distribution
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue, MethodSchema
from search_spaces.terms.problems import Finding, join_path, show, suggest
from search_spaces.terms.trial import Arm

PARAMETERS = "search.parameters"


def check_defaults(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    """Where the file asks for the methods' own distributions, some method declares some, and all of them are sound."""
    if space.search is None or not space.search.uses_defaults:
        return
    methods = _searched_methods(space, catalogue)
    for method in methods:
        for problem in find_search_problems(method):
            yield Finding(PARAMETERS, problem)
    if not any(method.search for method in methods) and not space.search.named:
        names = ", ".join(method.name for method in methods)
        having = ", ".join(name for name, method in catalogue.methods.items() if method.search)
        message = f"default finds nothing: no distribution is declared by {names}"
        yield Finding(PARAMETERS, f"{message} (only by {having or 'no method'}); name settings with distributions")


def check_names(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    """Every parameter is a setting of a method that is searched, and no preset."""
    if space.search is None:
        return
    methods = _searched_methods(space, catalogue)
    for name in space.search.named:
        if name == "preset":
            message = "a preset cannot be searched; compare presets as arms: `arms.models: [{name: ..., preset: ...}]`"
            yield Finding(join_path(PARAMETERS, name), message, at_key=True)
        elif not any(name in method.settings for method in methods):
            names = ", ".join(method.name for method in methods)
            hint = suggest(name, (setting for method in methods for setting in method.settings))
            yield Finding(join_path(PARAMETERS, name), f"no setting of {names} has that name; {hint}", at_key=True)


def check_distributions(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    """Every parameter varies in one place only, and within the bounds of its setting."""
    if space.search is None:
        return
    methods = _searched_methods(space, catalogue)
    switched = switched_settings(methods[0], space.arms.ablation) if space.arms.ablation else ()
    for name, parameter in space.search.named.items():
        path = join_path(PARAMETERS, name)
        if name in space.model.settings:
            yield Finding(path, f"is searched here and fixed as model.{name}; remove one", at_key=True)
        elif name in switched:
            yield Finding(path, "is searched here and switched by arms.ablation; remove it from one", at_key=True)
        elif name == SUBSET_SETTING and space.arms.modalities:
            yield Finding(path, "is searched here and varied by arms.modalities; remove it from one", at_key=True)
        having = [method for method in methods if name in method.settings and name != "preset"]
        messages = (
            find_distribution_problem(method, method.settings[name], parameter.distribution) for method in having
        )
        # Methods share most settings: the first that objects speaks for all.
        yield from (Finding(path, message) for message in itertools.islice(filter(None, messages), 1))


def check_conditions(space: SearchSpace, catalogue: Catalogue) -> Iterator[Finding]:
    """Every condition names settings, gives them values that they can have, and does not depend on itself."""
    if space.search is None:
        return
    methods = _searched_methods(space, catalogue)
    searches = {method.name: parameters_of(space.search, method) for method in methods}
    for name, parameter in space.search.named.items():
        for other, values in parameter.when.items():
            path = join_path(PARAMETERS, name, WHEN, other)
            having = [method for method in methods if other in method.settings]
            searched = [searches[method.name].get(other) for method in having]
            wrong = [
                message
                for value in values
                for method in having
                if (message := check_value(method.settings[other], value))
            ]
            if not having:
                names = ", ".join(method.name for method in methods)
                hint = suggest(other, (setting for method in methods for setting in method.settings))
                yield Finding(path, f"no setting of {names} has that name; {hint}", at_key=True)
            elif wrong:
                yield Finding(path, f"{wrong[0]}")
            elif all(found and not any(map(found.distribution.contains, values)) for found in searched):
                ranges = " or ".join(dict.fromkeys(found.distribution.describe() for found in searched if found))
                yield Finding(path, f"never holds: {other} is searched over {ranges}; correct it")
    circles: dict[str, None] = {}
    for parameters in (space.search.named, *searches.values()):
        try:
            parents_first({name: parameter.when for name, parameter in parameters.items()})
        except ValueError as error:
            circles.setdefault(str(error))
    yield from (Finding(PARAMETERS, circle) for circle in circles)


def _searched_methods(space: SearchSpace, catalogue: Catalogue) -> list[MethodSchema]:
    """The baseline's method first; methods that the catalogue does not know are reported elsewhere."""
    names = [space.model.name]
    if space.scope != "baseline":
        names += [spec.name for spec in space.arms.models]
    return [catalogue.methods[name] for name in dict.fromkeys(names) if name in catalogue.methods]


def check_effects(space: SearchSpace, baseline: Arm, own_searches: Sequence[ArmSearch]) -> Iterator[Finding]:
    """Find parameters that no search would propose.

    Args:
        space: to check.
        baseline: arm of the space.
        own_searches: of the arms that are searched themselves, not by inheritance.
    """
    if space.search is None or space.scope == "none":
        return
    searched = {name for search in own_searches for name in search.parameters}
    where = f"the baseline {baseline.name!r}" if space.scope == "baseline" else "any arm"
    if space.search.uses_defaults and not space.search.named and not searched:
        yield Finding(PARAMETERS, f"default finds nothing that is free and has an effect in {where}; remove `search`")
    for name in space.search.named:
        if name not in searched:
            yield Finding(join_path(PARAMETERS, name), f"has no effect in {where} as it is set; remove it", at_key=True)


def check_grid(space: SearchSpace, own_searches: Sequence[ArmSearch]) -> Iterator[Finding]:
    """Check that the budget holds the coarsest grid of every arm: the searcher ``grid`` promises every combination.

    Args:
        space: to check.
        own_searches: of the arms that are searched themselves, not by inheritance.
    """
    if space.search is None or space.search.searcher != "grid":
        return
    sizes = {search.arm: grid_size(search.parameters, COARSEST) for search in own_searches}
    largest = max(sizes, key=lambda arm: sizes[arm], default=None)
    if largest is not None and sizes[largest] > space.search.trials:
        message = f"is {space.search.trials}, but the coarsest grid of arm {largest!r} has {sizes[largest]} points"
        yield Finding("search.trials", f"{message}; raise it or search fewer parameters")


def check_starts(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> Iterator[Finding]:
    """Every starting point gives searched parameters values that they may take, and can run in some arm.

    Args:
        space: with ``search.start``.
        catalogue: methods and their conflicts.
        arms: of the space.
    """
    if space.search is None:
        return
    searched: dict[str, list[Distribution]] = {}
    for method in _searched_methods(space, catalogue):
        for name, parameter in parameters_of(space.search, method).items():
            searched.setdefault(name, []).append(parameter.distribution)
    for i, start in enumerate(space.search.start):
        path = join_path("search.start", i)
        is_sound = True
        for name, value in start.items():
            message = None
            if name not in searched:
                message = f"is not searched; {suggest(name, searched)}"
            elif not any(distribution.contains(value) for distribution in searched[name]):
                ranges = dict.fromkeys(distribution.describe() for distribution in searched[name])
                message = f"must be {' or '.join(ranges)}, got {show(value)}"
            if message is not None:
                is_sound = False
                yield Finding(join_path(path, name), message, at_key=name not in searched)
        trained = [arm for arm in arms if not arm.is_external] if is_sound else []
        conflicts = [find_impossible(catalogue.methods[arm.model], arm, start) for arm in trained]
        if conflicts and all(conflicts):
            yield Finding(path, f"is impossible: {conflicts[0]}; change or remove it")
