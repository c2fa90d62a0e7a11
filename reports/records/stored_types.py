"""Whether what was read from JSON has the types that a record or a description says, before anybody relies on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")
Fits = Callable[[Any], bool]


KNOWN_KEYS: Mapping[str, Mapping[str, Any]] = {
    "search": {
        "scope": str,
        "searcher": str,
        "scheduler": str,
        "stopping": str,
        "objective": str,
        "trials": int,
        "starting_points": int,
        "objectives": list[str],
        "memory": str,
        "parameters": Mapping[str, Any],
        "distributions": Mapping[str, Any],
        "ranges": Mapping[str, Mapping[str, Mapping[str, Any]]],
    },
    "confirm": {"seeds": list[int], "top": int, "details": bool, "racing": Mapping[str, Any], "missing": list[str]},
    "data": {
        "name": str,
        "protocol": str,
        "num_items": int,
        "num_groups": int,
        "groups_are": str,
        "official_split": bool,
        "label_scale": list[float],
        "clip_limit": float,
        "target": Mapping[str, str | list[str]],
        "cautions": list[str],
        "tested_groups_seen": list[int],
    },
    "provenance": {"command_line": str | list[str]},
}
"""What reports look up in the free-form sections of a description; every key may be absent."""


class NotAsWritten(ValueError):
    """Stored JSON that this version did not write. The message is one line that begins with what was read."""


def require_types(value: T, where: str) -> T:
    """``value``, a frozen dataclass, if all its fields are of their types.

    Raises NotAsWritten naming every field that is not.
    """
    kind: type[Any] = type(value)
    checks = _checks_of(kind)  # type: ignore[arg-type]  # to mypy a class has no hash
    wrong = [name for name, fits in checks if not fits(getattr(value, name))]
    if wrong:
        raise NotAsWritten(f"{where}: {', '.join(wrong)} cannot be; the JSON was changed or written by another version")
    return value


def require_known_keys(section: str, content: Mapping[str, Any], where: str) -> None:
    """Check what reports look up in a free-form section.

    Args:
        section: a key of :data:`KNOWN_KEYS`; of any other nothing is checked.
        content: the section as read.
        where: what was read, for the message.

    Raises:
        NotAsWritten: for the first value that is not of its type.
    """
    for key, hint in KNOWN_KEYS.get(section, {}).items():
        if content.get(key) is not None and not _check_of(hint)(content[key]):
            raise NotAsWritten(
                f"{where}: {section}.{key} cannot be {content[key]!r}; "
                "the JSON was changed or written by another version"
            )


@cache
def _checks_of(kind: type[Any]) -> tuple[tuple[str, Fits], ...]:
    return tuple((name, _check_of(hint)) for name, hint in get_type_hints(kind).items())


def _check_of(hint: Any) -> Fits:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in arguments
    if origin in (Union, UnionType):
        if bool in arguments and all(isinstance(argument, type) for argument in arguments):
            return lambda value: isinstance(value, arguments)
        checks = [_check_of(argument) for argument in arguments]
        return lambda value: any(check(value) for check in checks)
    if origin in (tuple, list):
        return _sequence_of(origin, _check_of(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_of(*map(_check_of, arguments))
    if hint is float:
        return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    wanted = np.ndarray if origin is np.ndarray else NoneType if hint is None else hint
    return lambda value: isinstance(value, wanted)


def _sequence_of(kind: type[Any], check: Fits) -> Fits:
    return lambda value: isinstance(value, kind) and all(check(item) for item in value)


def _mapping_of(check_key: Fits, check: Fits) -> Fits:
    return lambda value: isinstance(value, Mapping) and all(check_key(k) and check(v) for k, v in value.items())
