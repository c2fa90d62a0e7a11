"""What is searched for which arm, and whose search an arm takes its configuration from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from search_spaces.design.components import switched_settings
from search_spaces.design.searched_parameters import parameters_of
from search_spaces.design.settings import coerce, full_settings
from search_spaces.design.subsets import SUBSET_SETTING
from search_spaces.schema.conditions import Condition, SearchedParameter, holds, parents_first
from search_spaces.schema.distributions import Choice, Distribution
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue, MethodSchema
from search_spaces.terms.trial import Arm, Value

MAX_CASES = 4096


@dataclass(frozen=True)
class ArmSearch:
    """How one arm comes to its configuration.

    Attributes:
        arm: name of the arm.
        owner: the arm whose search supplies the configuration; None if nothing is searched for this arm. An arm is
            searched for itself exactly if ``owner == arm``.
        parameters: the searched parameters that have an effect in this arm, in the order of the file, except that each
            comes after those that its condition names.
        conditions: of the parameters that are active only under some values of others; conditions on what the arm fixes
            are resolved already.
    """

    arm: str
    owner: str | None
    parameters: Mapping[str, Distribution]
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def is_active(self, name: str, settings: Mapping[str, Value]) -> bool:
        """Whether the parameter exists under these full settings."""
        return holds(self.conditions.get(name, {}), settings)


def plan_searches(space: SearchSpace, catalogue: Catalogue, arms: Sequence[Arm]) -> tuple[ArmSearch, ...]:
    """How each arm comes to its configuration.

    A control never has a search of its own: it takes the baseline's configuration, so that it differs from it by the
    seeds alone. With scope ``baseline`` the ablations inherit; another method's settings may share a name with the
    baseline's, not its meaning, so it keeps its own.

    Args:
        space: that says what is searched.
        catalogue: of the methods.
        arms: of the space, the baseline first.

    Returns:
        One entry per arm, in the order of the arms.
    """
    baseline = arms[0]
    of_baseline = _active_parameters(space, catalogue, baseline)
    searches = []
    for arm in arms:
        parameters = {} if arm.is_external else _active_parameters(space, catalogue, arm)
        owner: str | None = arm.name
        if arm.role == "control" or (space.scope == "baseline" and arm.role != "model"):
            owner = baseline.name
            parameters = {name: parameters[name] for name in of_baseline if name in parameters}
        if space.scope == "none" or not parameters or (space.scope == "baseline" and arm.role == "model"):
            owner, parameters = None, {}
        searches.append(_arm_search(arm.name, owner, parameters))
    return tuple(searches)


def _arm_search(arm: str, owner: str | None, parameters: Mapping[str, SearchedParameter]) -> ArmSearch:
    return ArmSearch(
        arm,
        owner,
        {name: parameter.distribution for name, parameter in parameters.items()},
        {name: parameter.when for name, parameter in parameters.items() if parameter.when},
    )


def _active_parameters(space: SearchSpace, catalogue: Catalogue, arm: Arm) -> dict[str, SearchedParameter]:
    """What may be searched in the arm, parents first; conditions on what is not searched in it are resolved."""
    possible = _possible_parameters(space, catalogue, arm)
    settings = full_settings(catalogue.methods[arm.model], arm.settings)
    existing: dict[str, SearchedParameter] = {}
    for name in parents_first({name: parameter.when for name, parameter in possible.items()}):
        condition = possible[name].when
        if holds({other: values for other, values in condition.items() if other not in existing}, settings):
            open_part = {other: values for other, values in condition.items() if other in existing}
            existing[name] = SearchedParameter(possible[name].distribution, open_part)
    return existing


def _possible_parameters(space: SearchSpace, catalogue: Catalogue, arm: Arm) -> dict[str, SearchedParameter]:
    """What the arm's method has, the file does not fix for the arm, and can have an effect in it."""
    if space.search is None:
        return {}
    method = catalogue.methods[arm.model]
    fixed = _fixed_by_file(space, arm) | (_varied_by_file(space, method, arm) - frozenset(space.search.named))
    searched = {
        name: SearchedParameter(_suited(method, name, parameter.distribution), parameter.when)
        for name, parameter in parameters_of(space.search, method).items()
        if name in method.settings and name not in fixed
    }
    inactive = _always_inactive(method, arm, {name: parameter.distribution for name, parameter in searched.items()})
    return {name: parameter for name, parameter in searched.items() if name not in inactive}


def _fixed_by_file(space: SearchSpace, arm: Arm) -> frozenset[str]:
    """Settings that the file itself gives this arm. What a preset gives may be searched over, these may not."""
    if arm.role == "model":
        spec = next(spec for spec in space.arms.models if (spec.arm or spec.name) == arm.name)
        return frozenset(spec.settings)
    return frozenset(space.model.settings)


def _varied_by_file(space: SearchSpace, method: MethodSchema, arm: Arm) -> frozenset[str]:
    """Settings in which the arms of the baseline's method differ by design: no default search may vary them."""
    if arm.role == "model":
        return frozenset()
    switched = switched_settings(method, space.arms.ablation) if space.arms.ablation else ()
    return frozenset((*switched, SUBSET_SETTING) if space.arms.modalities else switched)


def _suited(method: MethodSchema, name: str, distribution: Distribution) -> Distribution:
    if isinstance(distribution, Choice):
        return Choice(tuple(coerce(method.settings[name], option) for option in distribution.options))
    return distribution


def _always_inactive(method: MethodSchema, arm: Arm, searched: Mapping[str, Distribution]) -> frozenset[str]:
    """Parameters without effect under every possible combination of the searched choices."""
    choices = {
        name: distribution.options for name, distribution in searched.items() if isinstance(distribution, Choice)
    }
    if math.prod(len(options) for options in choices.values()) > MAX_CASES:
        # Too many to look at: searching a value without effect costs time, leaving one out would cost the answer.
        return frozenset()
    inactive = frozenset(searched)
    for case in every_case(choices):
        settings = full_settings(method, {**arm.settings, **case})
        if method.find_conflict(settings) is None:
            inactive &= method.inactive(settings)
    return inactive


def every_case(values: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, Value]]:
    """Every way to give each name one of its values."""
    for case in itertools.product(*values.values()):
        yield dict(zip(values, case, strict=True))
