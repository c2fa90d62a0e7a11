"""What a method declares about itself must fit together: its default search, its published rows, its kept heads."""

from __future__ import annotations

from collections.abc import Iterator

from search_spaces.design.settings import check_value
from search_spaces.schema.conditions import parents_first, parse_parameter
from search_spaces.schema.distributions import Choice, Distribution, IntRange
from search_spaces.terms.catalogue import MethodSchema, PublishedSchema, SettingSchema
from search_spaces.terms.problems import suggest


def find_search_problems(method: MethodSchema) -> Iterator[str]:
    """What is wrong with the method's default search."""
    conditions = {}
    for name, declared in method.search.items():
        begin = f"the default search that {method.name} declares: {name}"
        if name == "preset" or name not in method.settings:
            yield f"{begin} is no setting that can be searched; {suggest(name, method.settings)}"
            continue
        try:
            parameter = parse_parameter(declared)
        except ValueError as error:
            yield f"{begin} {error}"
            continue
        conditions[name] = parameter.when
        message = find_distribution_problem(method, method.settings[name], parameter.distribution)
        unknown = [other for other in parameter.when if other not in method.settings]
        if message:
            yield f"{begin}: {message}"
        elif unknown:
            yield f"{begin} depends on {unknown[0]}, which is no setting of it; {suggest(unknown[0], method.settings)}"
    try:
        parents_first(conditions)
    except ValueError as error:
        yield f"the default search that {method.name} declares: {error}"


def find_design_problems(method: MethodSchema) -> Iterator[str]:
    """What is wrong with the components, the published rows and the kept heads that the method declares."""
    names = method.component_names
    for name in names:
        if name not in method.settings or method.settings[name].kind != "bool":
            yield f"{method.name} declares the component {name}, which is no setting of it that is true or false"
    if method.published is not None:
        yield from _find_table_problems(method, method.published)
    kept = method.kept_heads
    if kept is not None:
        if kept.setting not in method.settings or method.settings[kept.setting].kind != "bool":
            yield f"{method.name} keeps heads by {kept.setting}, which is no setting of it that is true or false"
        for name in kept.components:
            if name not in names:
                yield f"{method.name} keeps the heads of {name}, which is no component of it; {suggest(name, names)}"


def _find_table_problems(method: MethodSchema, published: PublishedSchema) -> Iterator[str]:
    if not published.rows or not published.rows[0]:
        yield f"{method.name} publishes no row with its components; begin with the one that has all"
        return
    first = published.rows[0]
    for i, row in enumerate(published.rows):
        unknown = next((name for name in row if name not in method.component_names), None)
        if unknown is not None:
            hint = suggest(unknown, method.component_names)
            yield f"row {i} that {method.name} publishes has {unknown}, which is no component of it; {hint}"
        elif not set(row) <= set(first):
            yield f"row {i} that {method.name} publishes has more than row 0, which must have all components of it"
    last = len(published.rows) - 1
    for edge in published.edges:
        if len(edge) != 2 or not all(0 <= i <= last for i in edge):
            yield f"edge {edge} that {method.name} publishes must be two of its rows, 0 to {last}"
        elif not set(published.rows[edge[1]]) < set(published.rows[edge[0]]):
            yield f"edge {edge} that {method.name} publishes must go from a row to one with fewer of its components"


def find_distribution_problem(method: MethodSchema, schema: SettingSchema, distribution: Distribution) -> str | None:
    """Why the setting cannot be searched over the distribution, or None."""
    if isinstance(distribution, Choice):
        return next((message for option in distribution.options if (message := check_value(schema, option))), None)
    if schema.kind in ("bool", "choice", "text"):
        values = {"bool": "true, false", "text": "..."}.get(schema.kind, ", ".join(schema.choices))
        return f"{method.name}.{schema.name} has no range; write {{choice: [{values}]}}"
    if (schema.kind == "int") != isinstance(distribution, IntRange):
        form = "int" if schema.kind == "int" else "uniform"
        noun = "whole number" if schema.kind == "int" else "number"
        return f"{method.name}.{schema.name} is a {noun}; write {{{form}: [low, high]}}"
    for bound in (distribution.low, distribution.high):
        message = check_value(schema, bound)
        if message:
            return f"a bound of {method.name}.{schema.name} {message}; narrow the range"
    return None
