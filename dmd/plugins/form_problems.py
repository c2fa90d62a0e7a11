"""Fields of a declaration that are not what they are declared to be.

Nothing of Python checks them, and a text taken for a tuple of texts is read letter by letter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from dmd.declaration.component import Component, LossTerm, Phase, PublishedRows
from dmd.declaration.method import Method

_PARTS: Mapping[str, type] = {"components": Component, "losses": LossTerm, "phases": Phase}


def find_form_problems(method: Method) -> Iterator[str]:
    """What is of another form than the declaration's, a line each: ``("a")`` is a text and no tuple."""
    if not callable(method.build):
        yield "`build` must be a module's class or a function (settings, dims) -> module"
    yield from _find_text_problems(method, f"Method {method.name!r}")
    for name in ("training", "presets", "search"):
        if not isinstance(getattr(method, name), Mapping):
            yield f"`{name}` must be a dictionary, got {_shorten(getattr(method, name))}"
    if (
        isinstance(method.smallest_batch, bool)
        or not isinstance(method.smallest_batch, int)
        or method.smallest_batch < 1
    ):
        yield f"`smallest_batch` must be a whole number of at least 1, got {method.smallest_batch!r}"
    for name, kind in _PARTS.items():
        parts: object = getattr(method, name)
        if not isinstance(parts, tuple | list) or not all(isinstance(part, kind) for part in parts):
            yield f"`{name}` must be a tuple of {kind.__name__}, as ({kind.__name__}(...),), got {_shorten(parts)}"
            continue
        for part in parts:
            yield from _find_part_problems(part, f"{kind.__name__} {part.name!r}")
    if method.published is not None:
        yield from _find_published_problems(method.published)


def _find_part_problems(part: Component | LossTerm | Phase, what: str) -> Iterator[str]:
    yield from _find_text_problems(part, what)
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if str(field.type).startswith("tuple[") and not _is_texts(value):
            yield f'`{field.name}` of {what} must be a tuple of texts, as ("a",), got {_shorten(value)}'
    if isinstance(part, Phase) and not (isinstance(part.learning_rate, int | float) and part.learning_rate > 0):
        yield f"`learning_rate` of {what} must be a number above 0, got {part.learning_rate!r}"


def _find_text_problems(part: object, what: str) -> Iterator[str]:
    for field in dataclasses.fields(part):  # type: ignore[arg-type]
        value = getattr(part, field.name)
        if field.type == "str" and not (isinstance(value, str) and (value.isprintable() and "|" not in value)):
            yield f"`{field.name}` of {what} must be a text of one line without |, got {_shorten(value)}"


def _find_published_problems(published: PublishedRows) -> Iterator[str]:
    if not isinstance(published, PublishedRows):
        yield f"`published` must be PublishedRows(...), got {_shorten(published)}"
        return
    rows, edges = published.rows, published.edges
    if not isinstance(rows, tuple | list) or not all(_is_texts(row) for row in rows):
        yield f'the rows of `published` must be a tuple of tuples, as (("a", "b"), ("a",), ()), got {_shorten(rows)}'
    if not isinstance(edges, tuple | list) or not all(_is_pair(edge) for edge in edges):
        yield f"the edges of `published` must be a tuple of pairs of rows, as ((0, 1),), got {_shorten(edges)}"


def _is_texts(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(item, str) for item in value)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(row, int) for row in value)


def _shorten(value: object) -> str:
    return " ".join(repr(value).split())[:80]
