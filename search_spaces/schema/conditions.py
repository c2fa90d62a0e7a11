"""Parameters that exist only under other values: ``weight: {log_uniform: [0.005, 0.5], when: {term: true}}``.

A condition names settings and the values that they must have; all of them must hold. It looks at the value that a trial
would run with, so it may name what an arm fixes as well as what is searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from search_spaces.schema.distributions import Choice, Distribution, parse_distribution
from search_spaces.terms.problems import show
from search_spaces.terms.trial import Value

Condition = Mapping[str, tuple[Value, ...]]
"""Setting -> the values under which the condition holds."""

WHEN = "when"


@dataclass(frozen=True)
class SearchedParameter:
    """One entry of ``search.parameters``. when: empty for a parameter that always exists."""

    distribution: Distribution
    when: Condition = field(default_factory=dict)

    def declare(self) -> dict[str, Any]:
        """The YAML form."""
        condition = {name: list(values) for name, values in self.when.items()}
        return {**self.distribution.declare(), **({WHEN: condition} if condition else {})}


def parse_parameter(declared: Any) -> SearchedParameter:
    """The parameter that a YAML value declares.

    Raises:
        ValueError: with the rule, the value and the remedy.
    """
    if not isinstance(declared, dict) or WHEN not in declared:
        return SearchedParameter(parse_distribution(declared))
    distribution = parse_distribution({key: value for key, value in declared.items() if key != WHEN})
    return SearchedParameter(distribution, _parse_condition(declared[WHEN]))


def _parse_condition(declared: Any) -> Condition:
    if not isinstance(declared, dict) or not declared:
        raise ValueError(f"`when` takes settings with their values, as {{switch: true}}, got {show(declared)}")
    condition = {}
    for name, values in declared.items():
        listed = values if isinstance(values, (list, tuple)) else [values]
        if not listed or not all(isinstance(value, (bool, int, float, str)) for value in listed):
            raise ValueError(f"`when` needs a value or a list of values for {name!r}, got {show(values)}")
        condition[name] = tuple(listed)
    return condition


def holds(condition: Condition, settings: Mapping[str, Value]) -> bool:
    """Whether the condition holds under full settings; one that names a setting which is not there does not."""
    return all(name in settings and Choice(values).contains(settings[name]) for name, values in condition.items())


def parents_first(conditions: Mapping[str, Condition]) -> tuple[str, ...]:
    """The keys of ``conditions``, each after those that its condition names, otherwise in the given order.

    Raises:
        ValueError: naming the circle where conditions depend on each other.
    """
    graph = {name: [other for other in condition if other in conditions] for name, condition in conditions.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: Sequence[str] = error.args[1]
        raise ValueError(f"conditions go round in a circle: {' -> '.join(reversed(circle))}; break it") from None
    ordered: dict[str, None] = {}

    def place(name: str) -> None:
        for parent in graph[name]:
            place(parent)
        ordered.setdefault(name)

    for name in conditions:
        place(name)
    return tuple(ordered)
