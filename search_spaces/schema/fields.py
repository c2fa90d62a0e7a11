"""Types of single fields of the schema: each accepts one YAML value and gives one message when it cannot.

A plain union would report one mistake once per member; each of these decides by hand and says it once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from search_spaces.schema.durations import parse_date, parse_duration
from search_spaces.schema.seed_range import SeedRange
from search_spaces.terms.problems import show, suggest
from search_spaces.terms.trial import MODALITIES, Value

RULE_BROKEN = "rule_broken"
COSTS = ("parameters", "device_seconds")
"""What a search may trade off against validation metrics: the size of the model, the time of the trial."""
MAX_SEED = 2_000_000_000
MAX_CONFIRM_SEEDS = 1_000
MIN_RACED_SEEDS = 3
"""With fewer, a look has one degree of freedom or none on an official split."""
MOST_MISSING = 0.7
"""Rates end here by convention; of three modalities two thirds can be missing."""
SLUG = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def broken(message: str) -> PydanticCustomError:
    """An error whose text reaches the user as it is."""
    # The text is pydantic's template: braces from a user's value must not be read as fields of it.
    return PydanticCustomError(RULE_BROKEN, "{message}", {"message": message})


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _setting(value: Any) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise broken(f"must be a finite number, got {value}")
    if isinstance(value, (bool, int, float, str)):
        return value
    raise broken(f"must be one word, number, true or false, got {show(value)}")


def _objectives(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return _valid_metric(value)
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(entry, str) for entry in value):
        raise broken(f"must be a validation metric or a list that begins with one, got {show(value)}")
    if value[0] in COSTS:
        raise broken(f"begins with {value[0]!r}, but the first objective chooses the winner; put a valid/ metric first")
    named = tuple(entry if i and entry in COSTS else _valid_metric(entry) for i, entry in enumerate(value))
    if len(set(named)) < len(named):
        raise broken(f"names an objective twice, got {show(value)}; keep one")
    return named


def _starts(value: Any) -> tuple[dict[str, Value], ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(entry, dict) and entry for entry in value):
        raise broken(f"must be a list of configurations, as [{{gamma: 0.1}}], got {show(value)}")
    return tuple({name: _setting(setting) for name, setting in entry.items()} for entry in value)


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise broken(f"must be a regular expression, got {value!r}: {error}") from error
    return value


def _read_by(parse: Callable[[str], object]) -> Callable[[Any], str]:
    """Accepts a text that ``parse`` can read, and leaves it as it is written."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise broken(f"must be text with a unit or a date, as `2h` or `2026-10-01`, got {show(value)}")
        try:
            parse(value)
        except ValueError as error:
            raise broken(str(error)) from error
        return value

    return check


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _metric_of(part: str, why: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        prefix, _, metric = value.partition("/")
        if prefix == part and metric:
            return value
        suffix = metric or (prefix if "/" not in value else "mae")
        raise broken(f"{why}, got {value!r}; write {part}/{suffix}")

    return check


_valid_metric = _metric_of("valid", "the search may only see validation metrics, never the test split")


def _contrasts(value: Any) -> str | tuple[tuple[str, str], ...]:
    if value == "auto":
        return "auto"
    if not isinstance(value, (list, tuple)):
        raise broken(f"must be `auto` or a list of pairs of arms, got {show(value)}")
    for i, pair in enumerate(value):
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(arm, str) for arm in pair)):
            raise broken(f"entry {i + 1} must be a pair [first, second] of arm names, got {show(pair)}")
        if pair[0] == pair[1]:
            raise broken(f"entry {i + 1} compares {pair[0]!r} with itself; name two arms")
    pairs = tuple((first, second) for first, second in value)
    if len({frozenset(pair) for pair in pairs}) < len(pairs):
        raise broken("the same two arms are listed twice; keep one, or p-values are corrected for too many")
    return pairs


