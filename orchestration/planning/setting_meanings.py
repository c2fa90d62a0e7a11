"""What every setting of a method means: its own line, or the one in the docstring of the class that declares it."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Iterator

from dmd.settings import Field, fields_of

_ATTRIBUTE = re.compile(r"^    ([\w, ]+): ((?:.|\n)+?)(?=\n    \w|\n\n|\Z)", re.MULTILINE)
_REFERENCE = re.compile(r"\s*\(?(?:see )?:\w+:`[^`]*`\)?")


def described_fields(config_type: type) -> Iterator[Field]:
    """The settings of a (nested) frozen dataclass as :func:`dmd.settings.fields_of` gives them, none without a meaning
    that a docstring has.

    A docstring lists them under ``Attributes:``. Writing them there changes no digest of code.
    """
    meanings = dict(_meanings(config_type, ""))
    for part in fields_of(config_type):
        yield part if part.description else dataclasses.replace(part, description=meanings.get(part.name, ""))


def _meanings(config_type: type, prefix: str) -> Iterator[tuple[str, str]]:
    """Dotted name -> meaning, for whatever a docstring of the class or of one that it inherits from describes."""
    told: dict[str, str] = {}
    for parent in config_type.__mro__:
        _, _, attributes = inspect.cleandoc(parent.__doc__ or "").partition("\nAttributes:\n")
        for names, meaning in _ATTRIBUTE.findall(attributes):
            for name in names.split(", "):
                told.setdefault(name, _plain(meaning))
    hints = typing.get_type_hints(config_type)
    for part in dataclasses.fields(config_type):
        if dataclasses.is_dataclass(hints[part.name]):
            yield from _meanings(typing.cast(type, hints[part.name]), f"{prefix}{part.name}.")
        elif part.name in told:
            yield f"{prefix}{part.name}", told[part.name]


def _plain(meaning: str) -> str:
    """A line of a docstring as Markdown: references to code say nothing to users."""
    return _REFERENCE.sub("", " ".join(meaning.split())).replace("``", "`").rstrip(".")
