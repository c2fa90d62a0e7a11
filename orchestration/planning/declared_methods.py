"""What methods declare, as reports read it."""

from __future__ import annotations

from collections.abc import Iterable

from dmd.declaration.method import Method
from dmd.registry import find_method
from dmd.settings import fields_of
from reports.records.declared import DeclaredComponent, DeclaredMethod, DeclaredTerm


def declare_methods(names: Iterable[str]) -> dict[str, DeclaredMethod]:
    """The declarations of registered methods, by name."""
    return {name: declare(find_method(name)) for name in names}


def declare(method: Method) -> DeclaredMethod:
    """What a report shows of a method: words and names, nothing that runs."""
    defaults = {part.name: part.default for part in fields_of(method.settings)}
    printed, kept = method.published, method.kept_heads
    return DeclaredMethod(
        label=method.shown,
        description=method.description,
        components=tuple(
            DeclaredComponent(part.name, part.shown, part.description, bool(defaults[part.name]))
            for part in method.components
        ),
        losses=tuple(DeclaredTerm(term.name, term.weights, term.description) for term in method.losses),
        kept_heads="" if kept is None else kept.setting,
        rows=() if printed is None else printed.rows,
        source="" if printed is None else printed.source,
    )
