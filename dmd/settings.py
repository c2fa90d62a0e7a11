"""Settings: frozen dataclasses seen as flat, dotted names (``gd.prior``) with kinds, bounds and choices.

A search space speaks of flat names; a model wants a typed value. This module is the one bridge between them.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from dmd.errors import ConfigurationError
from dmd.job import Setting

Config = TypeVar("Config")
Kind = Literal["bool", "int", "float", "choice", "text"]


@dataclass(frozen=True)
class Field:
    """One setting and the rule that its value must keep.

    Attributes:
        name: dotted, as in ``gd.prior``.
        kind: of its values.
        default: the value where none is given.
        low: lower bound of a number; None: unbounded below.
        high: upper bound of a number, included; None: unbounded above.
        low_exclusive: whether ``low`` itself is outside.
        choices: the values that may be taken; empty for every other kind than ``choice``.
        description: one line for users.
    """

    name: str
    kind: Kind
    default: Setting
    low: float | None = None
    high: float | None = None
    low_exclusive: bool = False
    choices: tuple[str, ...] = ()
    description: str = ""

    def find_problem(self, value: object) -> str | None:
        """The rule that ``value`` breaks, in words, or None."""
        if self.kind == "choice":
            return None if value in self.choices else f"must be one of {', '.join(self.choices)}"
        if self.kind == "text":
            return None if isinstance(value, str) and value.strip() else "must be a text"
        if self.kind == "bool":
            return None if isinstance(value, bool) else "must be true or false"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"must be {'a whole number' if self.kind == 'int' else 'a number'}"
        if self.kind == "int" and not isinstance(value, int):
            return "must be a whole number"
        if not math.isfinite(value):
            return "must be finite"
        if self.low is not None and (value < self.low or (self.low_exclusive and value == self.low)):
            return f"must be {'above' if self.low_exclusive else 'at least'} {self.low:g}"
        if self.high is not None and value > self.high:
            return f"must be at most {self.high:g}"
        return None


def setting(
    default: Any,
    description: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    low_exclusive: bool = False,
) -> Any:
    """A dataclass field that carries the rule its value must keep.

    Args:
        default: the value where none is given.
        description: one line for users.
        low: lower bound of a number; None: unbounded below.
        high: upper bound of a number, included; None: unbounded above.
        low_exclusive: whether ``low`` itself is outside.

    Returns:
        The field, for the right-hand side of an annotated attribute.
    """
    rule = {"description": description, "low": low, "high": high, "low_exclusive": low_exclusive}
    return dataclasses.field(default=default, metadata=rule)


def fields_of(config_type: type, prefix: str = "") -> Iterator[Field]:
    """Every setting of a (nested) frozen dataclass, in the order of declaration."""
    hints = typing.get_type_hints(config_type)
    for part in dataclasses.fields(config_type):
        name, hint = prefix + part.name, hints[part.name]
        if dataclasses.is_dataclass(hint):
            yield from fields_of(typing.cast(type, hint), f"{name}.")
        else:
            kind, choices = _kind_of(hint)
            yield Field(name, kind, part.default, choices=choices, **part.metadata)  # type: ignore[arg-type]


def build_config(config_type: type[Config], settings: Mapping[str, Setting], where: str) -> Config:
    """The typed value for flat settings.

    Args:
        config_type: frozen dataclass to build, nested ones included.
        settings: dotted name -> value; names that are absent keep their default.
        where: beginning of each line of an error: what the settings belong to.

    Raises:
        ConfigurationError: with one line per unknown name or broken rule.
    """
    known = {part.name: part for part in fields_of(config_type)}
    problems = []
    for name, value in settings.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            problems.append(f"{where}: no setting {name!r}{f', did you mean {near[0]!r}?' if near else ''}")
        elif rule := known[name].find_problem(value):
            problems.append(f"{where}: {name} {rule}, got {value!r}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return _assemble(config_type, settings, "")


def flatten(config: object, prefix: str = "") -> dict[str, Setting]:
    """The inverse of :func:`build_config`: every setting with its value."""
    flat: dict[str, Setting] = {}
    for part in dataclasses.fields(typing.cast(Any, config)):
        value = getattr(config, part.name)
        if dataclasses.is_dataclass(value):
            flat.update(flatten(value, f"{prefix}{part.name}."))
        else:
            flat[prefix + part.name] = value
    return flat


def _assemble(config_type: type[Config], settings: Mapping[str, Setting], prefix: str) -> Config:
    hints = typing.get_type_hints(config_type)
    values: dict[str, Any] = {}
    for part in dataclasses.fields(typing.cast(Any, config_type)):
        name, hint = prefix + part.name, hints[part.name]
        if dataclasses.is_dataclass(hint):
            values[part.name] = _assemble(typing.cast(type, hint), settings, f"{name}.")
        elif name in settings:
            values[part.name] = float(settings[name]) if hint is float else settings[name]
    return config_type(**values)


def _kind_of(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if typing.get_origin(hint) is Literal:
        return "choice", typing.get_args(hint)
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return kinds[hint], ()
