"""The method catalogue: the methods of ``dmd`` as ``search_spaces`` reads them."""

from __future__ import annotations

from collections.abc import Mapping

from dmd.data.dataset.input_config import InputConfig, inactive_inputs
from dmd.declaration.method import Method
from dmd.metrics import METRIC_NAMES
from dmd.registry import METHODS
from dmd.settings import Field, fields_of
from dmd.training.config import TrainingConfig
from search_spaces.terms.catalogue import Catalogue, MethodSchema, SettingSchema


def describe_methods(methods: Mapping[str, Method] = METHODS) -> Catalogue:
    """Every registered method with its settings, components and rules."""
    return Catalogue({name: _describe(method) for name, method in methods.items()}, METRIC_NAMES)


def _describe(method: Method) -> MethodSchema:
    fields = [*fields_of(method.settings), *fields_of(InputConfig), *fields_of(TrainingConfig)]
    settings = {part.name: _setting(part, method) for part in fields}
    if method.presets:
        names = tuple(method.presets)
        settings["preset"] = _setting(
            Field("preset", "choice", names[0], choices=names, description="a set of defaults"), method
        )
    return MethodSchema(
        name=method.name,
        settings=settings,
        components=method.component_names,
        presets=method.presets,
        find_conflict=method.conflict,
        needs=method.needs,
        inactive=lambda settings: method.inactive(settings) | inactive_inputs(settings),
    )


def _setting(part: Field, method: Method) -> SettingSchema:
    return SettingSchema(
        name=part.name,
        kind=part.kind,
        default=method.training.get(part.name, part.default),
        find_problem=part.find_problem,
        low=part.low,
        high=part.high,
        low_exclusive=part.low_exclusive,
        choices=part.choices,
        description=part.description,
    )
