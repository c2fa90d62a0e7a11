"""A method's declaration as a page for readers, in Markdown: of the package's own methods and of anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dmd.data.dataset.input_config import InputConfig
from dmd.declaration.component import Component, LossTerm
from dmd.declaration.method import Method
from dmd.job import Setting
from dmd.registry import find_method, known_methods
from dmd.settings import Field
from dmd.training.config import TrainingConfig
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.other_names import find_other_name
from orchestration.planning.setting_meanings import described_fields
from orchestration.process.errors import UsageError


def describe_named(name: str) -> str:
    """The page of the method of that name.

    Raises:
        UsageError: for no method's name, with what else it is known as.
        ConfigurationError: for a name that nothing has, with the nearest one.
    """
    if name not in known_methods() and (other := find_other_name(name, describe_methods())) is not None:
        raise UsageError(f"no method {name!r}: it is {other.what}; --describe {other.method} tells of it")
    return describe_method(find_method(name))


def describe_method(method: Method) -> str:
    """What the method is, its components, the terms of its loss, its settings, presets and default search."""
    defaults = method.defaults
    shared = {part.name: part for part in (*described_fields(InputConfig), *described_fields(TrainingConfig))}
    paragraphs = [f"# {method.shown}", f"`{method.name}`{f'. {method.description}' if method.description else ''}"]
    if method.components:
        meanings = {part.name: part.description for part in described_fields(method.settings)}
        rows = (_component(component, meanings[component.name]) for component in method.components)
        paragraphs += ["## Components", _table(("component", "label", "needs", "what it is"), rows)]
    if method.losses:
        paragraphs += ["## Loss", _table(("term", "weight", "what it is"), map(_loss, method.losses))]
    settings = [_setting(part, part.default) for part in described_fields(method.settings)]
    paragraphs += ["## Settings", _table(("setting", "default", "values", "what it is"), settings)]
    changed = [_setting(shared[name], value) for name, value in defaults.items() if name in shared]
    if changed:
        told = "Of the settings that every method has, these have other defaults here:"
        paragraphs += [told, _table(("setting", "default", "values", "what it is"), changed)]
    if method.published is not None:
        shown = [", ".join(f"`{name}`" for name in row) or "none" for row in method.published.rows]
        source = f" ({method.published.source})" if method.published.source else ""
        paragraphs += [f"## Published rows{source}", "\n".join(f"{i}. {row}" for i, row in enumerate(shown, 1))]
    if method.presets:
        paragraphs += ["## Presets", "\n".join(_preset(name, settings) for name, settings in method.presets.items())]
    if method.search:
        searched = [(f"`{name}`", _distribution(form)) for name, form in method.search.items()]
        paragraphs += ["## Searched by default", _table(("setting", "distribution"), searched)]
    return "\n\n".join(paragraphs) + "\n"


def _component(component: Component, meaning: str) -> Sequence[str]:
    """meaning: of its setting, for a component that says nothing of its own."""
    needs = [f"`{name}`" for name in component.needs]
    if component.needs_any:
        needs.append(" or ".join(f"`{name}`" for name in component.needs_any))
    return f"`{component.name}`", component.shown, ", ".join(needs) or "-", component.description or meaning


def _loss(term: LossTerm) -> Sequence[str]:
    return f"`{term.name}`", " x ".join(f"`{name}`" for name in term.weights) or "1", term.description


def _setting(part: Field, default: Setting) -> Sequence[str]:
    return f"`{part.name}`", f"`{_shown(default)}`", _values(part), part.description


def _values(part: Field) -> str:
    if part.kind == "choice":
        return ", ".join(f"`{choice}`" for choice in part.choices)
    if part.kind in ("bool", "text"):
        return {"bool": "`true`, `false`", "text": "a text"}[part.kind]
    kind = "whole number" if part.kind == "int" else "number"
    bounds = []
    if part.low is not None:
        bounds.append(f"{'above' if part.low_exclusive else 'from'} {part.low:g}")
    if part.high is not None:
        bounds.append(f"to {part.high:g}")
    return " ".join((kind, *bounds))


def _preset(name: str, settings: Mapping[str, Setting]) -> str:
    told = ", ".join(f"`{key}: {_shown(value)}`" for key, value in settings.items())
    return f"- `{name}`: {told or 'the defaults'}"


def _distribution(form: Mapping[str, Sequence[Setting]]) -> str:
    ((kind, values),) = form.items()
    return f"`{{{kind}: [{', '.join(_shown(value) for value in values)}]}}`"


def _shown(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
