"""The target of a data file: what the user says, else what the file says, else one number per row."""

from __future__ import annotations

from collections.abc import Mapping

from dmd.data.samples.arrays import AnyArray
from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import KIND_KEY, LABELS_KEY, NAMES_KEY
from dmd.errors import DataError


def resolve_target(said: Mapping[str, AnyArray], declared: Target | None, problems: Problems) -> Target:
    """Kind and names of the target; its scale is not looked at.

    Args:
        said: what the file says of itself, by key.
        declared: by the user; goes before the file.
        problems: get what is wrong with what the file says.
    """
    if declared is not None:
        return declared
    if KIND_KEY not in said:
        return SENTIMENT_TARGET
    kinds = _texts(said[KIND_KEY])
    try:
        return Target(kinds[0] if len(kinds) == 1 else "", _texts(said[NAMES_KEY]) if NAMES_KEY in said else ())  # type: ignore[arg-type]
    except DataError as error:
        problems.add(f"{KIND_KEY}, {NAMES_KEY}", str(error))
        return SENTIMENT_TARGET


def say_label_keys(said: Mapping[str, AnyArray]) -> tuple[str, ...]:
    """The keys of the labels that the file names; empty: it names none."""
    return _texts(said[LABELS_KEY]) if LABELS_KEY in said else ()


def _texts(array: AnyArray) -> tuple[str, ...]:
    return tuple(item.decode("latin1") if isinstance(item, bytes) else str(item) for item in array.reshape(-1).tolist())