def _seeds(value: Any) -> int | tuple[int, ...] | SeedRange:
    if isinstance(value, SeedRange):
        return value
    if isinstance(value, dict):
        return _seed_range(value)
    if _is_int(value):
        if not 0 <= value <= MAX_CONFIRM_SEEDS:
            raise broken(f"must be between 0 and {MAX_CONFIRM_SEEDS} seeds, got {value}")
        return int(value)
    if not isinstance(value, (list, tuple)) or not value or not all(_is_int(seed) for seed in value):
        raise broken(
            f"must be a number of seeds, a list of whole numbers, or {{min: 5, max: 20}} for a race, got {show(value)}"
        )
    if any(not 0 <= seed <= MAX_SEED for seed in value):
        raise broken(f"seeds lie between 0 and {MAX_SEED}, got {show(value)}")
    if len(set(value)) < len(value) or len(value) > MAX_CONFIRM_SEEDS:
        raise broken(f"seeds must be distinct and at most {MAX_CONFIRM_SEEDS}, got {show(value)}")
    return tuple(value)


def _subsets(value: Any) -> str | tuple[tuple[str, ...], ...]:
    if value == "all":
        return "all"
    if not isinstance(value, (list, tuple)):
        raise broken(f"must be `all` or a list of subsets, as [language, audio+vision], got {show(value)}")
    subsets = []
    for i, entry in enumerate(value):
        parts = entry.split("+") if isinstance(entry, str) else entry
        if not (isinstance(parts, (list, tuple)) and parts and all(isinstance(part, str) for part in parts)):
            raise broken(f"entry {i + 1} must be one modality or several joined by +, got {show(entry)}")
        subset = tuple(part.strip() for part in parts)
        if len(set(subset)) < len(subset):
            raise broken(f"entry {i + 1} names a modality twice, got {show(entry)}; keep one")
        subsets.append(subset)
    return tuple(subsets)


def _keys(value: Any) -> tuple[str, ...]:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, (list, tuple)) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise broken(f"must be a key of the file, or a list with one for each name, got {show(value)}")
    return tuple(keys)


def _missing_rates(value: Any) -> tuple[float, ...]:
    is_list = isinstance(value, (list, tuple))
    if not is_list or not all(_is_int(rate) or isinstance(rate, float) for rate in value):
        raise broken(f"must be a list of rates, as [0.1, 0.3, 0.5], got {show(value)}")
    for rate in value:
        if not 0 <= rate <= MOST_MISSING:
            raise broken(f"rates lie between 0 and {MOST_MISSING} (every item keeps one modality), got {show(rate)}")
    if len(set(value)) < len(value):
        raise broken(f"names a rate twice, got {show(value)}; keep one")
    return tuple(float(rate) for rate in sorted(value))


