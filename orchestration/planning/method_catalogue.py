"""The method catalogue: the methods of ``dmd`` as ``search_spaces`` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dmd.data.dataset.input_config import InputConfig, inactive_inputs
from dmd.declaration.method import Method
from dmd.registry import known_methods
from dmd.scoring import KNOWN_METRICS, METRIC_FAMILIES
from dmd.settings import Field
from dmd.training.config import TrainingConfig
from orchestration.planning.other_names import explain_name
from orchestration.planning.setting_meanings import described_fields
from search_spaces.terms.catalogue import (
    Catalogue,
    ComponentSchema,
    KeptHeadsSchema,
    MethodSchema,
    PublishedSchema,
    SettingSchema,
)


def describe_methods(methods: Mapping[str, Method] | None = None) -> Catalogue:
    """Every method as it is declared, and its rules.

    Args:
        methods: name -> method; None: those that this process knows, the ones of plugins among them.
    """
    known = known_methods() if methods is None else methods
    described = {name: _describe(method) for name, method in known.items()}
    catalogue = Catalogue(described, KNOWN_METRICS, METRIC_FAMILIES)
    return replace(catalogue, explain=lambda name: explain_name(name, catalogue))


def _describe(method: Method) -> MethodSchema:
    shared = (*described_fields(InputConfig), *described_fields(TrainingConfig))
    fields = [*described_fields(method.settings), *shared]
    settings = {part.name: _setting(part, method) for part in fields}
    if method.presets:
        names = tuple(method.presets)
        settings["preset"] = _setting(
            Field("preset", "choice", names[0], choices=names, description="a set of defaults"), method
        )
    published, kept_heads = method.published, method.kept_heads
    return MethodSchema(
        name=method.name,
        settings=settings,
        components=tuple(ComponentSchema(part.name, part.label, part.description) for part in method.components),
        presets=method.presets,
        find_conflict=method.conflict,
        needs=method.needs,
        inactive=lambda settings: method.inactive(settings) | inactive_inputs(settings),
        label=method.label,
        description=method.description,
        published=PublishedSchema(published.rows, published.edges, published.source) if published else None,
        kept_heads=KeptHeadsSchema(kept_heads.setting, kept_heads.components, kept_heads.effect)
        if kept_heads
        else None,
        search=method.search,
    )


def _setting(part: Field, method: Method) -> SettingSchema:
    return SettingSchema(
        name=part.name,
        kind=part.kind,
        default=method.defaults.get(part.name, part.default),
        find_problem=part.find_problem,
        low=part.low,
        high=part.high,
        low_exclusive=part.low_exclusive,
        choices=part.choices,
        description=part.description,
    )
