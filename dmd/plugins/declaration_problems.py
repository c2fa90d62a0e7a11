"""What can be wrong with a declaration, said before anything is built."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, cast

from dmd.data.dataset.input_config import InputConfig
from dmd.declaration.method import Method
from dmd.plugins.form_problems import find_form_problems
from dmd.settings import Field, fields_of
from dmd.training.config import TrainingConfig

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FORMS = {"log_uniform": 2, "uniform": 2, "int": 2}


def find_problems(method: Method) -> Iterator[str]:
    """Everything that is wrong with a declaration, a line each: what, which rule, what to do."""
    where = f"method {method.name!r}"
    if not _NAME.fullmatch(str(method.name)):
        yield f"{where}: `name` must be letters, digits, `_` and `-`, beginning with a letter"
    if malformed := [f"{where}: {problem}" for problem in find_form_problems(method)]:
        yield from malformed
        return
    if not (isinstance(method.settings, type) and dataclasses.is_dataclass(method.settings)):
        yield f"{where}: `settings` must be a dataclass, got {method.settings!r}; write @dataclass(frozen=True)"
        return
    try:
        own = {part.name: part for part in fields_of(method.settings)}
    except (KeyError, TypeError, NameError) as error:
        yield (
            f"{where}: a setting has a type that is none of bool, int, float, str, Literal[...] or a dataclass "
            f"({error}); give it one of them"
        )
        return
    shared = {part.name: part for part in (*fields_of(InputConfig), *fields_of(TrainingConfig))}
    if not getattr(method.settings, "__dataclass_params__").frozen:  # noqa: B009
        yield f"{where}: `settings` must be frozen; write @dataclass(frozen=True)"
    yield from (f"{where}: {problem}" for problem in _find_setting_problems(own, shared))
    yield from (f"{where}: {problem}" for problem in _find_component_problems(method, own))
    yield from (f"{where}: {problem}" for problem in _find_use_problems(method, own, {**shared, **own}))


def _find_setting_problems(own: Mapping[str, Field], shared: Collection[str]) -> Iterator[str]:
    for name, part in own.items():
        if name in shared or name == "preset":
            yield f"setting {name!r} is one that every method has; rename it"
        if not all(isinstance(choice, str) for choice in part.choices):
            yield f"setting {name!r}: the values of Literal must be texts, got {part.choices!r}"
            continue
        if cast(object, part.default) is dataclasses.MISSING:
            yield f"setting {name!r} has no default; write setting(DEFAULT, ...)"
        elif rule := part.find_problem(part.default):
            yield f"setting {name!r}: its default {rule}, got {part.default!r}"
        if part.kind in ("int", "float") and part.low is None and part.high is None:
            yield f"setting {name!r} has no bounds; write setting({part.default!r}, ..., low=..., high=...)"


def _find_component_problems(method: Method, own: Mapping[str, Field]) -> Iterator[str]:
    names = method.component_names
    for component in method.components:
        if component.name not in own:
            yield f"component {component.name!r} is no setting; add `{component.name}: bool = setting(True, ...)`"
        elif own[component.name].kind != "bool":
            yield f"component {component.name!r} must be a setting that is true or false"
        for other in (*component.needs, *component.needs_any):
            if other not in names:
                yield f"component {component.name!r} needs {other!r}, which is no component"
    if len(set(names)) < len(names):
        yield "a component is declared twice; keep one"
    shown = [component.shown for component in method.components]
    for label in sorted({label for label in shown if shown.count(label) > 1} if len(set(names)) == len(names) else ()):
        yield f"two components have the label {label!r}; readers could not tell them apart"
    if method.published is not None:
        rows = method.published.rows
        for name in sorted({name for row in rows for name in row} - set(names)):
            yield f"published rows name {name!r}, which is no component"
        if not rows or set(rows[0]) != set(names):
            yield "the first published row must have all components on"
        for edge in method.published.edges:
            if not all(0 <= row < len(rows) for row in edge):
                yield f"published edge {edge} names a row that is not there; rows count from 0"


def _find_use_problems(method: Method, own: Mapping[str, Field], all_: Mapping[str, Field]) -> Iterator[str]:
    for term in method.losses:
        for weight in term.weights:
            if weight not in own or own[weight].kind not in ("int", "float"):
                yield f"loss term {term.name!r} is weighed by {weight!r}, which is no number among the settings"
    for preset, settings in method.presets.items():
        yield from (f"preset {preset!r}: {problem}" for problem in _check_values(settings, all_))
    yield from (f"training: {problem}" for problem in _check_values(method.training, all_))
    for name, distribution in method.search.items():
        if name not in all_:
            yield f"search names {name!r}, which is no setting"
            continue
        if problem := _find_distribution_problem(distribution, all_[name].find_problem):
            yield f"search of {name!r}: {problem}"
    names = [phase.name for phase in method.phases]
    if len(set(names)) < len(names):
        yield "two phases have one name; rename one"


def _check_values(settings: Mapping[str, Any], known: Mapping[str, Field]) -> Iterator[str]:
    for name, value in settings.items():
        if name not in known:
            yield f"{name!r} is no setting"
        elif rule := known[name].find_problem(value):
            yield f"{name} {rule}, got {value!r}"


def _find_distribution_problem(distribution: Any, rule: Callable[[object], str | None]) -> str | None:
    if not isinstance(distribution, Mapping) or len(distribution) != 1:
        return 'must be one form, as {"log_uniform": [1e-4, 1e-2]} or {"choice": [...]}'
    ((form, values),) = distribution.items()
    if form not in (*_FORMS, "choice"):
        return f"unknown form {form!r}; known: {', '.join((*_FORMS, 'choice'))}"
    if not isinstance(values, Iterable) or isinstance(values, str) or len(list(values)) < 2:
        return f"{form} takes a list of at least two values"
    if form in _FORMS and len(list(values)) != _FORMS[form]:
        return f"{form} takes [low, high]"
    numbers = [value for value in values if isinstance(value, int | float)]
    if form in _FORMS and len(numbers) == len(list(values)) and numbers[0] >= numbers[1]:
        return f"{form} takes [low, high], low below high, got {numbers}"
    return next((f"{broken}, got {value!r}" for value in values if (broken := rule(value))), None)