def _modalities(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise broken(f"must be a list of modalities, as [language, audio], got {show(value)}")
    for name in names:
        if name not in MODALITIES:
            raise broken(f"unknown modality {show(name)}; {suggest(name, MODALITIES)}")
    if len(set(names)) < len(names):
        raise broken(f"names a modality twice, got {show(value)}; keep one")
    return tuple(modality for modality in MODALITIES if modality in names)


def _seed_range(value: dict[str, Any]) -> SeedRange:
    if set(value) != {"min", "max"} or not all(_is_int(bound) for bound in value.values()):
        raise broken(f"a race takes two whole numbers, {{min: 5, max: 20}}, got {show(value)}")
    least, most = value["min"], value["max"]
    if not MIN_RACED_SEEDS <= least < most <= MAX_CONFIRM_SEEDS:
        raise broken(f"a race needs {MIN_RACED_SEEDS} <= min < max <= {MAX_CONFIRM_SEEDS}, got {show(value)}")
    return SeedRange(least, most)


def _declare_seeds(value: int | tuple[int, ...] | SeedRange) -> int | list[int] | dict[str, int]:
    if isinstance(value, SeedRange):
        return value.declare()
    return value if isinstance(value, int) else list(value)


def _count_or(*words: str) -> Callable[[Any], int | str]:
    def check(value: Any) -> int | str:
        if (_is_int(value) and value >= 1) or (isinstance(value, str) and value in words):
            return value  # type: ignore[no-any-return]
        options = " or ".join(f"`{word}`" for word in words)
        raise broken(f"must be a whole number of at least 1 or {options}, got {show(value)}")

    return check


def _gpu_share(value: float) -> float:
    # Ray gives out parts of one GPU or whole GPUs, nothing between.
    if value > 1 and value != int(value):
        raise broken(f"above 1 must be a whole number of GPUs, got {value}; use {int(value)} or {int(value) + 1}")
    return value


SettingValue = Annotated[Value, PlainValidator(_setting, json_schema_input_type=Value)]
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]
Rows = Annotated[tuple[dict[str, bool], ...], BeforeValidator(_tuple)]
TestMetric = Annotated[
    str, AfterValidator(_metric_of("test", "the primary metric is a test metric, scored once per confirm trial"))
]
Objectives = Annotated[
    str | tuple[str, ...],
    PlainValidator(_objectives, json_schema_input_type=str | list[str]),
    PlainSerializer(lambda value: value if isinstance(value, str) else list(value)),
]
Duration = Annotated[
    str,
    PlainValidator(_read_by(parse_duration)),
    WithJsonSchema({"type": "string", "examples": ["90m", "2h", "1d 12h"]}),
]
Date = Annotated[
    str,
    PlainValidator(_read_by(parse_date)),
    WithJsonSchema({"type": "string", "examples": ["2026-10-01", "2026-10-01 18:00"]}),
]
Starts = Annotated[
    tuple[dict[str, Value], ...],
    PlainValidator(_starts, json_schema_input_type=list[dict[str, Value]]),
    PlainSerializer(lambda value: [dict(entry) for entry in value]),
]
Pattern = Annotated[str, AfterValidator(_pattern)]
Contrasts = Annotated[
    str | tuple[tuple[str, str], ...],
    PlainValidator(_contrasts, json_schema_input_type=Literal["auto"] | list[list[str]]),
    PlainSerializer(lambda value: value if isinstance(value, str) else [list(pair) for pair in value]),
]
Seeds = Annotated[
    int | tuple[int, ...] | SeedRange,
    PlainValidator(_seeds, json_schema_input_type=int | list[int] | dict[str, int]),
    PlainSerializer(_declare_seeds),
]
Subsets = Annotated[
    str | tuple[tuple[str, ...], ...],
    PlainValidator(_subsets, json_schema_input_type=Literal["all"] | list[str | list[str]]),
    PlainSerializer(lambda value: value if isinstance(value, str) else ["+".join(subset) for subset in value]),
]
MissingRates = Annotated[
    tuple[float, ...],
    PlainValidator(_missing_rates, json_schema_input_type=list[Annotated[float, Field(ge=0, le=MOST_MISSING)]]),
    PlainSerializer(list, return_type=list[float]),
]
Modalities = Annotated[
    tuple[str, ...],
    PlainValidator(_modalities, json_schema_input_type=list[Literal["language", "audio", "vision"]]),
    PlainSerializer(list, return_type=list[str]),
]
Keys = Annotated[
    tuple[str, ...],
    PlainValidator(_keys, json_schema_input_type=str | list[str]),
    PlainSerializer(list, return_type=list[str]),
]
_Count = Annotated[int, Field(ge=1)]
Workers = Annotated[int | str, PlainValidator(_count_or("auto"), json_schema_input_type=_Count | Literal["auto"])]
Fuse = Annotated[
    int | str, PlainValidator(_count_or("auto", "off"), json_schema_input_type=_Count | Literal["auto", "off"])
]
GpuShare = Annotated[float, Field(ge=0, le=1e6), AfterValidator(_gpu_share)]
