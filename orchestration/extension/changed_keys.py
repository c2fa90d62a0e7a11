"""In which keys two resolved search spaces differ, and which of these decide what a trial means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from reports.records.extension import PlanChange
from search_spaces.schema.schema import Data, SearchSpace

_FREE_SECTIONS = ("description", "plugins", "resources", "tracking")
"""How trials run and how they are described. What of it decides numbers (the code of plugins, workers of a trial) is
among the deciding facts of the manifest."""
_FREE_KEYS = ("confirm.details", "confirm.keep", "arms.external")
"""What is kept of trials, and predictions of other code, whose content is among the deciding facts."""

MEANING = ("study", "seed", "primary", *(f"data.{name}" for name in Data.model_fields if name != "path"))
"""Without these no trial of the study means what it meant. Where the data file lies decides nothing, what is in it is
among the deciding facts."""
SEARCH_MEANING = ("search.searcher", "search.scheduler", "search.objective")
"""The same for search trials: how they were proposed, stopped and compared."""


def find_changes(known: Mapping[str, Any], space: Mapping[str, Any]) -> tuple[PlanChange, ...]:
    """The keys in which two resolved spaces differ, in the order of their names.

    Args:
        known: of the study so far, as its manifest has it; what an earlier version wrote is read as this one does.
        space: as it is now.
    """
    before, after = _flatten(_as_this_version(known)), _flatten(space)
    return tuple(
        PlanChange(key, _text(before.get(key)), _text(after.get(key)))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key) and not is_free(key)
    )


def is_free(key: str) -> bool:
    """Whether a key may change at any time and asks for no other trial.

    Limits only say when a study ends; ``stagnation`` alone ends a search, and so decides which trials there are.
    """
    if key.partition(".")[0] in _FREE_SECTIONS or key in _FREE_KEYS:
        return True
    return key.startswith("limits.") and key != "limits.stagnation"


def is_in(key: str, sections: Sequence[str]) -> bool:
    """Whether a key is one of these, or lies below one."""
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def describe_change(change: PlanChange) -> str:
    """``seed was 0, is 7``."""
    return f"{change.key} was {change.before or 'absent'}, is {change.after or 'absent'}"


def _as_this_version(space: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return SearchSpace.model_validate_json(json.dumps(space)).resolved()
    except ValidationError:
        return space


def _flatten(space: Mapping[str, Any]) -> dict[str, Any]:
    """Two levels deep, ``search.parameters`` three."""
    flat: dict[str, Any] = {}
    for section, content in space.items():
        if not isinstance(content, Mapping):
            flat[section] = content
            continue
        for key, value in content.items():
            if (section, key) == ("search", "parameters") and isinstance(value, Mapping):
                flat |= {f"search.parameters.{name}": entry for name, entry in value.items()}
            else:
                flat[f"{section}.{key}"] = value
    return flat


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
