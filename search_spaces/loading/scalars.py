"""What a plain YAML word means: the YAML 1.2 core schema.

PyYAML follows YAML 1.1, where ``1e-3`` is text, ``off`` is false, ``010`` is eight and ``1:30`` is ninety. None of that
is what the writer of a search space means.
"""

from __future__ import annotations

import math
import re

from search_spaces.terms.trial import Value

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, Value | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
MAX_DIGITS = 200  # whatever passes also fits a double


class NumberError(ValueError):
    """A word that is written as a number but is none that a setting can have."""


def resolve_scalar(text: str) -> Value | None:
    """The value of an unquoted word.

    Raises:
        NumberError: for infinities, NaN, and numbers beyond the range of a double.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        raise NumberError(f"must be a finite number, got {text}")
    is_integer, is_based, is_float = (form.fullmatch(text) for form in (_INTEGER, _BASED, _FLOAT))
    if (is_integer or is_based or is_float) and len(text) > MAX_DIGITS:
        raise NumberError(f"must be a number of at most {MAX_DIGITS} characters, got {len(text)}")
    if is_integer:
        return int(text)
    if is_based:
        return int(text, 0)
    if is_float:
        number = float(text)
        if not math.isfinite(number):
            raise NumberError(f"must be a number within double precision, got {text}")
        return number
    return text
